"""A header or a parameter that is there and empty is not one that is missing."""

import http.client

import pytest

from supportcases import create_app
from tests.conftest import ACME, ADA, CASES, SUPPORT, call, serving
from tests.support.answers import checked
from tests.support.desks import problems

BODY = b'{"body": "The checkout shows a blank page."}'
GIVEN = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(BODY))}


def app_of(actor):
    app = create_app(":memory:", authenticate=lambda req: actor)
    app.desk.open(ACME, body="The checkout shows a blank page.")
    return app


@pytest.mark.parametrize("name", ["status", "severity"])
def test_from_python_an_empty_filter_is_refused_too(desk, name):
    assert list(problems(desk.list, ACME, **{name: ""})) == [name]
    assert list(problems(desk.queue, ADA, **{name: ""})) == [name]
    assert list(problems(desk.queue, ADA, category="")) == ["category"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("HTTP_IDEMPOTENCY_KEY", 400, "validation_failed"),
        ("CONTENT_TYPE", 415, "unsupported_media_type"),
        ("CONTENT_LENGTH", 400, "bad_request"),  # in WSGI an empty one is a missing one: a body of nothing
    ],
)
def test_an_empty_header_of_a_post_is_refused_and_opens_nothing(name, status, code):
    app = app_of(ACME)
    checked(call(app, "POST", CASES, BODY, **GIVEN | {name: ""}), status, code)
    assert app.desk.list(ACME).count == 1


def test_an_empty_authorization_is_nobody_and_an_empty_request_id_is_made_anew():
    checked(call(create_app(":memory:"), "GET", CASES, HTTP_AUTHORIZATION=""), 401, "unauthorized")
    answer = call(app_of(ACME), "GET", CASES, HTTP_X_REQUEST_ID="")
    assert len(answer.headers["x-request-id"]) == 32


def test_over_http_an_empty_guard_holds(tmp_path):
    app = create_app(tmp_path / "cases.db")
    app.desk.open(ACME, body="The checkout shows a blank page.")
    key, _ = app.keys.create_support(label="Ada")
    with serving(tmp_path / "cases.db") as server:
        for method, path, sent in (
            ("PATCH", f"{SUPPORT}/cases/acme:1", b'{"severity": "low"}'),
            ("POST", f"{SUPPORT}/cases/acme:1/messages", b'{"body": "hello"}'),
        ):
            client = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
            head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "If-Match": ""}
            client.request(method, path, sent, head)
            assert client.getresponse().status == 412
            client.close()
    assert app.desk.revision(ADA, "acme:1") == 1
