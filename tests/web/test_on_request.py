"""What is told of each request: to `on_request`, and to middleware around the app by the environment."""

import logging

import pytest

from supportcases import Actor, HandledRequest, create_app, mount
from tests.conftest import ACME, ADA, CASES, SUPPORT, call

BODY = b'{"body": "The checkout shows a blank page."}'
GIVEN = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(BODY)), "HTTP_X_REQUEST_ID": "mine"}
ITEM = f"{CASES}/{{id_or_number}}"
NAMES = ("supportcases.route", "supportcases.store", "supportcases.request_id")
ASKERS = {"mara": ACME, "ada": ADA, "eve": Actor.support("Eve", ["acme", "globex"])}


def who(req):
    return ASKERS.get(req.get_header("X-Who"))


@pytest.fixture
def told():
    """What was told, oldest first."""
    return []


@pytest.fixture
def ours(told):
    """An app with a case of acme's and the console, which tells."""
    pytest.importorskip("jinja2")
    app = create_app(":memory:", authenticate=who, on_request=told.append, console=True)
    app.desk.open(ACME, body="The checkout shows a blank page.")
    return app


def around(app, seen):
    """Return middleware that notes what the environment has at the moment when the answer begins."""

    def application(environ, start_response):
        def start(status, headers, *error):
            seen.append([status[:3], *(environ.get(name, "missing") for name in NAMES)])
            return start_response(status, headers, *error)

        return app(environ, start)

    return application


REQUESTS = [
    ("GET", CASES, "mara", 200, CASES, "acme"),
    ("GET", f"{CASES}/1", "mara", 200, ITEM, "acme"),
    ("HEAD", f"{CASES}/1", "mara", 200, ITEM, "acme"),
    ("OPTIONS", CASES, "mara", 200, CASES, "acme"),
    ("POST", CASES, "mara", 201, CASES, "acme"),
    ("GET", f"{CASES}/99", "mara", 404, ITEM, "acme"),
    ("PUT", CASES, "mara", 405, CASES, "acme"),
    ("GET", f"{SUPPORT}/cases", "mara", 404, f"{SUPPORT}/cases", "acme"),
    ("GET", f"{SUPPORT}/cases", "ada", 200, f"{SUPPORT}/cases", None),
    ("GET", f"{SUPPORT}/cases", "eve", 200, f"{SUPPORT}/cases", None),
    ("GET", CASES, "nobody", 401, None, None),
    ("GET", "/nowhere/of/acme", "nobody", 404, None, None),
    ("GET", "/healthz", "nobody", 200, "/healthz", None),
    ("GET", "/console/cases/acme/1", "ada", 200, "/console/cases/{store}/{number}", None),
    ("GET", "/console/nowhere", "ada", 404, None, None),
    ("WEBSOCKET", CASES, "mara", 400, None, None),
    ("FOO", CASES, "mara", 400, CASES, "acme"),
]


@pytest.mark.parametrize(("method", "path", "asker", "status", "route", "store"), REQUESTS)
def test_each_request_is_told_of_once_whatever_its_answer(ours, told, method, path, asker, status, route, store):
    seen = []
    body = BODY if method == "POST" else b""
    given = GIVEN if body else {"HTTP_X_REQUEST_ID": "mine"}
    answer = call(around(ours, seen), method, path, body, HTTP_X_WHO=asker, **given)
    assert answer.status == status
    (request,) = told
    named = "-" if method in ("FOO", "WEBSOCKET") else method
    assert request == HandledRequest(named, route, status, request.seconds, store, "mine")
    assert 0 < request.seconds < 5
    assert seen == [[str(status), route, store, "mine"]]


def test_a_mounted_app_tells_middleware_around_the_mount_too(ours):
    seen = []
    shop = mount(mount(call_nobody, ours, at="/desk"), call_nobody, at="/other")
    whole = around(mount(call_nobody, shop, at="/shop"), seen)
    answer = call(whole, "GET", f"/shop/desk{CASES}/1", HTTP_X_WHO="mara", HTTP_X_REQUEST_ID="mine")
    assert answer.status == 200
    assert seen == [["200", ITEM, "acme", "mine"]]


def test_a_part_that_is_mounted_as_it_came_tells_too(ours):
    seen = []
    whole = around(mount(call_nobody, ours, at=CASES, strip=False), seen)
    assert call(whole, "GET", CASES, HTTP_X_WHO="mara", HTTP_X_REQUEST_ID="mine").status == 200
    assert seen == [["200", CASES, "acme", "mine"]]


def test_a_mount_keeps_the_path_of_the_host_as_it_was(ours):
    environs = []

    def application(environ, start_response):
        environs.append(environ)
        return mount(call_nobody, ours, at="/desk")(environ, start_response)

    call(application, "GET", f"/desk{CASES}", HTTP_X_WHO="mara")
    assert (environs[0]["SCRIPT_NAME"], environs[0]["PATH_INFO"]) == ("", f"/desk{CASES}")
    assert {name for name in environs[0] if name.startswith("supportcases.")} == set(NAMES)


def call_nobody(environ, start_response):
    raise AssertionError("the host itself")


def test_what_falcon_cannot_even_read_is_told_of(ours, told):
    seen = []
    answer = call(around(ours, seen), "GET", CASES, QUERY_STRING="\udc80", HTTP_X_REQUEST_ID="mine")
    assert answer.status == 400
    assert [request[:3] for request in told] == [("GET", None, 400)]
    assert (told[0].store, told[0].request_id, seen) == (None, "mine", [["400", None, None, "mine"]])


def test_a_fault_of_ours_is_told_of(ours, told, monkeypatch):
    monkeypatch.setattr(type(ours.desk), "written_list", lambda *_, **__: 1 / 0)
    answer = call(ours, "GET", CASES, HTTP_X_WHO="mara")
    assert [request[1:3] for request in told] == [(CASES, 500)]
    assert told[0].request_id == answer.headers["x-request-id"]


def test_what_on_request_raises_is_logged_and_changes_nothing(caplog):
    def fail(request):
        raise LookupError("who is this?")

    app = create_app(":memory:", on_request=fail)
    answer = call(app, "GET", "/healthz", HTTP_X_REQUEST_ID="mine")
    assert (answer.status, answer.json) == (200, {"status": "ok", "database": "ok"})
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert (record.name, record.getMessage()) == ("supportcases.web", "mine: on_request failed")
    assert "LookupError: who is this?" in record.exc_text


def test_on_request_has_its_own_time(told):
    """It is called with no connection and no time budget of the request's."""
    app = create_app(":memory:", authenticate=who, on_request=lambda _: told.append(len(app.desk.list(ACME).cases)))
    assert call(app, "POST", CASES, BODY, HTTP_X_WHO="mara", **GIVEN).status == 201
    assert call(app, "GET", CASES, HTTP_X_WHO="mara").status == 200
    assert told == [1, 1]


def test_the_merchants_pages_name_their_routes():
    pytest.importorskip("jinja2")
    from supportcases.console import create_merchant_pages

    seen = []
    desk = create_app(":memory:").desk
    desk.open(ACME, body="The checkout shows a blank page.")
    pages = create_merchant_pages(desk, lambda req: ACME, lambda req, title, html: html)
    assert call(around(pages, seen), "GET", "/1", HTTP_X_REQUEST_ID="mine").status == 200
    assert seen == [["200", "/{number}", "acme", "mine"]]
