"""The Falcon app with everything around the resources: who may come in, errors, the log, the last resort."""

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

import falcon

from supportcases.desk import SupportDesk
from supportcases.desk.keys import KeyRing
from supportcases.domain.errors import SupportCasesError
from supportcases.logs import logger
from supportcases.processes import TIME_BUDGET, deadline, request_under_way, ticks, waited
from supportcases.web import errors
from supportcases.web.access import Access
from supportcases.web.attachment_urls import AttachmentUrls
from supportcases.web.auth import Authentication
from supportcases.web.cors import Cors
from supportcases.web.handled import REQUEST_ID, ROUTE, STORE, OnRequest, handled
from supportcases.web.request import ApiRequest, request_id_of

# Requests with these methods keep one connection, for the key and for what is asked. The others have to wait for their
# body, and call the host's functions: meanwhile they hold none.
READING: Final = ("GET", "HEAD")

log: Final = logger("supportcases.web")


if TYPE_CHECKING:
    FalconApp = falcon.App[ApiRequest, falcon.Response]
else:
    FalconApp = falcon.App  # without parameters: a tracer may have put a class of its own there, which takes none


class DeskApp(FalconApp):
    """A WSGI application over a support desk, whose requests have a time budget.

    Attributes:
        desk: The same desk for Python.
    """

    def __init__(self, desk: SupportDesk, middleware: list[Any], time_budget: float | None = TIME_BUDGET) -> None:
        """Ask `middleware` about each request, and spend at most `time_budget` seconds on it."""
        super().__init__(request_type=ApiRequest, middleware=middleware)
        self.desk: Final = desk
        self._time_budget = math.inf if time_budget is None else time_budget

    def _answer(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return super().__call__(env, start_response)

    def __call__(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request, also one that Falcon itself stumbles over before its own error handling."""
        env.setdefault("PATH_INFO", "")  # PEP 3333 lets a server leave out an empty one
        reads = env.get("REQUEST_METHOD") in READING
        budget = deadline.set(ticks() + self._time_budget - waited.get())
        before = request_under_way.set(None)
        try:
            with self.desk.repository.request() if reads else nullcontext():
                return self._answer(env, start_response)
        except Exception as error:
            request_id = request_under_way.get() or request_id_of(env)
            request_under_way.set(request_id)
            env.update({ROUTE: env.get(ROUTE), STORE: env.get(STORE), REQUEST_ID: request_id})
            if isinstance(error, UnicodeError):
                log.warning("%s: the request is not decodable", request_id)
                status, reason, sentence = 400, "400 Bad Request", "The request is not decodable."
            else:
                log.error("%s: unexpected error", request_id, exc_info=True)
                status, reason, sentence = 500, "500 Internal Server Error", errors.OUR_FAULT
            body = errors.last_resort(request_id, status, sentence)
            headers = [
                ("Content-Type", falcon.MEDIA_JSON),
                ("Content-Length", str(len(body))),
                ("X-Request-Id", request_id),
            ]
            start_response(reason, headers, sys.exc_info())
            return [body]
        finally:
            deadline.reset(budget)
            request_under_way.reset(before)


class SupportApp(DeskApp):
    """A WSGI application that serves the support desk.

    Attributes:
        desk: The same desk for Python.
        keys: The API keys of its database.
        attachment_urls: The URLs of files, which a server asks whether a large body may come.
    """

    def __init__(
        self,
        desk: SupportDesk,
        keys: KeyRing,
        authentication: Authentication,
        time_budget: float | None = None,
        beside: Mapping[str, Callable[..., Iterable[bytes]]] | None = None,
        urls: AttachmentUrls | None = None,
        on_request: OnRequest | None = None,
        cors: Cors | None = None,
    ) -> None:
        """Serve `desk` to whom `authentication` lets in, and spend at most `time_budget` seconds on a request.

        What is asked for at or below a path of `beside` the application there answers. `urls` are those of files;
        `on_request` is told of each request, and `cors` says which pages of other origins may ask.
        """
        super().__init__(desk, [Access(), *([cors] if cors else []), authentication], time_budget)
        self.keys: Final = keys
        self.attachment_urls: Final = urls or AttachmentUrls(desk, prefix="")
        self._beside = dict(beside or {})
        self._on_request = on_request
        self.add_error_handler(Exception, errors.handle_unexpected)
        self.add_error_handler(falcon.HTTPError, errors.handle_falcon)
        self.add_error_handler(SupportCasesError, errors.handle_own)

    def __call__(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request, and tell whoever wants to know of it."""
        if self._on_request is None:
            return super().__call__(env, start_response)
        return handled(self._on_request, super().__call__, env, start_response)

    def _answer(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = env["PATH_INFO"]
        for at, app in self._beside.items():
            if path == at or path.startswith(f"{at}/"):
                return app(env, start_response)
        return super()._answer(env, start_response)
