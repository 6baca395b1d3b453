"""What is told of each request to those around the API: the host's `on_request`, and middleware around the app."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import falcon

from supportcases.logs import logger

# where an environment has, before the answer begins, what middleware around the app may want to know
ROUTE: Final = "supportcases.route"
STORE: Final = "supportcases.store"
REQUEST_ID: Final = "supportcases.request_id"
NAMES: Final = (ROUTE, STORE, REQUEST_ID)

log: Final = logger("supportcases.web")


class HandledRequest(NamedTuple):
    """A request whose answer is about to begin.

    Attributes:
        method: The method, such as "GET"; "-" for one that HTTP does not have.
        route: The template of the path, such as "/api/v1/support-cases/{id_or_number}", without the path at which the
            app is mounted; None where the path is none of the app's, or nobody has looked at it, as for most 401.
        status: The status of the answer, such as 200.
        seconds: How long it took until the answer was ready; a streamed one is sent after that.
        store: The store of the merchant who asks; None for the team, and for nobody.
        request_id: What the answer has in `X-Request-Id`, and the log too.
    """

    method: str
    route: str | None
    status: int
    seconds: float
    store: str | None
    request_id: str


OnRequest = Callable[[HandledRequest], object]


def method_of(env: dict[str, Any]) -> str:
    """Return the method of a request: one that HTTP does not have may be any text."""
    method = env.get("REQUEST_METHOD", "")
    return method if method in falcon.HTTP_METHODS else "-"


def handled(
    on_request: OnRequest,
    answer: Callable[..., Iterable[bytes]],
    env: dict[str, Any],
    start_response: Callable[..., Any],
) -> Iterable[bytes]:
    """Let `answer` answer a request, and tell `on_request` of it; what that raises is logged and changes nothing."""
    begun = time.perf_counter()
    status = ""

    def start(line: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        nonlocal status
        status = line
        return start_response(line, headers, *error)

    body = answer(env, start)
    seconds = time.perf_counter() - begun
    route, store, request_id = (env.get(name) for name in NAMES)
    try:
        on_request(HandledRequest(method_of(env), route, int(status[:3]), seconds, store, request_id or ""))
    except Exception:
        log.error("%s: on_request failed", request_id, exc_info=True, extra={"request_id": request_id})
    return body
