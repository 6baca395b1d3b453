"""PEP 3333 to the letter: every route and every error through `wsgiref.validate`, alone and mounted."""

import io
import json
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from supportcases import mount
from tests.conftest import ACME, CASES, SUPPORT

BODY = "The checkout shows a blank page."
QUEUE = f"{SUPPORT}/cases"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
PATHS = [
    "/",
    "/none",
    "/healthz",
    "/openapi.json",
    CASES,
    f"{CASES}/1",
    f"{CASES}/99",
    f"{CASES}/1/messages",
    QUEUE,
    f"{QUEUE}/acme:1",
    f"{QUEUE}/acme:99",
    f"{QUEUE}/acme:1/messages",
    f"{QUEUE}/acme:1/history",
    f"{SUPPORT}/stats",
    f"{SUPPORT}/stores",
    "/api/v1/none",
]


@pytest.fixture(params=["alone", "mounted", "mounted at its routes"])
def valid(request, app):
    """Ask the app, which is watched from outside, and from inside what it is mounted in; return the status."""
    key, _ = app.keys.create("acme")
    support, _ = app.keys.create_support(label="Ada")
    app.desk.open(ACME, body=BODY)
    prefix = "/support" if request.param == "mounted" else ""
    site = validator(app)
    if request.param == "mounted":
        site = validator(mount(shop, site, at="/support"))
    elif request.param == "mounted at its routes":
        site = validator(mount(site, site, at="/api/v1/support-cases", strip=False))

    def ask(method, path, body=b"", *, asker="merchant", **environ):
        env = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": prefix + path,
            "QUERY_STRING": "",
            "wsgi.input": io.BytesIO(body),
            "HTTP_AUTHORIZATION": f"Bearer {key if asker == 'merchant' else support}",
            **({"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))} if body else {}),
            **environ,
        }
        setup_testing_defaults(env)
        statuses = []
        answer = site(env, lambda status, headers, exc_info=None: statuses.append(status))
        try:
            assert b"".join(answer) or method in {"HEAD", "OPTIONS"}
        finally:
            answer.close()
        return int(statuses[-1][:3])

    return ask


def shop(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"The shop"]


@pytest.mark.parametrize("asker", ["merchant", "support"])
def test_every_route_and_method(valid, asker):
    statuses = {valid(method, path, asker=asker) for method in METHODS for path in PATHS}
    assert statuses == {200, 400, 404, 405} | ({403} if asker == "support" else set())


def test_every_write(valid):
    new = json.dumps({"body": BODY}).encode()
    opened = json.dumps({"body": BODY, "store": "acme"}).encode()
    assert valid("POST", CASES, new, HTTP_IDEMPOTENCY_KEY="one") == 201
    assert valid("POST", CASES, new, HTTP_IDEMPOTENCY_KEY="one") == 201
    assert valid("PATCH", f"{CASES}/1", b'{"status": "closed"}') == 200
    assert valid("POST", f"{CASES}/1/messages", new) == 201
    assert valid("POST", QUEUE, opened, asker="support") == 201
    assert valid("PATCH", f"{QUEUE}/acme:1", b'{"assignee": "me"}', asker="support") == 200
    assert valid("POST", f"{QUEUE}/acme:1/messages", new, asker="support") == 201


@pytest.mark.parametrize(
    ("status", "method", "path", "body", "environ"),
    [
        (400, "POST", CASES, b"{", {}),
        (400, "POST", CASES, b"[]", {}),
        (400, "POST", CASES, b'{"body": 1}', {}),
        (400, "POST", CASES, b'{"body": "shorter"}', {"CONTENT_LENGTH": "500"}),
        (400, "GET", CASES, b"", {"QUERY_STRING": "limit=0"}),
        (400, "GET", CASES, b"", {"QUERY_STRING": "query=%FF"}),
        (401, "GET", CASES, b"", {"HTTP_AUTHORIZATION": ""}),
        (401, "GET", CASES, b"", {"HTTP_AUTHORIZATION": "Bearer \xe9"}),
        (404, "GET", f"{CASES}/\xff", b"", {}),
        (404, "GET", f"{CASES}/caf\xc3\xa9", b"", {}),
        (413, "POST", CASES, b"x" * 1_048_577, {}),
        (415, "POST", CASES, b"{}", {"CONTENT_TYPE": "text/plain"}),
    ],
)
def test_every_error(valid, status, method, path, body, environ):
    assert valid(method, path, body, **environ) == status


def test_what_nobody_foresaw(valid, app, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(type(app.desk), "written_list", fail)
    assert valid("GET", CASES) == 500
