"""OpenTelemetry's instrumentation of Falcon, which puts a class of its own in place of `falcon.App`."""

import json
import subprocess
import sys

import pytest

from tests.conftest import CASES, ROOT

pytest.importorskip("opentelemetry.instrumentation.falcon", reason="pip install -e '.[test]'")

PROGRAM = """
import json

from falcon.testing import TestClient  # first: it would fail too
from opentelemetry import trace
from opentelemetry.instrumentation.falcon import FalconInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans = InMemorySpanExporter()
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(spans))
FalconInstrumentor().instrument()

from supportcases import create_app

app = create_app(":memory:", rate_limit="5/day")
key, _ = app.keys.create("acme")
client = TestClient(app, headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
cases = "/api/v1/support-cases"
answers = [
    client.simulate_get("/healthz"),
    client.simulate_post(cases, json={"body": "The checkout shows a blank page."}),
    client.simulate_get(f"{cases}/1"),
    client.simulate_get(f"{cases}/2"),
    client.simulate_delete(cases),
    client.simulate_post(cases, json={}),
    client.simulate_get(cases),
    client.simulate_get(cases, headers={"Authorization": "Bearer nobody"}),
    client.simulate_get("/nowhere"),
]
traced = [(span.name, span.attributes["http.status_code"]) for span in spans.get_finished_spans()]
print(json.dumps([[answer.status_code for answer in answers], traced]))
"""


def test_opentelemetry_traces_every_answer_and_changes_none():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.stderr == ""
    statuses, traced = json.loads(done.stdout)
    assert statuses == [200, 201, 200, 404, 405, 400, 429, 401, 404]
    assert [status for _, status in traced[:3]] == [200, 201, 200]
    assert [name for name, _ in traced[:3]] == ["GET /healthz", f"POST {CASES}", f"GET {CASES}/{{id_or_number}}"]
    assert len(traced) == 9  # of errors it tells what it makes of the exceptions
