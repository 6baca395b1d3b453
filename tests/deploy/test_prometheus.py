"""docs/observing.md: what Prometheus reads of `/metrics`, and the alerts, by Prometheus's own tool and as written."""

import re
import subprocess

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from supportcases import create_app
from tests.conftest import ACME, ROOT, call
from tests.support.tools import needs

GUIDE = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
SCRAPE, ALERTS, OF_THE_SHOP = re.findall(r"^```yml\n(.*?)^```", GUIDE, re.M | re.S)
TOKEN = "a-token"
RULES = yaml.safe_load(ALERTS)["groups"][0]["rules"]


@pytest.fixture(scope="module")
def text():
    """What Prometheus reads of a desk with a case."""
    app = create_app(":memory:", metrics_token=TOKEN)
    app.desk.open(ACME, body="The checkout shows a blank page.")
    return call(app, "GET", "/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").body.decode()


def promtool(*arguments: object, **how) -> None:
    done = subprocess.run(
        [needs("promtool", package="prometheus"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=30,
        **how,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_prometheus_s_own_tool_finds_no_fault_with_the_text(text):
    promtool("check", "metrics", input=text)


def test_prometheus_s_own_tool_takes_the_scrape_and_the_rules(tmp_path):
    (tmp_path / "supportcases.token").write_text(TOKEN)
    (tmp_path / "rules.yml").write_text(ALERTS)
    (tmp_path / "shop.yml").write_text(OF_THE_SHOP)
    scrape = SCRAPE.replace("/etc/prometheus", str(tmp_path))
    (tmp_path / "prometheus.yml").write_text(f"rule_files: [rules.yml, shop.yml]\n{scrape}")
    promtool("check", "config", tmp_path / "prometheus.yml")


def test_each_alert_asks_for_samples_that_are_there(text):
    there = {"up"}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            there |= {sample.name, *(f'{sample.name}{{{name}="{value}"}}' for name, value in sample.labels.items())}
    asked = [name for rule in RULES for name in re.findall(r"supportcases_\w+(?:\{[^}]*\})?", rule["expr"])]
    assert len(asked) >= len(RULES)
    assert set(asked) <= there


def test_each_alert_says_what_to_do_and_each_metric_what_it_is(text):
    for rule in RULES:
        assert re.search(rf"^\| .*`{rule['alert']}`", GUIDE, re.M), rule["alert"]
    for family in text_string_to_metric_families(text):
        assert re.search(rf"^\| `{family.name}[`{{]", GUIDE, re.M), family.name


def test_the_scrape_sends_the_token_as_the_desk_wants_it():
    (job,) = yaml.safe_load(SCRAPE)["scrape_configs"]
    assert job["authorization"].get("type", "Bearer") == "Bearer"
    assert job.get("metrics_path", "/metrics") == "/metrics"
