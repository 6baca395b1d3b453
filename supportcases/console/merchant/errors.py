"""Errors as a merchant reads them: with the statuses of the API, and in sentences of their own."""

from typing import Final

import falcon

from supportcases.console.errors import ErrorHandlers
from supportcases.console.merchant.pages import Pages
from supportcases.console.words import N_
from supportcases.domain import errors as ours
from supportcases.domain.errors import SupportCasesError
from supportcases.web.errors import Refusal
from supportcases.web.request import ApiRequest

OUR_FAULT: Final = N_("Something went wrong on our side.")
LATER: Final = N_("Support cannot be reached at the moment; try again in a minute.")
SENTENCES: Final[dict[type[Exception], str]] = {
    ours.AlreadyUploaded: N_("This file was sent already."),
    ours.AttachmentNotFound: N_("This file is not there any more."),
    ours.AttachmentRefused: N_("This file is not taken here."),
    ours.AttachmentsFull: N_("Your cases have as many files as they may have; send this without one."),
    ours.CaseNotFound: N_("There is no such case."),
    ours.DatabaseBusy: LATER,
    ours.DatabaseMoved: LATER,
    ours.DatabaseUnavailable: LATER,
    ours.DatabaseUnusable: LATER,
    ours.InvalidInput: N_("This cannot be understood."),
    ours.NotPermitted: N_("These pages are for merchants."),
    ours.OutcomeUnknown: N_("It is not sure whether this was kept; look at your cases before you send it again."),
    ours.ThreadFull: N_("This case has no room for one more reply; open a new case."),
    ours.TooManyCases: N_("You have as many open cases as you may have; reply to one, or close one first."),
    ours.TooSlow: N_("This takes too long; search for a longer word."),
    ours.UploadInProgress: N_("This file is being sent already; try again in a minute."),
    ours.UploadsFull: N_("Too many files wait to be sent with a message; send some of them, or try again tomorrow."),
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


class ErrorPages(ErrorHandlers):
    """The errors of the merchant's pages."""

    def __init__(self, pages: Pages) -> None:
        """Tell of them on `pages`."""
        self._pages = pages

    def sentence(self, req: ApiRequest, refusal: Refusal, error: Exception) -> str:
        """Return what a refusal says to merchants."""
        return self._pages.say(req, sentence_of(error))

    def show(self, req: ApiRequest, resp: falcon.Response, refusal: Refusal, error: Exception) -> None:
        """Show a sentence for merchants; of what nobody foresaw without the layout, which may be what has failed."""
        sentence = self._pages.say(req, sentence_of(error))
        told = {
            "sentence": sentence,
            "is_known": req.actor is not None,
            "request_id": req.request_id if refusal.status >= 500 else None,
        }
        if isinstance(error, SupportCasesError | falcon.HTTPError):
            self._pages.show(req, resp, "error.html", title=sentence, **told)
        else:
            resp.text = f"<!doctype html>{self._pages.html(req, 'error.html', **told)}"
