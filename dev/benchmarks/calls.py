"""One WSGI call, in process: what a server would hand over, and the whole answer."""

import io
import json
from collections.abc import Callable, Iterable
from typing import Any, Final
from wsgiref.util import setup_testing_defaults

CASES: Final = "/api/v1/support-cases"
SUPPORT: Final = "/api/v1/support"

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Call:
    """A request that can be made again and again."""

    def __init__(self, app: WsgiApp, key: str, method: str, path: str, query: str = "", body: Any = None) -> None:
        """Prepare the request."""
        self._app = app
        self._body = b"" if body is None else json.dumps(body).encode()
        self._environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_AUTHORIZATION": f"Bearer {key}",
            "HTTP_ACCEPT": "*/*",
            "wsgi.errors": io.StringIO(),
        }
        setup_testing_defaults(self._environ)
        if self._body:
            self._environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(self._body))}

    def __call__(self) -> bytes:
        """Make the request; return the body of its answer.

        Raises:
            RuntimeError: The answer is no success.
        """
        said: list[str] = []
        environ = {**self._environ, "wsgi.input": io.BytesIO(self._body)}
        body = b"".join(self._app(environ, lambda status, headers, exc_info=None: said.append(status)))
        if not said[0].startswith("2"):
            raise RuntimeError(f"{said[0]}: {body.decode()}")
        return body
