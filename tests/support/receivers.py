"""Receivers of webhooks on this machine, as bad as a test wants them."""

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import repeat
from threading import Event, Thread

from supportcases.domain.addresses import Address
from supportcases.domain.webhooks import PUBLIC, Reach
from supportcases.webhooks.lookups import Lookups
from supportcases.webhooks.sending import Connect, Outcome, Sender

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NAME = "hooks.example.com"
PLACE = ip_address("93.184.216.34")  # where that name leads, as the tests have it


Script = Callable[["Receiver", socket.socket], None]


class Receiver:
    """Lets `script(receiver, connection)` have each connection, one after another."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.over = Event()  # a script that hangs waits for it
        self.script, self._tls = script, tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        self._thread = Thread(target=self._serve)

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with suppress(OSError), connection:
                connection.settimeout(10)
                if self._tls:
                    with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                        self.script(self, wrapped)
                else:
                    self.script(self, connection)

    def read(self, connection: socket.socket) -> bytes:
        """Read a whole request, keep it, and return it."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65_536)
        head, _, body = received.partition(b"\r\n\r\n")
        (length,) = (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += connection.recv(65_536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]


def answering(answer: bytes) -> Script:
    """Return a script that reads the request, answers so and closes."""

    def script(receiver: Receiver, connection: socket.socket) -> None:
        receiver.read(connection)
        connection.sendall(answer)

    return script


def dripping(beginning: bytes, drop: bytes) -> Script:
    """Return a script that answers with a beginning, and a drop every 20 ms from then on."""

    def script(receiver: Receiver, connection: socket.socket) -> None:
        receiver.read(connection)
        connection.sendall(beginning)
        while not receiver.over.wait(0.02):
            connection.sendall(drop)

    return script


def flooding(beginning: bytes, piece: bytes) -> Script:
    """Return a script that answers with a beginning, and pieces up to 1 GB; it notes in `sent` how many bytes went."""

    def script(receiver: Receiver, connection: socket.socket) -> None:
        receiver.read(connection)
        receiver.sent = 0
        connection.sendall(beginning)
        for _ in range(1_000_000_000 // len(piece)):
            connection.sendall(piece)
            receiver.sent += len(piece)

    return script


class Called:
    """Sends to a name that leads to a public address, for which a receiver on this machine stands in.

    `looked_up` and `connected` tell which names were looked up, and where a connection was asked for.
    """

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext | None = None,
        *,
        reach: Reach = PUBLIC,
        leads_to: Iterable[Iterable[str]] = repeat([str(PLACE)]),
        connect: Connect | None = None,
    ) -> None:
        self.looked_up: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self._port = port
        self._leads_to = iter(leads_to)
        lookups = Lookups(self._look_up)
        self._sender = Sender(reach, lookups=lookups, connect=connect or self._connect, context=context)

    def send(
        self,
        url: str = f"https://{NAME}/hooks",
        body: bytes = b"{}",
        headers: Mapping[str, str] = {},
        seconds: float = 5,
    ) -> Outcome:
        return self._sender.send(url, body, headers, seconds=seconds)

    def _look_up(self, host: str) -> tuple[Address, ...]:
        self.looked_up.append(host)
        return tuple(map(ip_address, next(self._leads_to)))

    def _connect(self, address: Address, port: int, seconds: float) -> socket.socket:
        self.connected.append((str(address), port))
        return socket.create_connection(("127.0.0.1", self._port), seconds)


HERE = Sender(Reach(http_loopback=True), clock=lambda: datetime(2026, 11, 30, 12, 0, tzinfo=UTC))  # by http, at noon


def outcome_of(script, *, seconds=5):
    """Send to a receiver with that script, over http."""
    with Receiver(script) as receiver:
        return HERE.send(receiver.url, b"{}", {}, seconds=seconds)
