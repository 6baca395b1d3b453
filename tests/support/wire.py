"""A connection of the test's own to a server, down to the byte."""

import socket
import time
from urllib.parse import urlsplit

from tests.conftest import RawAnswer


class Half(Exception):
    """The connection ended in the middle of an answer."""


class Closed(Exception):
    """The connection ended before the first byte of an answer."""


class Wire:
    """A connection of the test's own, which tells a whole answer from half of one, and both from none."""

    def __init__(self, url: str, *, timeout: float = 20.0, receive_buffer: int = 0, connect: bool = True) -> None:
        where = urlsplit(url)
        self.address = where.hostname, where.port
        self.socket = socket.socket(socket.AF_INET6 if ":" in where.hostname else socket.AF_INET)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if connect:
            self.connect()
        self.key = ""

    def connect(self) -> None:
        try:
            self.socket.connect(self.address)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        sent = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if body:
            sent = {"Content-Type": "application/json", "Content-Length": str(len(body)), **sent}
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        try:
            self.socket.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        except ConnectionError as error:
            raise Closed from error

    def receive(self, *, pause: float = 0.0, at_a_time: int = 65_536) -> RawAnswer:
        """Return the next answer, read `at_a_time` bytes with a pause after each."""
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more(at_a_time, received)
        first, *lines = received[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        whole = end + 4 + int(headers["content-length"])
        while len(received) < whole:
            time.sleep(pause)
            received += self._more(min(at_a_time, whole - len(received)), received)
        return RawAnswer(int(first.split()[1]), headers, bytes(received[end + 4 :]))

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> RawAnswer:
        self.send(method, path, body, **headers)
        return self.receive()

    def is_closed(self) -> bool:
        """Wait for the other side to close; nothing may come before."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def _more(self, most: int, received: bytearray) -> bytes:
        try:
            chunk = self.socket.recv(most)
        except ConnectionError:
            chunk = b""
        if not chunk:
            raise Half(f"only {len(received)} bytes came") if received else Closed
        return chunk
