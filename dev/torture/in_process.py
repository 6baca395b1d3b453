"""A WSGI application called without a server and without the help of a test client: what is sent is what arrives."""

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults

from dev.torture.servers import Heard

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
JSON: Final = "application/json"


def environ_of(
    method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None, **changes: Any
) -> dict[str, Any]:
    """Return the environ that a server makes of a request; `changes` are of what stands in it."""
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }
    setup_testing_defaults(environ)
    if body:
        environ |= {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(body))}
    for name, value in (headers or {}).items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ | changes


def call(app: App, environ: dict[str, Any]) -> Heard:
    """Return the whole answer."""
    begun: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        begun[:] = [int(status[:3]), {name.lower(): value for name, value in headers}]

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = begun
    return Heard(status, headers, body)
