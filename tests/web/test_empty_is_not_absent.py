"""A header or a parameter that is there and empty is not one that is missing."""

import http.client

import pytest

from supportcases import create_app
from tests.conftest import ACME, ADA, CASES, SUPPORT, call, serving
from tests.support.answers import checked
from tests.support.desks import problems

BODY = b'{"body": "The checkout shows a blank page."}'
GIVEN = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(BODY))}
LISTS = {
    CASES: (ACME, ["limit", "offset", "status", "severity"]),
    f"{SUPPORT}/cases": (
        ADA,
        [
            *("limit", "offset", "cursor", "sort", "store", "status", "severity", "category", "assignee"),
            *("createdAfter", "createdBefore", "activeAfter", "activeBefore"),
        ],
    ),
    f"{SUPPORT}/cases/acme:1/history": (ADA, ["limit", "offset"]),
    f"{SUPPORT}/stores": (ADA, ["limit", "offset"]),
    f"{SUPPORT}/stats": (ADA, ["store", "createdAfter", "createdBefore"]),
}


def app_of(actor):
    app = create_app(":memory:", authenticate=lambda req: actor)
    app.desk.open(ACME, body="The checkout shows a blank page.")
    return app


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, (_, names) in LISTS.items() for name in names])
def test_a_blank_parameter_is_refused_and_named(path, name):
    body = checked(call(app_of(LISTS[path][0]), "GET", path, QUERY_STRING=f"{name}="), 400, "validation_failed")
    assert [detail["field"] for detail in body["details"]] == [name]


@pytest.mark.parametrize("path", [CASES, f"{SUPPORT}/cases"])
def test_a_blank_query_is_none(path):
    assert call(app_of(LISTS[path][0]), "GET", path, QUERY_STRING="query=").json["meta"]["count"] == 1


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
