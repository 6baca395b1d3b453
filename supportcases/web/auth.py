"""Who is asking: the host's own `authenticate`, or the API keys."""

import re
from collections.abc import Callable, Collection
from typing import Any, Final

import falcon

from supportcases.desk.keys import KeyRing
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.errors import Unauthorized
from supportcases.web.cors import is_preflight
from supportcases.web.rate_limit import Limits
from supportcases.web.request import ApiRequest
from supportcases.web.resources import DeskResource

Authenticate = Callable[[falcon.Request], Actor | None]

SIGNED: Final = ("GET", "HEAD", "PUT")  # what the URL of a file may be for
BEARER: Final = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)


def by_api_key(keys: KeyRing) -> Authenticate:
    """Return an `authenticate` that recognises the key in `Authorization: Bearer KEY`."""

    def authenticate(req: falcon.Request) -> Actor | None:
        header = BEARER.fullmatch(req.env.get("HTTP_AUTHORIZATION", "").strip(" \t"))
        return keys.recognise(header[1]) if header else None

    return authenticate


def first_of(authenticate: Authenticate, otherwise: Authenticate) -> Authenticate:
    """Return an `authenticate` that asks the second where the first knows nobody."""

    def ask_both(req: falcon.Request) -> Actor | None:
        actor = authenticate(req)
        return otherwise(req) if actor is None else actor

    return ask_both


def recogniser(authenticate: Authenticate | None, keys: KeyRing, api_keys: bool) -> Authenticate:
    """Return what tells who is asking: the host's own `authenticate`, the API keys, or one after the other."""
    recognise = by_api_key(keys)
    if authenticate is None:
        return recognise
    return first_of(authenticate, recognise) if api_keys else authenticate


def recognised(authenticate: Authenticate, req: ApiRequest) -> Actor | None:
    """Return whom `authenticate`, which the host may have written, knows.

    Raises:
        TypeError: It returned something else.
    """
    actor = authenticate(req)
    if not (actor is None or isinstance(actor, Actor)):
        raise TypeError(f"authenticate must return an Actor or None, not {type(actor).__name__}")
    return actor


class Authentication:
    """Middleware: below the API's prefix nobody comes in unknown, be the path and the verb known or not."""

    def __init__(
        self,
        authenticate: Authenticate,
        prefix: str,
        public: Collection[str],
        limits: Limits | None = None,
        signed: re.Pattern[str] | None = None,
        preflights: bool = False,
    ) -> None:
        """Ask `authenticate` about every request at or below `prefix`, except for the paths in `public`.

        Whoever reads or sends at a path of `signed` is not asked either: the URL itself says that they may. Nor are
        browsers where `preflights` are to be answered, which tell of a path no more than its verbs.
        """
        self._authenticate = authenticate
        self._prefix = prefix
        self._public = public
        self._limits = limits
        self._signed = signed
        self._preflights = preflights

    def process_request(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Find out who is asking.

        Raises:
            Unauthorized: Nobody knows.
            falcon.HTTPTooManyRequests: They, or those at their address whom nobody knows, ask too often.
        """
        if self._preflights and is_preflight(req):
            return
        path = "/" + req.path.lstrip("/")  # Falcon routes "//api" as "/api"
        if path in self._public or (self._signed and req.method in SIGNED and self._signed.fullmatch(path)):
            return
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            actor = recognised(self._authenticate, req)
            if actor is None:
                if self._limits:
                    self._limits.failure_of(req.env.get("REMOTE_ADDR", ""), resp)
                raise Unauthorized()
            req.actor = actor
            if self._limits:
                self._limits.request_of(actor, resp)

    def process_resource(
        self, req: ApiRequest, resp: falcon.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Let nobody to the other side of the desk, whatever the verb.

        Raises:
            falcon.HTTPRouteNotFound: A merchant asks for the support team's side: it is as if there were none.
            NotPermitted: One of the support team asks for the merchants' side.
        """
        if isinstance(resource, DeskResource) and not (self._preflights and is_preflight(req)):
            actor = asker(req)
            if resource.side is ActorKind.SUPPORT and actor.kind is ActorKind.MERCHANT:
                raise falcon.HTTPRouteNotFound()
            actor.must_be(resource.side)


def asker(req: ApiRequest) -> Actor:
    """Return who sent the request.

    Raises:
        Unauthorized: Nobody knows who it was.
    """
    if req.actor is None:
        raise Unauthorized()
    return req.actor
