"""The page about webhooks is true: what it shows is delivered, and its receivers verify that and nothing else."""

import io
import json
import re
import subprocess
from http.client import HTTPConnection

import pytest

from supportcases.domain.webhooks import Reach
from supportcases.testing import support_desk
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.worker import Worker
from tests.conftest import ACME, ADA, ROOT
from tests.support.endpoints import Endpoint
from tests.support.official_client import SDK, fetch_packages

PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
LINK = "/support-cases/0191abc0-0000-7000-8000-000000000002"


def block(language):
    """Return the first block of the page in that language."""
    return re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[1]


@pytest.fixture
def delivered():
    """Return what the webhook of the page is told, and its secret."""
    with Endpoint() as endpoint, support_desk(allow_http_loopback=True) as kit:
        desk = kit.desk
        secret = desk.add_webhook(ACME, url=endpoint.url, types=["support_case.answered"]).secret
        desk.open(ACME, body="The checkout shows a blank page since this morning.", author="Mara")
        desk.answer(ADA, "acme:1", body="We are on it.")
        Worker(desk.repository, Sender(Reach(http_loopback=True))).deliver_due()  # now, or no verifier takes it
        (told,) = endpoint.told
    return told, secret


def test_what_it_shows_is_what_arrives(delivered):
    told, _ = delivered
    assert json.loads(block("json")) == told.json
    assert told.json["data"]["link"] == LINK


def in_python(secret, requests, monkeypatch, capsys):
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    names = {}
    exec(compile(block("python"), "webhooks.md", "exec"), names)
    statuses = []
    for headers, body in requests:
        environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        names["receiver"](environ, lambda status, _: statuses.append(int(status[:3])))
    return statuses, capsys.readouterr().out


def in_javascript(secret, requests, monkeypatch, capsys):
    fetch_packages()
    script = block("js")
    listens = ".listen(process.env.PORT)"
    assert listens in script
    script = script.replace(listens, ".listen(0, '127.0.0.1', function () { console.log(this.address().port); })")
    statuses = []
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    command = ["node", "--input-type=module", "--eval", script]
    with subprocess.Popen(command, cwd=SDK, stdout=subprocess.PIPE, text=True) as node:
        try:
            port = int(node.stdout.readline())
            for headers, body in requests:
                connection = HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("POST", "/hooks", body, headers)
                statuses.append(connection.getresponse().status)
                connection.close()
        finally:
            node.terminate()
        return statuses, node.stdout.read()


@pytest.mark.parametrize("receive", [in_python, in_javascript])
def test_its_receivers_take_what_is_signed_and_refuse_the_rest(delivered, receive, monkeypatch, capsys):
    told, secret = delivered
    signed = {name: value for name, value in told.headers.items() if name.startswith("webhook-")}
    forged = {**signed, "webhook-signature": "v1,x"}
    requests = [(signed, told.body), (signed, told.body + b" "), (forged, told.body), ({}, told.body)]
    statuses, printed = receive(secret, requests, monkeypatch, capsys)
    assert statuses == [204, 401, 401, 401]
    assert printed == f"support_case.answered {LINK}\n"
