"""Errors as pages: with the same statuses and sentences as in the API."""

from typing import Any

import falcon

from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest
from supportcases.domain.errors import CaseNotFound, SupportCasesError
from supportcases.web import errors
from supportcases.web.errors import Refusal


class ErrorPages:
    """The handlers of errors."""

    def __init__(self, pages: Pages) -> None:
        """Tell of them on `pages`."""
        self._pages = pages

    def add_to(self, app: falcon.App[Any, Any]) -> None:
        """Let `app` answer errors with pages."""
        app.add_error_handler(Exception, self.unexpected)
        app.add_error_handler(falcon.HTTPError, self.falcons)
        app.add_error_handler(SupportCasesError, self.own)

    def own(self, req: ConsoleRequest, resp: falcon.Response, error: SupportCasesError, params: Any) -> None:
        """Answer to an exception of ours."""
        self._show(req, resp, errors.own(req, error), may_be_hidden=isinstance(error, CaseNotFound))

    def falcons(self, req: ConsoleRequest, resp: falcon.Response, error: falcon.HTTPError, params: Any) -> None:
        """Answer to an exception of Falcon's."""
        self._show(req, resp, errors.falcons(error))

    def unexpected(self, req: ConsoleRequest, resp: falcon.Response, error: Exception, params: Any) -> None:
        """Answer to what nobody foresaw."""
        self._show(req, resp, errors.unexpected(req, error))

    def _show(
        self, req: ConsoleRequest, resp: falcon.Response, refusal: Refusal, *, may_be_hidden: bool = False
    ) -> None:
        resp.status = falcon.code_to_http_status(refusal.status)
        resp.set_headers({name: value for name, value in refusal.headers.items() if name != "WWW-Authenticate"})
        self._pages.show(
            req, resp, "error.html", refusal=refusal, may_be_hidden=may_be_hidden, request_id=req.request_id
        )
