"""The Falcon app with everything around the resources: who may come in, errors, the log, the last resort."""

import os
import sys
import threading
from collections.abc import Iterable
from typing import Any, Final

import falcon

from supportcases.desk import SupportDesk
from supportcases.errors import SupportCasesError
from supportcases.keys import KeyRing
from supportcases.logs import logger
from supportcases.web import errors
from supportcases.web.access import Access
from supportcases.web.auth import Authentication
from supportcases.web.requests import ApiRequest, request_id_of

# Threads that read take turns: SQLite lets go of Python's lock at each row, and two threads at once would spend their
# time on handing it to and fro. A slow search keeps nobody waiting for longer than this; writers have their own turns.
READS: Final = ("GET", "HEAD")
TURN: Final = 0.01  # seconds

log: Final = logger("supportcases.web")


class SupportApp(falcon.App[ApiRequest, falcon.Response]):
    """A WSGI application that serves the support desk.

    Attributes:
        desk: The same desk for Python.
        keys: The API keys of its database.
    """

    def __init__(self, desk: SupportDesk, keys: KeyRing, authentication: Authentication) -> None:
        """Serve `desk` to whom `authentication` lets in."""
        super().__init__(request_type=ApiRequest, middleware=[Access(), authentication])
        self._process, self._turn = os.getpid(), threading.Lock()
        self.desk: Final = desk
        self.keys: Final = keys
        self.add_error_handler(Exception, errors.handle_unexpected)
        self.add_error_handler(falcon.HTTPError, errors.handle_falcon)
        self.add_error_handler(SupportCasesError, errors.handle_own)

    def __call__(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request, also one that Falcon itself stumbles over before its own error handling."""
        env.setdefault("PATH_INFO", "")  # PEP 3333 lets a server leave out an empty one
        turn = self._turn_of(env.get("REQUEST_METHOD"))
        try:
            return super().__call__(env, start_response)
        except Exception as error:
            request_id = request_id_of(env)
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
            if turn:
                turn.release()

    def _turn_of(self, method: str | None) -> "threading.Lock | None":
        """Return the readers' turn once a request that reads has it, or None where it goes on without."""
        if self._process != os.getpid():  # a fork copies a turn that somebody has, but nobody to give it back
            self._process, self._turn = os.getpid(), threading.Lock()
        return self._turn if method in READS and self._turn.acquire(timeout=TURN) else None
