"""Errors: the one shape on every route and none, and whatever a client or server may throw at the app."""

import inspect
import json
import logging
import sqlite3
import subprocess
import sys
from urllib.parse import quote

import falcon
import pytest

from supportcases import Actor, SqliteRepository, create_app
from supportcases.domain import errors
from supportcases.testing import numbered_ids
from tests.conftest import ACME, CASES, ROOT, call

BODY = b'{"body": "The checkout shows a blank page."}'
JSON = "application/json"
POSTS = [CASES, f"{CASES}/1/messages"]
WRITES = [("POST", CASES), ("POST", f"{CASES}/1/messages"), ("PATCH", f"{CASES}/1")]
PATHS = [
    "/api/v1",
    "/api/v1/",
    CASES,
    f"{CASES}/1",
    f"{CASES}/1/messages",
    f"{CASES}/",
    f"{CASES}/1/none",
    "/api/v1/none",
]
OUR_FAULT = "Something went wrong on our side; if it happens again, tell us the request id."


def checked(answer, status, code=None):
    """Return the body of an error, once it has the one shape."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    body = answer.json
    assert list(body) == ["error", "code", *(["details"] if "details" in body else []), "requestId"]
    assert isinstance(body["error"], str)
    assert "\n" not in body["error"]
    assert body["requestId"] == answer.headers["x-request-id"]
    for detail in body.get("details", ["none"]):
        assert detail == "none" or list(detail) == ["field", "message"]
    for secret in (b"Traceback", b"<html", b"<!DOCTYPE", b"sqlite3", b".py"):
        assert secret not in answer.body
    if code:
        assert body["code"] == code
    return body


@pytest.fixture
def send(app):
    """Send a raw request with a key of acme, who has case 1."""
    key, _ = app.keys.create("acme")
    app.desk.open(ACME, body="The checkout shows a blank page.")

    def send(method, path, body=b"", **environ):
        length = {"CONTENT_LENGTH": str(len(body))} if body else {}
        media = {"CONTENT_TYPE": JSON} if body else {}
        return call(app, method, path, body, **{"HTTP_AUTHORIZATION": f"Bearer {key}"} | length | media | environ)

    return send


def test_the_whole_shape_once(send):
    answer = send("GET", CASES, QUERY_STRING="limit=0", HTTP_X_REQUEST_ID="quote.me_1-2")
    assert checked(answer, 400) == {
        "error": "limit must be a whole number from 1 to 100.",
        "code": "validation_failed",
        "details": [{"field": "limit", "message": "Must be a whole number from 1 to 100."}],
        "requestId": "quote.me_1-2",
    }


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["", "/", "/none", "/api", "/api/v2/support-cases", "/api/v1support", "/favicon.ico"])
def test_an_unknown_path_is_a_json_404_without_a_key(app, method, path):
    body = checked(call(app, method, path), 404, "not_found")
    assert body["error"] == "There is nothing at this path."
    assert "details" not in body


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v1/none", f"{CASES}/", f"{CASES}/1/none", f"{CASES}/1/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_an_unknown_path_under_the_prefix_is_a_json_404_with_a_key(send, method, path):
    checked(send(method, path), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (CASES, {"GET", "HEAD", "POST"}),
        (f"{CASES}/1", {"GET", "HEAD", "PATCH"}),
        (f"{CASES}/999", {"GET", "HEAD", "PATCH"}),
        (f"{CASES}/1/messages", {"POST"}),
        ("/healthz", {"GET", "HEAD"}),
        ("/openapi.json", {"GET", "HEAD"}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE", "TRACE", "CONNECT", "PROPFIND", "REPORT"])
def test_a_verb_that_a_path_does_not_take_is_405_with_allow(send, method, path, allowed):
    if method in allowed:
        return
    answer = send(method, path)
    body = checked(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == allowed
    assert body["error"] == f"This path takes only {answer.headers['allow']}."


@pytest.mark.parametrize("path", [*PATHS, "/healthz", "/none", "/"])
@pytest.mark.parametrize("method", ["WEBSOCKET", "FOO", "get", "", "G E T", "POST\n", "ÄÖ", "\udc80", "X" * 10_000])
def test_an_odd_method_is_a_json_400_or_404(send, method, path):
    answer = send(method, path, HTTP_X_REQUEST_ID="odd")
    body = checked(answer, answer.status)
    assert answer.status in (400, 404, 405)
    assert body["requestId"] == "odd"


@pytest.mark.parametrize("method", ["WEBSOCKET", "FOO"])
def test_the_error_of_an_odd_method_is_a_sentence_too(send, method):
    assert send(method, CASES).json["error"].endswith(".")


def test_a_websocket_handshake_is_a_json_error(send):
    answer = send("GET", CASES, HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade")
    assert answer.status == 200  # WSGI knows no upgrade: it is a GET
    checked(send("WEBSOCKET", CASES), 400, "bad_request")


ACCEPTS = [
    "text/html",
    "application/xml",
    "image/png",
    "*/*",
    "",
    "garbage",
    "application/json;q=0",
    "a/b;q=x",
    "*" * 9_999,
]


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{CASES}/999", 404),
        ("GET", "/none", 404),
        ("PUT", CASES, 405),
        ("POST", CASES, 400),
        ("FOO", CASES, 400),
    ],
)
def test_errors_are_json_whatever_the_client_accepts(send, accept, method, path, status):
    checked(send(method, path, HTTP_ACCEPT=accept), status)


@pytest.mark.parametrize("accept", ACCEPTS)
def test_answers_are_json_whatever_the_client_accepts(send, accept):
    answer = send("GET", CASES, HTTP_ACCEPT=accept)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


# -- request ids -----------------------------------------------------------------------------------------------------

ANSWERS = [
    ("GET", CASES, 200),
    ("HEAD", CASES, 200),
    ("OPTIONS", CASES, 200),
    ("GET", "/healthz", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/none", 404),
    ("GET", f"{CASES}/", 404),
    ("PUT", CASES, 405),
    ("WEBSOCKET", CASES, 400),
    ("FOO", CASES, 400),
    ("POST", CASES, 400),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
@pytest.mark.parametrize("request_id", ["a", "A.b_c-9", "0" * 128])
def test_a_proper_request_id_comes_back_on_every_answer(send, request_id, method, path, status):
    answer = send(method, path, HTTP_X_REQUEST_ID=request_id)
    assert answer.status == status
    assert answer.headers["x-request-id"] == request_id
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "sent", [None, "", " ", "0" * 129, "a b", "a\nb", "a\r\nX: y", "ä", "a/b", "a,b", "a\0", "\udc80", "a\n"]
)
def test_any_other_request_id_is_replaced(send, sent):
    first, second = (send("GET", f"{CASES}/999", HTTP_X_REQUEST_ID=sent) for _ in range(2))
    ids = {checked(answer, 404)["requestId"] for answer in (first, second)}
    assert len(ids) == 2
    assert sent not in ids
    assert all(1 <= len(i) <= 128 and set(i) <= set("0123456789abcdef-") for i in ids)


# -- environments that no client library makes -----------------------------------------------------------------------


@pytest.mark.parametrize("query", ["\udc80", "limit=\ud800", "ä€", "a=\U0001f6d2", "query=\x80", "query=\xff"])
def test_an_undecodable_query_string_is_400(send, query):
    body = checked(send("GET", CASES, QUERY_STRING=query, HTTP_X_REQUEST_ID="odd"), 400)
    assert body["requestId"] == "odd"


@pytest.mark.parametrize("path", ["/\udc80", f"{CASES}/\ud800", "/€", f"{CASES}/🛒", f"{CASES}/\x80", "/\xff"])
def test_an_undecodable_path_is_400_or_404(send, path):
    answer = send("GET", path, HTTP_X_REQUEST_ID="odd")
    assert answer.status in (400, 404)
    assert checked(answer, answer.status)["requestId"] == "odd"


def test_a_missing_path_is_the_root_as_pep_3333_says(app):
    checked(call(app, "GET", "/", PATH_INFO=None), 404, "not_found")


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_PROTOCOL"])
def test_what_pep_3333_lets_a_server_leave_out_may_be_left_out(send, name):
    assert send("GET", CASES, **{name: None}).status == 200


@pytest.mark.parametrize(
    "name", ["HTTP_HOST", "HTTP_COOKIE", "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_RANGE", "HTTP_DATE"]
)
@pytest.mark.parametrize("value", ["", "\udc80", "ä\0", ";" * 5_000, 'for=;;,"', "[::"])
def test_odd_headers_hurt_nobody(send, name, value):
    assert send("GET", CASES, **{name: value}).status == 200
    checked(send("GET", f"{CASES}/999", **{name: value}), 404, "not_found")


# -- errors from within ----------------------------------------------------------------------------------------------


def app_that_meets(error):
    def authenticate(req):
        raise error

    return create_app(":memory:", authenticate=authenticate)


def app_whose_desk_meets(error):
    def fail(*_, **__):
        raise error

    app = create_app(":memory:", authenticate=lambda req: ACME)
    app.desk.list = fail
    return app


EXPECTED = {
    errors.SupportCasesError: (500, "internal_error", {}),
    errors.InvalidInput: (400, "validation_failed", {}),
    errors.Unauthorized: (401, "unauthorized", {"www-authenticate": "Bearer"}),
    errors.NotPermitted: (403, "forbidden", {}),
    errors.CaseNotFound: (404, "not_found", {}),
    errors.KeyNotFound: (404, "key_not_found", {}),
    errors.CaseMoved: (412, "precondition_failed", {}),
    errors.IdempotencyKeyReused: (422, "idempotency_key_reused", {}),
    errors.DatabaseUnusable: (503, "database_unusable", {"retry-after": "10"}),
    errors.DatabaseBusy: (503, "busy", {"retry-after": "1"}),
    errors.DatabaseUnavailable: (503, "unavailable", {"retry-after": "10"}),
    errors.DatabaseDamaged: (500, "database_damaged", {}),
    errors.TooManyCases: (409, "too_many_cases", {}),
    errors.ThreadFull: (409, "thread_full", {}),
}


def tree(root):
    return [root, *(leaf for kind in root.__subclasses__() for leaf in tree(kind))]


def test_every_exception_of_ours_has_its_status_code_and_shape(caplog):
    ours = {kind for kind in tree(errors.SupportCasesError) if kind.__module__.startswith("supportcases.")}
    assert ours == set(EXPECTED)
    for kind, (status, code, headers) in EXPECTED.items():
        error = kind({"limit": "Must be nice."}) if kind is errors.InvalidInput else kind()
        answer = call(app_whose_desk_meets(error), "GET", CASES)
        body = checked(answer, status, code)
        assert body["error"] == (
            "limit must be nice." if kind is errors.InvalidInput else inspect.cleandoc(kind.__doc__)
        )
        assert ("details" in body) == (kind is errors.InvalidInput)
        assert {name: answer.headers.get(name) for name in headers} == headers


def test_an_exception_made_by_the_host_from_ours_is_answered_as_its_parent():
    class Asleep(errors.DatabaseBusy):
        code = "asleep"

    checked(call(app_that_meets(Asleep("at night.")), "GET", CASES), 503, "asleep")


IMPOSSIBLE = [
    (
        lambda: Actor.merchant("a@b.com"),
        "store must be 1 to 64 ASCII letters, digits, dots, underscores or hyphens, "
        "beginning with a letter or a digit.",
    ),
    (lambda: Actor.merchant("acme", "x" * 121), "label must be 1 to 120 characters long, not 121."),
    (lambda: Actor.support("me"), "label must not be 'me', which is reserved."),
    (lambda: Actor.support("Ada", "acme"), "stores must be a list of names, such as ['acme']."),
    (lambda: ACME.must_enter("globex"), None),  # may be meant so: NotPermitted
]


@pytest.mark.parametrize(("make", "reason"), IMPOSSIBLE)
@pytest.mark.parametrize("api_keys", [False, True])
def test_an_actor_that_cannot_be_is_the_host_s_mistake_and_its_log_says_why(make, reason, api_keys, caplog):
    app = create_app(":memory:", authenticate=lambda req: make(), api_keys=api_keys)
    answer = call(app, "GET", CASES, HTTP_X_REQUEST_ID="find-me")
    if reason is None:
        checked(answer, 403, "forbidden")
        return
    body = checked(answer, 500, "internal_error")
    assert body == {"error": OUR_FAULT, "code": "internal_error", "requestId": "find-me"}
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "find-me" in record.getMessage()
    assert str(record.exc_info[1]) == f"authenticate failed: InvalidInput: {reason}"


HOSTS_MISTAKES = [
    errors.InvalidInput({"store": "Must be nice."}),
    errors.CaseNotFound(),
    errors.KeyNotFound(),
    errors.CaseMoved(),
    errors.IdempotencyKeyReused(),
    errors.TooManyCases(),
    errors.ThreadFull(),
    errors.SupportCasesError(),
]
ON_PURPOSE = [
    (errors.Unauthorized(), 401),
    (errors.NotPermitted(), 403),
    (errors.DatabaseBusy(), 503),
    (errors.DatabaseUnavailable(), 503),
    (errors.DatabaseUnusable(), 503),
    (errors.DatabaseDamaged(), 500),
    (falcon.HTTPTooManyRequests(), 429),
    (falcon.HTTPBadRequest(), 400),
]


@pytest.mark.parametrize("what", ["authenticate", "clock", "new_id", "make_subject", "on_event"])
@pytest.mark.parametrize(
    ("error", "status"), [*((error, 500) for error in HOSTS_MISTAKES), *ON_PURPOSE], ids=lambda value: repr(value)[:30]
)
def test_what_the_host_s_own_functions_raise_is_its_mistake_unless_it_can_be_meant_so(what, error, status, caplog):
    def fail(*_):
        raise error

    app = create_app(":memory:", **{"authenticate": lambda req: ACME, what: fail})
    sent = b'{"body": "The checkout shows a blank page."}'
    answer = call(app, "POST", CASES, sent, CONTENT_TYPE="application/json", CONTENT_LENGTH=str(len(sent)))
    if what in ("make_subject", "on_event"):  # whatever they raise is logged and changes nothing
        assert answer.status == 201
    else:
        checked(answer, status)
    if status == 500 and not isinstance(error, errors.DatabaseDamaged):
        assert str(error) in caplog.text


@pytest.mark.parametrize("kind", [errors.SupportCasesError, errors.DatabaseUnusable, errors.DatabaseUnavailable])
def test_our_own_faults_do_not_tell_where_the_database_lies(kind, caplog):
    answer = call(app_that_meets(kind("/srv/secret/cases.db is broken")), "GET", CASES)
    assert b"secret" not in answer.body
    assert "/srv/secret/cases.db is broken" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("secret"),
        KeyError("secret"),
        RecursionError(),
        MemoryError(),
        sqlite3.OperationalError("secret table"),
        sqlite3.DatabaseError(),
        UnicodeDecodeError("utf-8", b"secret", 0, 1, "x"),
        AssertionError(),
        OSError(5, "secret"),
    ],
)
def test_an_unforeseen_error_is_a_500_that_tells_nothing_and_is_logged(error, caplog):
    answer = call(app_that_meets(error), "GET", CASES, HTTP_X_REQUEST_ID="find-me")
    body = checked(answer, 500, "internal_error")
    assert body == {"error": OUR_FAULT, "code": "internal_error", "requestId": "find-me"}
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "find-me" in record.getMessage()
    assert record.exc_info[1] is error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (falcon.HTTPBadRequest(), "bad_request"),
        (falcon.HTTPForbidden(), "forbidden"),
        (falcon.HTTPNotFound(), "not_found"),
        (falcon.HTTPConflict(title="Twice"), "conflict"),
        (falcon.HTTPPreconditionFailed(), "precondition_failed"),
        (falcon.HTTPContentTooLarge(), "payload_too_large"),
        (falcon.HTTPUnprocessableEntity(description="No."), "unprocessable"),
        (falcon.HTTPTooManyRequests(retry_after=7), "too_many_requests"),
        (falcon.HTTPInternalServerError(), "internal_error"),
        (falcon.HTTPServiceUnavailable(retry_after=7), "unavailable"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_falcon_s_errors_have_the_shape_too(error, code):
    answer = call(app_that_meets(error), "GET", CASES, HTTP_ACCEPT="text/html")
    checked(answer, error.status_code, code)
    assert answer.headers.get("retry-after") == ("7" if code in ("too_many_requests", "unavailable") else None)


@pytest.mark.parametrize("error", [falcon.HTTPUnauthorized(), falcon.HTTPUnauthorized(challenges=["Bearer"])])
def test_every_401_carries_www_authenticate(error):
    answer = call(app_that_meets(error), "GET", CASES)
    checked(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


class Faulty(SqliteRepository):
    """A repository that fails once the test says so."""

    error = None

    def _fail(self):
        if self.error:
            raise self.error

    def read(self, *, once=False):
        self._fail()
        return super().read(once=once)

    def write(self):
        self._fail()
        return super().write()


EVERYTHING = [("GET", CASES), ("GET", f"{CASES}/1"), *WRITES]


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (errors.DatabaseBusy(), 503, "busy", "1"),
        (errors.DatabaseUnavailable(), 503, "unavailable", "10"),
        (sqlite3.OperationalError("no such table: secret"), 500, "internal_error", None),
        (sqlite3.IntegrityError("CHECK failed: secret"), 500, "internal_error", None),
    ],
    ids=["busy", "unavailable", "operational", "integrity"],
)
@pytest.mark.parametrize("keys", [True, False], ids=["by key", "by host"])
def test_a_failing_database_has_the_shape_on_every_route(error, status, code, retry_after, keys):
    repository = Faulty(":memory:")
    app = create_app(repository, authenticate=None if keys else lambda req: ACME, new_id=numbered_ids())
    key, _ = app.keys.create("acme")
    app.desk.open(ACME, body="The checkout shows a blank page.")
    repository.error = error
    for method, path in [*EVERYTHING, ("GET", "/healthz")]:
        document = b'{"status": "closed"}' if method == "PATCH" else BODY
        environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(document)), "HTTP_AUTHORIZATION": f"Bearer {key}"}
        answer = call(app, method, path, document, **environ)
        assert b"secret" not in checked(answer, status, code)["error"].encode()
        assert answer.headers.get("retry-after") == retry_after
    repository.error = None
    assert app.desk.get(ACME, 1).case.status == "open"
    assert call(app, "GET", "/healthz").status == 200


def test_a_closed_database_is_an_error_in_the_shape(app, send):
    app.desk.repository.close()
    answer = send("GET", CASES)
    assert checked(answer, answer.status)
    assert answer.status in (500, 503)


def test_a_locked_file_is_503_for_writers_and_serves_readers(tmp_path, monkeypatch):
    monkeypatch.setattr("supportcases.storage.sqlite.pool.PATIENCE", 0.05)
    app = create_app(tmp_path / "cases.db", authenticate=lambda req: ACME)
    app.desk.open(ACME, body="The checkout shows a blank page.")
    other = sqlite3.connect(tmp_path / "cases.db", isolation_level=None)
    app.desk.repository.close()
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = call(app, "POST", CASES, BODY, CONTENT_TYPE=JSON, CONTENT_LENGTH=str(len(BODY)))
        checked(answer, 503, "busy")
        assert answer.headers["retry-after"] == "1"
        assert call(app, "GET", CASES).json["meta"]["count"] == 1
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert call(app, "POST", CASES, BODY, CONTENT_TYPE=JSON, CONTENT_LENGTH=str(len(BODY))).status == 201
    app.desk.repository.close()


def test_faulty_fields_are_told_in_the_order_of_the_document_and_unknown_ones_by_name(client):
    body = {"zebra": 1, "severity": None, "apple": 2, "body": "short", "mango": 3}
    answer = client.simulate_post(CASES, json=body).json
    assert [detail["field"] for detail in answer["details"]] == ["body", "severity", "apple", "mango", "zebra"]


@pytest.mark.parametrize("name", ["a\r\nb", "tab\t", "next\x85line", "\u2028", "\u202e", "\x1b[31m", ""])
def test_a_name_that_cannot_be_printed_is_quoted_in_the_sentence_and_as_sent_in_the_details(client, name):
    answer = client.simulate_post(CASES, json={"body": "A long enough body.", name: 1})
    assert answer.json["details"] == [{"field": name, "message": "Is not a known field."}]
    assert answer.json["error"] == f"{json.dumps(name)} is not a known field."
    asked = client.simulate_get(CASES, query_string=f"{quote(name)}=%00")
    assert asked.json["error"] == f"{json.dumps(name)} must not contain a NUL character."


def test_one_repeated_field_among_seventy_thousand_is_found(client):
    fields = ",".join(f'"field{number}":1' for number in range(70_000))
    answer = client.simulate_post(
        CASES, body=f'{{{fields},"field69999":1}}', headers={"Content-Type": "application/json"}
    )
    assert answer.json["error"] == "field69999 must not appear twice."


def test_of_very_many_faults_the_first_twenty_are_told_and_the_others_counted(client):
    fields = ",".join(f'"field{number:05}":1' for number in range(25))
    answer = client.simulate_post(
        CASES, body=f'{{"body": "A long enough body.",{fields}}}', headers={"Content-Type": "application/json"}
    ).json
    assert [detail["field"] for detail in answer["details"]] == [f"field{number:05}" for number in range(20)]
    assert answer["error"].endswith("field00019 is not a known field; and 5 more.")


WITHOUT_DOCSTRINGS = """
import json
from wsgiref.util import setup_testing_defaults
from supportcases import create_app
from supportcases.domain import errors

def tree(root):
    return [root, *(leaf for kind in root.__subclasses__() for leaf in tree(kind))]

print(errors.SupportCasesError.__doc__)
for kind in tree(errors.SupportCasesError):
    print(kind.__name__, kind({}) if kind is errors.InvalidInput else kind())
environ = {"PATH_INFO": "/api/v1/support-cases"}
setup_testing_defaults(environ)
print(json.loads(b"".join(create_app(":memory:")(environ, lambda *_: None)))["error"])
"""


def test_errors_have_their_sentences_where_python_takes_docstrings_away():
    """The tree comes without the classes that only tests make."""
    done = subprocess.run(
        [sys.executable, "-OO", "-c", WITHOUT_DOCSTRINGS], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    doc, *sentences, answered = done.stdout.splitlines()
    ours = [kind for kind in tree(errors.SupportCasesError) if kind.__module__ == errors.__name__]
    assert (doc, done.stderr) == ("None", "")
    assert sentences == [f"{kind.__name__} {kind.__doc__}" for kind in ours]
    assert answered == errors.Unauthorized.__doc__
