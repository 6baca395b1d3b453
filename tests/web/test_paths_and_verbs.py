"""Which paths there are and what they take: HEAD beside GET, OPTIONS, 405 with Allow, and a 404 for the rest."""

import re

import pytest
from falcon.inspect import inspect_app

from tests.conftest import CASES, SUPPORT, call
from tests.support.answers import checked

QUEUE = f"{SUPPORT}/cases"
READ = {"GET", "HEAD"}
ROUTES = {
    CASES: {*READ, "POST"},
    f"{CASES}/1": {*READ, "PATCH"},
    f"{CASES}/1/messages": {"POST"},
    f"{CASES}/attachments": {"POST"},
    f"{CASES}/attachments/acme:1": {*READ, "PUT"},
    f"{CASES}/events": READ,
    **{
        f"{side}/webhooks{more}": methods
        for side in (CASES, SUPPORT)
        for more, methods in {
            "": {*READ, "POST"},
            "/acme:1": {*READ, "PATCH", "DELETE"},
            "/acme:1/test": {"POST"},
            "/acme:1/rotate": {"POST"},
            "/acme:1/deliveries": READ,
            "/acme:1/deliveries/1/redeliver": {"POST"},
        }.items()
    },
    QUEUE: {*READ, "POST", "PATCH"},
    f"{QUEUE}/acme:1": {*READ, "PATCH"},
    f"{QUEUE}/acme:1/messages": {"POST"},
    f"{QUEUE}/acme:1/history": READ,
    f"{QUEUE}/acme:1/redactions": {"POST"},
    f"{QUEUE}/acme:1/hold": {"PUT", "DELETE"},
    f"{SUPPORT}/stores/acme/hold": {"PUT", "DELETE"},
    f"{SUPPORT}/holds": READ,
    f"{SUPPORT}/attachments": {"POST"},
    f"{SUPPORT}/attachments/acme:1": {*READ, "PUT"},
    f"{SUPPORT}/events": READ,
    f"{SUPPORT}/stats": READ,
    f"{SUPPORT}/views": READ,
    f"{SUPPORT}/idle": {*READ, "POST"},
    f"{SUPPORT}/stores": READ,
    f"{SUPPORT}/texts": {*READ, "POST"},
    f"{SUPPORT}/texts/acme:1": {*READ, "PATCH", "DELETE"},
    f"{SUPPORT}/assignees": READ,
    f"{SUPPORT}/keys": {*READ, "POST"},
    f"{SUPPORT}/keys/acme:1": {*READ, "DELETE"},
    "/healthz": READ,
    "/readyz": READ,
    "/openapi.json": READ,
}
VERBS = {"GET", "POST", "PATCH", "PUT", "DELETE", "TRACE", "CONNECT", "PROPFIND", "REPORT"}
READABLE = [
    path
    for path, methods in ROUTES.items()
    if "GET" in methods and not any(part in path for part in ("/texts/", "/keys", "/attachments", "/webhooks/"))
]
BODY = b'{"body": "meant as a reply", "status": "closed", "store": "acme"}'


def allowed(answer):
    return set(answer.headers["allow"].split(", ")) - {"OPTIONS"}


def test_every_route_is_tried_here(app):
    templates = [route.path for route in inspect_app(app).routes]
    values = {"{id_or_number}": "1", "{id}": "acme:1", "{delivery}": "1", "{store}": "acme"}
    assert {re.sub("{[a-z_]+}", lambda name: values[name[0]], path) for path in templates} == ROUTES.keys()


@pytest.mark.parametrize("path", ROUTES)
def test_a_verb_that_a_path_does_not_take_is_405_with_allow(send, path):
    for method in VERBS - ROUTES[path]:
        answer = send(method, path)
        body = checked(answer, 405, "method_not_allowed")
        assert allowed(answer) == ROUTES[path]
        assert body["error"] == f"This path takes only {answer.headers['allow']}."


@pytest.mark.parametrize("path", [*ROUTES, f"{CASES}/999"])
def test_options_answers_allow(send, path):
    answer = send("OPTIONS", path)
    assert (answer.status, answer.body) == (200, b"")
    assert allowed(answer) == ROUTES[path.replace("999", "1")]


@pytest.mark.parametrize("path", READABLE)
def test_head_answers_as_get_without_the_body(send, path):
    head, get = (send(method, path, HTTP_X_REQUEST_ID="same") for method in ("HEAD", "GET"))
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")
    assert get.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", READABLE)
def test_a_body_on_a_get_is_never_parsed(send, path):
    for body, media_type, length in [
        (b"", "application/json", None),
        (b"", "text/plain", ""),
        (b"", "application/json", "0"),
        (b"{not json", "application/json", "9"),
        (b"", "application/json", "99999999999999999999"),
    ]:
        assert send("GET", path, body, CONTENT_TYPE=media_type, CONTENT_LENGTH=length).status == 200


@pytest.mark.parametrize("path", ["", "/", "/none", "/api", "/api/v2/support-cases", "/api/v1support", "/favicon.ico"])
def test_an_unknown_path_outside_the_prefix_is_404_for_anybody(app, path):
    for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        body = checked(call(app, method, path), 404, "not_found")
        assert body["error"] == "There is nothing at this path."
        assert "details" not in body


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v1", "/api/v1/", "/api/v1/none", f"{CASES}/1/none", SUPPORT, f"{QUEUE}/acme:1/notes"),
        *(f"{CASES}{more}" for more in ("/", "//", "//messages", "/1/", "/1/messages/", "/1//messages", "//1", "/1//")),
        *(f"{QUEUE}{more}" for more in ("/", "//messages", "//history", "/acme:1/")),
        *(f"{SUPPORT}{more}" for more in ("/", "/stats/", "/stores/", "/stores/acme", "/support-cases", "//cases")),
        f"{SUPPORT}/CASES",
    ],
)
def test_any_other_path_is_404_for_every_verb_and_nothing_happens(app, send, path):
    """The official client does not encode "#1", so that a reply to it is a POST to /support-cases/."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert checked(send(method, path, BODY), 404, "not_found")["error"] == "There is nothing at this path."
    assert send("HEAD", path).status == 404
    assert send("GET", CASES).json["meta"]["count"] == 1
    assert send("GET", f"{QUEUE}/acme:1").headers["etag"] == '"1"'
