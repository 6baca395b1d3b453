"""What the host's functions, the database and our own mistakes raise, and how it is answered."""

import inspect
import logging
import sqlite3
from unittest.mock import Mock

import falcon
import pytest

from supportcases import Actor, SqliteRepository, SupportDesk, create_app
from supportcases.domain import errors
from supportcases.testing import numbered_ids
from supportcases.webhooks.deadline import NotTried
from tests.conftest import ACME, CASES, call
from tests.support.answers import checked

BODY = b'{"body": "The checkout shows a blank page."}'
GIVEN = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(BODY))}
OUR_FAULT = "Something went wrong on our side; if it happens again, tell us the request id."


def app_that_meets(error):
    def authenticate(req):
        raise error

    return create_app(":memory:", authenticate=authenticate)


EXPECTED = {
    errors.SupportCasesError: (500, "internal_error", {}),
    errors.InvalidInput: (400, "validation_failed", {}),
    errors.Unauthorized: (401, "unauthorized", {"www-authenticate": "Bearer"}),
    errors.NotPermitted: (403, "forbidden", {}),
    errors.CaseNotFound: (404, "not_found", {}),
    errors.KeyNotFound: (404, "key_not_found", {}),
    errors.TextNotFound: (404, "text_not_found", {}),
    errors.AlreadyThere: (500, "internal_error", {}),
    errors.CaseMoved: (412, "precondition_failed", {}),
    errors.IdempotencyKeyReused: (422, "idempotency_key_reused", {}),
    errors.DatabaseUnusable: (503, "database_unusable", {"retry-after": "10"}),
    errors.DatabaseBusy: (503, "busy", {"retry-after": "1"}),
    errors.TooSlow: (503, "too_slow", {}),
    errors.DatabaseUnavailable: (503, "unavailable", {"retry-after": "10"}),
    errors.OutcomeUnknown: (503, "outcome_unknown", {}),
    errors.DatabaseMoved: (503, "moved", {"retry-after": "10"}),
    errors.DatabaseDamaged: (500, "database_damaged", {}),
    errors.TooManyCases: (409, "too_many_cases", {}),
    errors.ThreadFull: (409, "thread_full", {}),
    errors.AttachmentNotFound: (404, "not_found", {}),
    errors.AlreadyUploaded: (409, "already_uploaded", {}),
    errors.UploadInProgress: (409, "upload_in_progress", {}),
    errors.UploadsFull: (409, "uploads_full", {}),
    errors.AttachmentsFull: (409, "attachments_full", {}),
    errors.AttachmentRefused: (422, "attachment_refused", {}),
    errors.TooManyTexts: (409, "too_many_texts", {}),
    errors.CursorExpired: (410, "cursor_expired", {}),
    errors.Erased: (410, "erased", {}),
    errors.OnHold: (409, "on_hold", {}),
    errors.VacuumNeeded: (409, "vacuum_needed", {}),
    errors.AttachmentStoreNeeded: (409, "attachment_store_needed", {}),
    errors.TooManyAttempts: (429, "too_many_requests", {"retry-after": "60"}),
    errors.TooManyWebhooks: (409, "too_many_webhooks", {}),
    errors.WebhookNotFound: (404, "webhook_not_found", {}),
}


def tree(root):
    return [root, *(leaf for kind in root.__subclasses__() for leaf in tree(kind))]


def test_every_exception_of_ours_has_its_status_code_and_shape(monkeypatch):
    app = create_app(":memory:", authenticate=lambda req: ACME)
    ours = {kind for kind in tree(errors.SupportCasesError) if kind.__module__.startswith("supportcases.")}
    assert ours - {NotTried} == set(EXPECTED)  # which workers meet, and no request
    for kind, (status, code, headers) in EXPECTED.items():
        error = kind({"limit": "Must be nice."}) if kind is errors.InvalidInput else kind()
        monkeypatch.setattr(SupportDesk, "written_list", Mock(side_effect=error))
        answer = call(app, "GET", CASES)
        body = checked(answer, status, code)
        told = errors.SupportCasesError if kind is errors.AlreadyThere else kind  # no use case lets it out
        assert body["error"] == (
            "limit must be nice." if kind is errors.InvalidInput else inspect.cleandoc(told.__doc__)
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
    errors.OutcomeUnknown(),
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
    answer = call(app, "POST", CASES, BODY, **GIVEN)
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
        (falcon.HTTPUnauthorized(), "unauthorized"),
        (falcon.HTTPUnauthorized(challenges=["Bearer"]), "unauthorized"),
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
    assert answer.headers.get("www-authenticate") == ("Bearer" if code == "unauthorized" else None)


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


EVERYTHING = [
    ("GET", CASES),
    ("GET", f"{CASES}/1"),
    ("POST", CASES),
    ("POST", f"{CASES}/1/messages"),
    ("PATCH", f"{CASES}/1"),
    ("GET", "/healthz"),
]


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
    for method, path in EVERYTHING:
        document = b'{"status": "closed"}' if method == "PATCH" else BODY
        environ = GIVEN | {"CONTENT_LENGTH": str(len(document)), "HTTP_AUTHORIZATION": f"Bearer {key}"}
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
