"""docs/observing.md: what asks whether a process is ready, with the blocks as written."""

import re
import subprocess

import pytest
import requests
import yaml

from supportcases import create_app
from supportcases.server import served
from tests.conftest import ROOT, call
from tests.deploy.machine import started, until
from tests.support.ports import free_port
from tests.support.tools import needs

GUIDE = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.M | re.S)
    return found


@pytest.fixture
def app(path):
    app = create_app(path)
    yield app
    app.desk.repository.close()


@pytest.fixture
def aside(path):
    """Where the file is put, so that nothing can be written."""
    return path.with_suffix(".aside")


def test_haproxy_asks_no_process_that_is_not_ready(app, path, aside, tmp_path):
    program = needs("haproxy", package="haproxy")
    port, nobody = free_port(), free_port()
    with served(app) as url:
        text = block("haproxy").replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace("inter 2s", "inter 100ms")
        text = text.replace("127.0.0.1:8000", url.removeprefix("http://")).replace(
            "127.0.0.1:8001", f"127.0.0.1:{nobody}"
        )
        (tmp_path / "haproxy.cfg").write_text(text)
        with started(program, "-f", tmp_path / "haproxy.cfg", log=tmp_path / "haproxy.log"):

            def answers() -> int | None:
                try:
                    return requests.get(f"http://127.0.0.1:{port}/openapi.json", timeout=5).status_code
                except requests.ConnectionError:
                    return None

            until(lambda: answers() == 200)
            app.desk.repository.close()
            path.rename(aside)
            until(lambda: answers() == 503)
            aside.rename(path)
            until(lambda: answers() == 200)


def test_systemd_waits_until_it_is_ready(app, path, aside):
    needs("curl", package="curl")
    command = block("ini").removeprefix("ExecStartPost=/usr/bin/").strip()
    with served(app) as url:
        command = command.replace("http://127.0.0.1:8000", url).replace("--retry 30", "--retry 1")
        assert subprocess.run(command.split(), capture_output=True, text=True).stdout == '{"status":"ready"}'
        path.rename(aside)
        until(lambda: call(app, "GET", "/readyz").status == 503)
        assert subprocess.run(command.split(), capture_output=True, text=True).returncode == 22


def test_the_probes_of_kubernetes_ask_what_is_there_and_wait_long_enough(app):
    probes = yaml.safe_load(block("yaml"))
    assert sorted(probes) == ["livenessProbe", "readinessProbe", "startupProbe"]
    for probe in probes.values():
        if asked := probe.get("httpGet"):
            assert call(app, "GET", asked["path"]).status == 200
            assert probe["timeoutSeconds"] > 5
