"""A client of one connection, which is opened again where the server has closed it."""

import json
from http.client import HTTPConnection
from typing import Any

from tests.conftest import RawAnswer


class Client:
    """Sends requests to 127.0.0.1, with a key if it has one."""

    def __init__(self, port: int, key: str = "") -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self.key = key

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> RawAnswer:
        """Send a request with `body` as JSON, or as it is if it is bytes or an iterable of bytes."""
        sent = {"X-Request-Id": "test"}
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        if isinstance(body, dict):
            body = json.dumps(body, ensure_ascii=False).encode()
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self.connection.request(method, path, body, sent, encode_chunked="Transfer-Encoding" in sent)
        except (BrokenPipeError, ConnectionResetError):
            if self.connection.sock is None:  # it was not even connected
                raise
            # the server has had enough of the body, and may have said why
        return self.answer()

    def answer(self) -> RawAnswer:
        """Read the answer to what was sent."""
        response = self.connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return RawAnswer(response.status, headers, response.read())

    @property
    def is_connected(self) -> bool:
        """Whether the server has left the connection open."""
        return self.connection.sock is not None
