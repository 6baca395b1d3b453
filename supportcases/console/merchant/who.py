"""Who is at the merchant's pages: whom the host's session knows."""

from typing import Final

import falcon

from supportcases.console.merchant.pages import FILES, link
from supportcases.console.who import go_to, with_next
from supportcases.domain.actors import ActorKind
from supportcases.domain.errors import Unauthorized
from supportcases.web.auth import Authenticate, recognised
from supportcases.web.forms import SAFE, must_come_from_here
from supportcases.web.request import ApiRequest

PUBLIC: Final = f"{FILES}/"


class Merchants:
    """Middleware: refuses forms from elsewhere, and lets nobody in but merchants."""

    def __init__(self, authenticate: Authenticate, sign_in_url: str | None) -> None:
        """Ask the host's `authenticate`, and send whom it does not know to `sign_in_url`."""
        self._authenticate = authenticate
        self._sign_in_url = sign_in_url

    def process_request(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Find out who is asking; whom nobody knows is sent to sign in, unless a text would be lost by it.

        Raises:
            falcon.HTTPForbidden: A form comes from elsewhere.
            NotPermitted: One of the support team asks.
            Unauthorized: Nobody knows them.
        """
        must_come_from_here(req)
        if req.path.startswith(PUBLIC):
            return
        req.actor = recognised(self._authenticate, req)
        if req.actor:
            req.actor.must_be(ActorKind.MERCHANT)
        elif self._sign_in_url and req.method in SAFE:
            go_to(resp, with_next(self._sign_in_url, _here(req)))
            resp.complete = True
        else:
            raise Unauthorized()


def _here(req: ApiRequest) -> str:
    """Return the path that is asked for, with its query string."""
    query = req.env.get("QUERY_STRING", "")
    return link(req, falcon.uri.encode(req.path.lstrip("/"))) + (f"?{query}" if query else "")
