"""Errors as a merchant reads them: with the statuses of the API, and in sentences of their own."""

from typing import Any, Final

import falcon

from supportcases.console.merchant.pages import Pages
from supportcases.console.words import N_
from supportcases.domain import errors as ours
from supportcases.domain.errors import SupportCasesError
from supportcases.web import errors
from supportcases.web.errors import Refusal
from supportcases.web.request import ApiRequest

OUR_FAULT: Final = N_("Something went wrong on our side.")
LATER: Final = N_("Support cannot be reached at the moment; try again in a minute.")
SENTENCES: Final[dict[type[Exception], str]] = {
    ours.CaseNotFound: N_("There is no such case."),
    ours.DatabaseBusy: LATER,
    ours.DatabaseUnavailable: LATER,
    ours.DatabaseUnusable: LATER,
    ours.InvalidInput: N_("This cannot be understood."),
    ours.NotPermitted: N_("These pages are for merchants."),
    ours.ThreadFull: N_("This case has no room for one more reply; open a new case."),
    ours.TooManyCases: N_("You have as many open cases as you may have; reply to one, or close one first."),
    ours.TooSlow: N_("This takes too long; search for a longer word."),
    ours.Unauthorized: N_("You are not signed in."),
    falcon.HTTPContentTooLarge: N_("This text is too long."),
    falcon.HTTPForbidden: N_("This was not sent from a page of this site; open the page again."),
    falcon.HTTPRouteNotFound: N_("There is nothing at this address."),
    falcon.HTTPError: N_("This cannot be understood."),
    Exception: OUR_FAULT,
}


def sentence_of(error: Exception) -> str:
    """Return what an error says to a merchant, in English."""
    return next(SENTENCES[kind] for kind in type(error).__mro__ if kind in SENTENCES)


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

    def own(self, req: ApiRequest, resp: falcon.Response, error: SupportCasesError, params: Any) -> None:
        """Answer to an exception of ours."""
        self._show(req, resp, errors.own(req, error), error)

    def falcons(self, req: ApiRequest, resp: falcon.Response, error: falcon.HTTPError, params: Any) -> None:
        """Answer to an exception of Falcon's."""
        self._show(req, resp, errors.falcons(error), error)

    def unexpected(self, req: ApiRequest, resp: falcon.Response, error: Exception, params: Any) -> None:
        """Answer to what nobody foresaw, without the layout, which may be what has failed."""
        refusal = errors.unexpected(req, error)
        resp.status = falcon.code_to_http_status(refusal.status)
        resp.text = f"<!doctype html>{self._pages.html(req, 'error.html', **self._told(req, refusal, error))}"

    def _show(self, req: ApiRequest, resp: falcon.Response, refusal: Refusal, error: Exception) -> None:
        resp.status = falcon.code_to_http_status(refusal.status)
        resp.set_headers({name: value for name, value in refusal.headers.items() if name != "WWW-Authenticate"})
        told = self._told(req, refusal, error)
        self._pages.show(req, resp, "error.html", title=told["sentence"], **told)

    def _told(self, req: ApiRequest, refusal: Refusal, error: Exception) -> dict[str, Any]:
        return {
            "sentence": self._pages.say(req, sentence_of(error)),
            "is_known": req.actor is not None,
            "request_id": req.request_id if refusal.status >= 500 else None,
        }
