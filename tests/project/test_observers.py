"""docs/observing.md: OpenTelemetry, Sentry and prometheus_client round a shop, as written."""

import json
import re
import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import CASES, ROOT, call

GUIDE = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
TRACING, SENTRY = re.findall(r"^```py\n(.*?)^```", GUIDE, re.M | re.S)
(COUNTING,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.M | re.S)
ITEM = f"{CASES}/{{id_or_number}}"
SECRET = "xylophone"  # what a merchant writes, searches for, and has in a variable

SHOP = """
import json, sys

def shop(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"The shop"]
"""
ASK = f"""
from falcon.testing import TestClient

key, _ = support.keys.create("acme")
client = TestClient(application, headers={{"Authorization": f"Bearer {{key}}", "X-Request-Id": "mine"}})
cases = "/support{CASES}"
statuses = [
    client.simulate_get("/basket/7").status_code,
    client.simulate_post(cases, json={{"body": "My {SECRET} is out of tune."}}).status_code,
    client.simulate_get(f"{{cases}}/1").status_code,
    client.simulate_get(f"{{cases}}/2?query={SECRET}").status_code,
    client.simulate_get(cases, headers={{"Authorization": "Bearer nobody"}}).status_code,
    client.simulate_get("/support/nowhere/42").status_code,
]
"""


def printed_by(*parts, folder):
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(parts)], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_opentelemetry_round_a_shop_names_routes_and_not_paths(tmp_path):
    before = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans = InMemorySpanExporter()
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(spans))
"""
    after = """
told = ("http.route", "supportcases.store", "supportcases.request_id")
names = [[span.name, *(span.attributes.get(name) for name in told)] for span in spans.get_finished_spans()]
print(json.dumps([statuses, names]))
"""
    statuses, names = printed_by(SHOP, before, TRACING, ASK, after, folder=tmp_path)
    assert statuses == [200, 201, 200, 404, 401, 404]
    assert names[1:4] == [
        [f"POST {CASES}", CASES, "acme", "mine"],
        [f"GET {ITEM}", ITEM, "acme", "mine"],
        [f"GET {ITEM}", ITEM, "acme", "mine"],
    ]
    assert [name[1:] for name in (names[0], *names[4:])] == [[None] * 3, [None, None, "mine"], [None, None, "mine"]]
    assert len(names) == 6


def test_sentry_names_routes_and_gets_no_words(tmp_path):
    pytest.importorskip("sentry_sdk", reason="pip install -e '.[test]'")
    transport = """
from sentry_sdk.transport import Transport

kept = []

class Keeps(Transport):
    def capture_envelope(self, envelope):
        kept.extend((item.type, item.payload.json) for item in envelope.items)
"""
    fail = f"""
def fail(*words, **more):
    word = "{SECRET}"
    raise LookupError("It is out of order.")

support.desk.__class__.written_thread = fail
"""
    after = """
sentry_sdk.flush()
print(json.dumps([statuses, key, kept], default=str))
"""
    recipe = SENTRY.replace("    dsn=", "    transport=Keeps, traces_sample_rate=1.0, dsn=")
    statuses, key, kept = printed_by(SHOP, transport, recipe, fail, ASK, after, folder=tmp_path)
    assert statuses == [200, 201, 500, 500, 401, 404]
    events = [event for kind, event in kept if kind == "event"]
    assert [(event["transaction"], event["logentry"]["formatted"]) for event in events] == [
        (ITEM, "mine: unexpected error"),
        (ITEM, "mine: unexpected error"),
    ]
    assert events[0]["exception"]["values"][-1]["value"] == "It is out of order."
    transactions = [event["transaction"] for kind, event in kept if kind == "transaction"]
    assert transactions == [CASES, ITEM, ITEM, None, None]
    assert SECRET not in json.dumps(kept)
    assert key not in json.dumps(kept)


def test_prometheus_of_the_shop_counts_by_route(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(COUNTING, "observing.md", "exec"), names)
    application, key = names["application"], names["support"].keys.create("acme")[0]
    for path in (f"{CASES}/1", f"{CASES}/2", "/nowhere/42"):
        call(application, "GET", f"/support{path}", HTTP_AUTHORIZATION=f"Bearer {key}")
    assert call(application, "GET", "/basket/7").body == b"The shop"
    text = call(application, "GET", "/metrics").body.decode()
    (family,) = [family for family in text_string_to_metric_families(text) if family.type == "histogram"]
    counts = {
        tuple(sample.labels.values()): sample.value for sample in family.samples if sample.name.endswith("_count")
    }
    assert counts == {("GET", ITEM, "404"): 2, ("GET", "none", "404"): 1}
    assert f"{family.name}_count" in GUIDE
