"""From exception to HTTP: the one table of statuses, and the one body that an error has."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import falcon

from supportcases.desk.keys import without_keys
from supportcases.domain import errors
from supportcases.formats.case_json import to_json
from supportcases.logs import logger
from supportcases.web.request import ApiRequest
from supportcases.web.response import send, to_bytes

log: Final = logger("supportcases.web")

STATUS: Final[dict[type[errors.SupportCasesError], int]] = {
    errors.InvalidInput: 400,
    errors.Unauthorized: 401,
    errors.NotPermitted: 403,
    errors.CaseNotFound: 404,
    errors.KeyNotFound: 404,
    errors.TextNotFound: 404,
    errors.AttachmentNotFound: 404,
    errors.WebhookNotFound: 404,
    errors.CursorExpired: 410,
    errors.Erased: 410,
    errors.CaseMoved: 412,
    errors.TooManyCases: 409,
    errors.ThreadFull: 409,
    errors.TooManyTexts: 409,
    errors.AlreadyUploaded: 409,
    errors.UploadInProgress: 409,
    errors.UploadsFull: 409,
    errors.AttachmentsFull: 409,
    errors.TooManyWebhooks: 409,
    errors.OnHold: 409,
    errors.VacuumNeeded: 409,
    errors.AttachmentStoreNeeded: 409,
    errors.TooManyAttempts: 429,
    errors.AttachmentRefused: 422,
    errors.IdempotencyKeyReused: 422,
    errors.DatabaseBusy: 503,
    errors.TooSlow: 503,
    errors.DatabaseUnavailable: 503,
    errors.DatabaseUnusable: 503,
    errors.OutcomeUnknown: 503,
    errors.DatabaseMoved: 503,
    errors.DatabaseDamaged: 500,
    errors.SupportCasesError: 500,
}

HEADERS: Final[dict[type[errors.SupportCasesError], dict[str, str]]] = {
    errors.Unauthorized: {"WWW-Authenticate": "Bearer"},
    errors.TooManyAttempts: {"Retry-After": "60"},
    errors.DatabaseBusy: {"Retry-After": "1"},
    errors.DatabaseUnavailable: {"Retry-After": "10"},
    errors.DatabaseUnusable: {"Retry-After": "10"},
    errors.DatabaseMoved: {"Retry-After": "10"},
}

OUR_FAULT: Final = "Something went wrong on our side; if it happens again, tell us the request id."
MOST_DETAILS: Final = 20
LONGEST_NAME: Final = 100


class Refusal(NamedTuple):
    """What an error says to whoever asked, as JSON or on a page; `problems` are faulty fields with what is allowed."""

    status: int
    code: str
    sentence: str
    problems: dict[str, str] | None = None
    headers: Mapping[str, str] = {}


def error_body(request_id: str, code: str, sentence: str, problems: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the body of an error; `problems` are faulty fields, each with what is allowed."""
    body: dict[str, Any] = {"error": sentence, "code": code}
    if problems:
        body["details"] = [{"field": field, "message": problem} for field, problem in problems.items()]
    return {**body, "requestId": request_id}


def handle_own(req: ApiRequest, resp: falcon.Response, error: errors.SupportCasesError, params: Any) -> None:
    """Answer to an exception of ours."""
    _answer(req, resp, own(req, error))


def handle_falcon(req: ApiRequest, resp: falcon.Response, error: falcon.HTTPError, params: Any) -> None:
    """Answer to an exception of Falcon's: no such path, no such method, what is wrong with the body."""
    _answer(req, resp, falcons(error))


def handle_unexpected(req: ApiRequest, resp: falcon.Response, error: Exception, params: Any) -> None:
    """Answer to what nobody foresaw."""
    _answer(req, resp, unexpected(req, error))


def _answer(req: ApiRequest, resp: falcon.Response, refusal: Refusal) -> None:
    resp.set_headers(dict(refusal.headers))
    send(resp, error_body(req.request_id, refusal.code, refusal.sentence, refusal.problems), refusal.status)


def own(req: ApiRequest, error: errors.SupportCasesError) -> Refusal:
    """Return what an exception of ours says; the log has what is ours to mend."""
    kind = next(k for k in type(error).__mro__ if k in STATUS)
    status = STATUS[kind]
    sentence, problems = str(error), None
    if isinstance(error, errors.InvalidInput):
        some = list(error.problems.items())[:MOST_DETAILS]
        problems = {without_keys(field)[:LONGEST_NAME]: problem for field, problem in some}
        sentence = str(errors.InvalidInput(problems))
        if len(error.problems) > MOST_DETAILS:
            sentence = f"{sentence.removesuffix('.')}; and {len(error.problems) - MOST_DETAILS} more."
    if status >= 500:
        if not isinstance(error, errors.DatabaseDamaged):  # the repository has told of it, once
            passes = status == 503  # a fault that passes is told in one line, ours with where it was
            log.error("%s: %r, from %r", req.request_id, error, error.__cause__, exc_info=None if passes else error)
        sentence = str(kind())  # the message may name a path, which is nobody's business
    return Refusal(status, error.code, sentence, problems, HEADERS.get(kind, {}))


def falcons(error: falcon.HTTPError) -> Refusal:
    """Return what an exception of Falcon's says."""
    headers = dict(error.headers or {})
    name = error.status.partition(" ")[2] if isinstance(error.status, str) else type(error).__name__
    sentence = error.description or (error.title or name).lstrip("0123456789 ")
    if isinstance(error, falcon.HTTPMethodNotAllowed):
        sentence = f"This path takes only {headers.get('Allow', 'other methods')}."
    elif error.status_code == 400 and not error.description:
        sentence = "The request cannot be understood."
    elif isinstance(error, falcon.HTTPRouteNotFound):
        sentence = "There is nothing at this path."
    if error.status_code == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    code = CODES.get(error.status_code, "error")
    ended = sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
    return Refusal(error.status_code, code, ended, headers=headers)


def unexpected(req: ApiRequest, error: Exception) -> Refusal:
    """Return what is said of what nobody foresaw; the log has it."""
    log.error("%s: unexpected error", req.request_id, exc_info=error)
    return Refusal(500, CODES[500], OUR_FAULT)


CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    412: errors.CaseMoved.code,
    413: "payload_too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: "unprocessable",
    429: "too_many_requests",
    500: errors.SupportCasesError.code,
    503: "unavailable",
}


def last_resort(request_id: str, status: int, sentence: str) -> bytes:
    """Return the body for a request that did not even reach Falcon's own error handling."""
    return to_bytes(to_json(error_body(request_id, CODES[status], sentence)))
