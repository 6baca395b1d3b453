"""Signing in with a support key, and out."""

from typing import Final

import falcon

from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest
from supportcases.console.who import give_token, go_to, tokens_of
from supportcases.desk.sessions import SignIns
from supportcases.web.forms import form_of
from supportcases.web.rate_limit import Limits, RateLimit

FAILURES: Final = RateLimit(20, "minute")  # that an address may have
MOST_SENT: Final = 20_000  # bytes: a key, and the page to come back to


class SignIn:
    """The page on which a support key is pasted: `/console/sign-in`."""

    def __init__(self, pages: Pages, sign_ins: SignIns) -> None:
        """Begin sessions of `sign_ins`."""
        self._pages = pages
        self._sign_ins = sign_ins
        self._limits = Limits(FAILURES)

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Show the form."""
        sent = req.parameters()
        onward, lost = sent.get("next", [""])[-1], "lost" in sent
        self._pages.show(req, resp, "sign_in.html", onward=onward, problem=None, lost=lost)

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Begin a session, whose token the browser keeps in a cookie; the one that it had before ends."""
        form = form_of(req, MOST_SENT)
        before = next(iter(tokens_of(req)), None)
        token = self._sign_ins.sign_in(form.text("key").strip(), instead_of=before)
        if token is None:
            self._limits.failure_of(req.env.get("REMOTE_ADDR", ""), resp)
            resp.status = falcon.HTTP_403
            self._pages.show(req, resp, "sign_in.html", onward=form.text("next"), problem=True, lost=False)
            return
        give_token(req, resp, token)
        go_to(resp, req.onward(form.text("next")))


class SignOut:
    """Where a session ends: `/console/sign-out`."""

    def __init__(self, sign_ins: SignIns) -> None:
        """End sessions of `sign_ins`."""
        self._sign_ins = sign_ins

    def on_post(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """End the session, and let the browser forget it."""
        if req.token:
            self._sign_ins.sign_out(req.token)
        give_token(req, resp, "")
        go_to(resp, req.link("sign-in"))
