"""A client that looks at every byte, since `http.client` forgives an answer that ends in its headers."""

import json
import socket
import time
from dataclasses import dataclass, field
from typing import Any, Final

from dev.torture.servers import PATIENCE, Heard

TAKEN: Final = 65_536  # bytes that are taken at a time
PAUSE: Final = 0.004  # seconds between, for a leisurely client


@dataclass(slots=True)
class Tally:
    """What clients saw together.

    Attributes:
        whole: When the request of each whole answer was sent, and when its last byte came, by `time.monotonic`.
        cut: Answers that ended after they had begun and before their end, each in a few words.
    """

    whole: list[tuple[float, float]] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


class Wire:
    """A kept connection; a leisurely one takes few bytes at a time, with pauses."""

    def __init__(self, port: int, *, tally: Tally, leisurely: bool = False) -> None:
        """Connect, or raise an `OSError`."""
        self._tally = tally
        self._pause = PAUSE if leisurely else 0
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE)
        if leisurely:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TAKEN)
        try:
            self._socket.connect(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Heard:
        """Send a request with `body` as JSON; return the whole answer, or raise an `OSError`."""
        data = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(data)}"]
        lines += ["Content-Type: application/json", *(f"{name}: {value}" for name, value in headers.items())]
        sent = time.monotonic()
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + data)
        heard = self._heard()
        self._tally.whole.append((sent, time.monotonic()))
        return heard

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _heard(self) -> Heard:
        got = bytearray()
        while b"\r\n\r\n" not in got:
            got += self._more(got)
        head, _, body = got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers["content-length"])
        while len(body) < length:
            body += self._more(body)
        if len(body) > length:
            self._tally.cut.append(f"{len(body):,} bytes instead of {length:,}")
        return Heard(int(first.split()[1]), headers, bytes(body))

    def _more(self, got: bytearray) -> bytes:
        """Return what comes next; where nothing does, an answer that has begun is cut short."""
        time.sleep(self._pause)
        try:
            more = self._socket.recv(TAKEN)
            if not more:
                raise ConnectionError("the connection ended")
        except OSError as error:
            if got:
                self._tally.cut.append(f"after {len(got):,} bytes: {error}")
            raise
        return more
