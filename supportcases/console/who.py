"""Who is at the console: whom the host knows, or who has signed in with a support key."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import falcon

from supportcases.console.request import AT, ConsoleRequest
from supportcases.desk.sessions import LASTING, SignIns
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.errors import Unauthorized
from supportcases.web.auth import Authenticate, recognised
from supportcases.web.forms import must_come_from_here
from supportcases.web.rate_limit import Limits

COOKIE: Final = "supportcases"
SECURE_COOKIE: Final = "__Secure-supportcases"  # which a browser takes only over https
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_TOKENS: Final = 3  # that one request may bring: of this desk, and of others above it on the same host
PUBLIC: Final = (f"{AT}/static/", f"{AT}/sign-in")


class Who:
    """Middleware: refuses forms from elsewhere, and lets nobody in but the support team."""

    def __init__(
        self,
        authenticate: Authenticate | None,
        sign_ins: SignIns | None,
        *,
        limits: Limits | None,
    ) -> None:
        """Ask the host's `authenticate` first, if there is one, and then for a session, if keys can begin one."""
        self._authenticate = authenticate
        self._sign_ins = sign_ins
        self._limits = limits

    def process_request(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Find out who is asking; whom nobody knows is sent to sign in where keys let people in.

        Raises:
            falcon.HTTPForbidden: A form comes from elsewhere.
            falcon.HTTPRouteNotFound: A merchant asks: it is as if there were no console.
            falcon.HTTPTooManyRequests: They ask too often.
            Unauthorized: Nobody knows them, and the host signs people in.
        """
        must_come_from_here(req)
        if req.path.startswith(PUBLIC):
            return
        actor = self._recognise(req)
        if actor is None:
            self._send_to_sign_in(req, resp)
            return
        if actor.kind is not ActorKind.SUPPORT:
            raise falcon.HTTPRouteNotFound()
        req.actor = actor
        if self._limits:
            self._limits.request_of(actor, resp)

    def _recognise(self, req: ConsoleRequest) -> Actor | None:
        actor = recognised(self._authenticate, req) if self._authenticate else None
        if actor is None and self._sign_ins:
            for token in tokens_of(req):
                if actor := self._sign_ins.recognise(token):
                    req.token = token
                    return actor
        return actor

    def _send_to_sign_in(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        if not self._sign_ins:
            raise Unauthorized("You are not signed in, or may not see this.")
        onward = {"next": req.here} if req.here else {}
        go_to(resp, req.link("sign-in", **onward, **({"lost": "yes"} if req.method == "POST" else {})))
        resp.complete = True


def with_next(sign_in_url: str, here: str) -> str:
    """Return where somebody is to sign in who then comes back `here`."""
    return sign_in_url + ("&" if "?" in sign_in_url else "?") + urlencode({"next": here})


def tokens_of(req: falcon.Request) -> list[str]:
    """Return the tokens of sessions that the browser has sent."""
    return (req.get_cookie_values(cookie_name(req)) or [])[:MOST_TOKENS]


def cookie_name(req: falcon.Request) -> str:
    """Return what the cookie of a session is called."""
    return SECURE_COOKIE if req.scheme == "https" else COOKIE


def give_token(req: ConsoleRequest, resp: falcon.Response, token: str) -> None:
    """Let the browser keep the token of a session for as long as it lasts, or none where `token` is empty."""
    give_cookie(req, resp, cookie_name(req), token, int(LASTING.total_seconds()))


def give_cookie(req: ConsoleRequest, resp: falcon.Response, name: str, value: str, seconds: int) -> None:
    """Let the browser keep a cookie for so long, or none of that name where `value` is empty."""
    resp.set_cookie(
        name,
        value,
        max_age=seconds if value else None,
        expires=None if value else LONG_AGO,  # Falcon takes a `max_age` of 0 for none
        path=req.mounted_at or "/",
        http_only=True,
        same_site="Lax",
        secure=req.scheme == "https",
    )


def go_to(resp: falcon.Response, place: str) -> None:
    """Answer with another page; an exception of Falcon's would lose the cookie."""
    resp.status, resp.location = falcon.HTTP_303, place
