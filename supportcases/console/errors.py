"""Errors as pages: with the same statuses and sentences as in the API."""

from typing import Any

import falcon

from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest
from supportcases.console.who import with_next
from supportcases.domain.errors import CaseNotFound, SupportCasesError, Unauthorized
from supportcases.web import errors
from supportcases.web.errors import Refusal
from supportcases.web.response import send


class ErrorHandlers:
    """The handlers of an application whose answers are pages, errors too: a subclass shows them."""

    def add_to(self, app: falcon.App[Any, Any]) -> None:
        """Let `app` answer errors with pages."""
        app.add_error_handler(Exception, self.unexpected)
        app.add_error_handler(falcon.HTTPError, self.falcons)
        app.add_error_handler(SupportCasesError, self.own)

    def own(self, req: Any, resp: falcon.Response, error: SupportCasesError, params: Any) -> None:
        """Answer to an exception of ours."""
        self._refuse(req, resp, errors.own(req, error), error)

    def falcons(self, req: Any, resp: falcon.Response, error: falcon.HTTPError, params: Any) -> None:
        """Answer to an exception of Falcon's."""
        self._refuse(req, resp, errors.falcons(error), error)

    def unexpected(self, req: Any, resp: falcon.Response, error: Exception, params: Any) -> None:
        """Answer to what nobody foresaw."""
        self._refuse(req, resp, errors.unexpected(req, error), error)

    def _refuse(self, req: Any, resp: falcon.Response, refusal: Refusal, error: Exception) -> None:
        """Set the status and the headers, but not the one that lets a browser ask for a password; show the rest."""
        resp.status = falcon.code_to_http_status(refusal.status)
        resp.set_headers({name: value for name, value in refusal.headers.items() if name != "WWW-Authenticate"})
        if req.get_header("Accept") == falcon.MEDIA_JSON:  # so asks the script that sends files
            body = errors.error_body(req.request_id, refusal.code, self.sentence(req, refusal, error))
            send(resp, body, refusal.status)
        else:
            self.show(req, resp, refusal, error)

    def sentence(self, req: Any, refusal: Refusal, error: Exception) -> str:
        """Return what a refusal says."""
        return refusal.sentence

    def show(self, req: Any, resp: falcon.Response, refusal: Refusal, error: Exception) -> None:
        """Show the page of a refusal."""
        raise NotImplementedError


class ErrorPages(ErrorHandlers):
    """The errors of the console."""

    def __init__(self, pages: Pages) -> None:
        """Tell of them on `pages`."""
        self._pages = pages

    def show(self, req: ConsoleRequest, resp: falcon.Response, refusal: Refusal, error: Exception) -> None:
        """Show the sentence of the API; say where a case may be hidden from the asker, and lead to where they sign in.

        A page leads there, and no redirect: that of a form must stay on this host (the policy's `form-action`), and
        wherever the host sends people on to.
        """
        at = self._pages.settings.sign_in_url if isinstance(error, Unauthorized) else None
        self._pages.show(
            req,
            resp,
            "error.html",
            refusal=refusal,
            may_be_hidden=isinstance(error, CaseNotFound),
            request_id=req.request_id,
            sign_in=with_next(at, f"{req.root}/{req.here}") if at else None,
        )
