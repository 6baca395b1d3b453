"""What each status of an error says, whatever the route, and the headers that come with it."""

from typing import Any

from supportcases.app import MAX_BODY

ERRORS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("Something in the request is not allowed", {}),
    401: ("No valid API key", {"WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}}}),
    403: ("Not for this key: it is of the other kind, does not serve that store, or has not the right admin", {}),
    404: (
        "There is no such case, file, text, webhook or API key for this key; a merchant's finds nothing at all below "
        "/support",
        {},
    ),
    405: (
        "The path does not take this method",
        {"Allow": {"description": "What it takes", "schema": {"type": "string"}}},
    ),
    409: (
        "There are as many open cases of the store, texts, webhooks, or bytes of its files as there may be, the case "
        "has no room for a reply, or the bytes of this file are there, or are being sent",
        {},
    ),
    410: (
        "The cursor in `after` is unknown or too old: begin again, and read the cases anew; or what a retry with an "
        "Idempotency-Key once did was taken out since",
        {},
    ),
    412: ("The case has changed since it had the ETag in If-Match", {}),
    413: (f"The body has more than {MAX_BODY:,} bytes", {}),
    415: ("The body is not JSON, or it is compressed", {}),
    416: (
        "The file has no such bytes",
        {"Content-Range": {"description": "How many it has", "schema": {"type": "string"}}},
    ),
    422: ("The Idempotency-Key was used for another request, or this file is not taken here", {}),
    429: (
        "More requests than the app's rate limit, where it has one, takes of one key or address, or more than ten "
        "tests and redeliveries of a webhook within a minute",
        {
            "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}},
            "RateLimit-Policy": {
                "description": "Requests (q) in a window of seconds (w)",
                "schema": {"type": "string"},
            },
            "RateLimit": {"description": "Requests left (r), seconds until all are (t)", "schema": {"type": "string"}},
        },
    ),
    500: ("Something went wrong on our side", {}),
    503: (
        "The database is busy or cannot be used at the moment, this takes too long (`too_slow`), or "
        "it may have been kept or not (`outcome_unknown`): send it again only with its `Idempotency-Key`; "
        "or the desk has moved to another database, and nothing is written to this one any more (`moved`); of "
        "`/readyz`: this process cannot write (`not_ready`)",
        {
            "Retry-After": {
                "description": "Seconds to wait; missing with `too_slow` and `outcome_unknown`",
                "schema": {"type": "integer"},
            }
        },
    ),
}
