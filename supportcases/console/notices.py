"""What was done, told once on the page that is shown next: a cookie carries it there."""

import re
from typing import Final, NamedTuple

import falcon

from supportcases.console.request import ConsoleRequest
from supportcases.console.who import give_cookie

COOKIE: Final = "supportcases-notice"
LASTING: Final = 60  # seconds that the next page may take
WRITTEN: Final = re.compile(r"([a-z]{1,20})\.([0-9]{1,3})\.([0-9]{1,3})")


class Notice(NamedTuple):
    """What was done: its name in `notice.html`, to how many, and how many were passed over."""

    what: str
    count: int = 1  # type: ignore[assignment]  # as a tuple it would have a method of that name
    passed: int = 0


def leave(req: ConsoleRequest, resp: falcon.Response, notice: Notice) -> None:
    """Let the next page tell it."""
    give_cookie(req, resp, COOKIE, ".".join(map(str, notice)), LASTING)


def take(req: ConsoleRequest, resp: falcon.Response) -> Notice | None:
    """Return what the page before left to be told, which is told but once."""
    left = WRITTEN.fullmatch((req.get_cookie_values(COOKIE) or [""])[0])
    if left is None:
        return None
    give_cookie(req, resp, COOKIE, "", 0)
    return Notice(left[1], int(left[2]), int(left[3]))
