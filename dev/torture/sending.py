"""A client that announces files and sends them."""

import json
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import urlsplit

from dev.torture.servers import CASES, PATIENCE, Heard

CLAIM: Final = 25  # what all that is tried with files is of
SEED: Final = 25
ANNOUNCED: Final = f"{CASES}/attachments"


class Asker:
    """A kept connection of somebody with a key."""

    def __init__(self, port: int, key: str) -> None:
        """Connect at the first call."""
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._key = key

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Heard:
        """Send a request; return the whole answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body, sent)
        answer = self._connection.getresponse()
        whole = answer.read()
        return Heard(answer.status, {name.lower(): value for name, value in answer.getheaders()}, whole)

    def json(self, method: str, path: str, body: Any = None) -> Heard:
        """Send JSON, with the key."""
        headers = {"Authorization": f"Bearer {self._key}", "Content_Type": "application/json"}
        return self(method, path, None if body is None else json.dumps(body).encode(), **headers)

    def announce(self, size: int) -> tuple[str, str]:
        """Announce a file; return its id and where its bytes go."""
        heard = self.json("POST", ANNOUNCED, {"name": "x.bin", "contentType": "image/png", "size": size})
        if heard.status != 201:
            raise RuntimeError(f"an announcement was answered {heard.status}: {heard.body!r}")
        where = urlsplit(heard.json["uploadUrl"])
        return heard.json["id"], f"{where.path}?{where.query}"

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
