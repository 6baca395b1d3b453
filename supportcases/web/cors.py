"""Which pages of other origins may ask the API from a browser, as the Fetch standard has it."""

import re
from collections.abc import Iterable
from typing import Any, Final

import falcon

from supportcases.web.request import ApiRequest

# what a page may read of an answer, beside what every page may
EXPOSED: Final = (
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-Id",
)
ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")


class Cors(falcon.CORSMiddleware[Any, Any]):
    """Lets pages of some origins ask; keys go in a header of theirs, so there are no credentials of the browser's."""

    def __init__(self, origins: Iterable[str]) -> None:
        """Let pages of those origins ask.

        Raises:
            ValueError: One is none.
        """
        allowed = [origins] if isinstance(origins, str) else list(origins)
        for origin in allowed:
            if not (isinstance(origin, str) and ORIGIN.fullmatch(origin)):
                raise ValueError(f"must be origins such as 'https://shop.example', in lower case, not {origin!r}.")
        super().__init__(allow_origins=allowed, expose_headers=EXPOSED)

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Tell the browser whether the page may see the answer, and whoever keeps it that this depends on the page."""
        super().process_response(req, resp, resource, req_succeeded)
        resp.append_header("Vary", "Origin")


def is_preflight(req: ApiRequest) -> bool:
    """Tell whether a browser asks for a page whether it may ask: without the key, which the page will send."""
    return req.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in req.env and "HTTP_ORIGIN" in req.env
