"""A request to the console, and where its pages are."""

import re
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

import falcon

from supportcases.domain.cases import STORE_NAME
from supportcases.web.request import ApiRequest

AT: Final = "/console"  # within the app
PAGES: Final = (
    rf"(?:|new|idle|numbers|texts|keys|cases/{STORE_NAME}/[0-9]{{1,20}}(?:/erase)?|stores(?:/{STORE_NAME})?|"
    r"webhooks(?:/[0-9a-f-]{36})?)"
)
FILTERS: Final = ("store", "status", "severity", "category", "assignee", "query", "sort")  # of the queue
PARAMETERS: Final = (
    *FILTERS,
    "cursor",
    "excerpts",
    "days",
    "offset",
    "what",
)  # kept of a page to come back to
MOST_OFFSET: Final = 1_000_000
LONGEST: Final = 4_000  # characters of a path to come back to


def offset_of(req: "ConsoleRequest") -> int:
    """Return how many rows of a table a page passes over; what is no number is none of them."""
    sent = req.parameters().get("offset", [""])[-1]
    return min(int(sent), MOST_OFFSET) if sent.isascii() and sent.isdigit() and len(sent) < 9 else 0


class ConsoleRequest(ApiRequest):
    """A request to the console.

    Attributes:
        token: That of the session by which the asker is known; None where the host knows them.
    """

    def __init__(self, env: dict[str, Any], options: falcon.RequestOptions | None = None) -> None:
        """Take the WSGI environment."""
        super().__init__(env, options)
        self.token: str | None = None

    @cached_property
    def root(self) -> str:
        """The path of the console, percent-encoded, without a slash at its end."""
        return self.mounted_at + AT

    def link(self, page: str = "", **parameters: str) -> str:
        """Return the path of a page of the console, with its query string."""
        return f"{self.root}/{page}{'?' if parameters else ''}{urlencode(parameters)}"

    @property
    def here(self) -> str:
        """The page that is asked for, within the console, with its query string: `onward` reads it again."""
        page = self.path.removeprefix(AT).lstrip("/")
        query = self.env.get("QUERY_STRING", "")
        return f"{page}?{query}" if query else page

    def onward(self, text: str) -> str:
        """Return the path of the page that `here` wrote, made anew of what pages of ours may be called; else the queue.

        So nobody is led to another site, whatever a link to the sign-in page says.
        """
        page, _, query = text[:LONGEST].partition("?")
        if not re.fullmatch(PAGES, page):
            return self.link()
        sent = falcon.uri.parse_query_string(query)
        return self.link(page, **{name: value for name in PARAMETERS if isinstance(value := sent.get(name), str)})
