"""The reference of the API, a page for people: `/docs`. `dev.tools.make_openapi` makes it of the OpenAPI document."""

from functools import cached_property
from importlib.resources import files
from typing import Final

import falcon

from supportcases.web.pages.content import HTML, Content, StaticFiles, set_page_headers
from supportcases.web.service import PREFIX

PATH: Final = "/docs"
STATIC: Final = StaticFiles("supportcases.web.pages", f"{PATH}/static")


class Reference:
    """Every request that the API takes, to read and to send."""

    def __init__(self, prefix: str) -> None:
        """Tell of the API as served below `prefix`."""
        self._prefix = prefix

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Return the page; its links are relative, and hold wherever the app is mounted."""
        set_page_headers(resp)
        self._page.send(req, resp)

    on_head = on_get

    @cached_property
    def _page(self) -> Content:
        shipped = files("supportcases.web.pages").joinpath("reference.html").read_text(encoding="utf-8")
        return Content(shipped.replace(PREFIX, self._prefix).encode(), HTML)
