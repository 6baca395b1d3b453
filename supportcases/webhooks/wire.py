"""A connection that can neither be held up nor flooded, whatever the other side sends, in plain text or with TLS.

TLS is spoken in memory, a piece at a time, so that the bytes below it are counted, and the time is looked at, as they
come: of a million session tickets, say, OpenSSL on a socket tells nobody who reads through it.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from socket import socket
from typing import Final, Protocol, TypeVar

from supportcases.webhooks.deadline import Deadline, NoAnswer

T = TypeVar("T")

PIECE: Final = 16_384
MOST: Final = 262_144  # bytes that are taken in all; OpenSSL takes certificates of 100 kB


class Wire(Protocol):
    """What a request is sent over, and its answer comes back."""

    def send(self, data: bytes) -> None:
        """Send all of it."""

    def receive(self) -> bytes:
        """Return what comes next, or nothing at the end."""

    def say_goodbye(self) -> None:
        """Let the other side know that no more comes."""


class PlainWire:
    """A socket, until a deadline."""

    def __init__(self, connected: socket, deadline: Deadline, *, most: int = MOST) -> None:
        """Take up to `most` bytes from it."""
        self._socket: Final = connected
        self._deadline: Final = deadline
        self._left = most

    def send(self, data: bytes) -> None:
        """Send all of it."""
        view = memoryview(data)
        while view:
            self._socket.settimeout(self._deadline.left())
            view = view[self._socket.send(view) :]

    def receive(self) -> bytes:
        """Return what comes next, or nothing at the end."""
        self._socket.settimeout(self._deadline.left())
        piece = self._socket.recv(PIECE)
        self._left -= len(piece)
        if self._left < 0:
            raise NoAnswer("It sent more than is taken from it.")
        return piece

    def say_goodbye(self) -> None:
        """Say nothing: closing the socket does."""


class TlsWire:
    """TLS to a name, over a wire."""

    def __init__(self, wire: PlainWire, context: ssl.SSLContext, name: str) -> None:
        """Shake hands."""
        self._wire: Final = wire
        self._incoming: Final = ssl.MemoryBIO()
        self._outgoing: Final = ssl.MemoryBIO()
        self._tls: Final = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._until_done(self._tls.do_handshake)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        view = memoryview(data)
        while view:
            view = view[self._until_done(partial(self._tls.write, view[:PIECE])) :]

    def receive(self) -> bytes:
        """Return what comes next, or nothing at the end, whether or not the other side has said that it is one."""
        try:
            return self._until_done(partial(self._tls.read, PIECE))
        except ssl.SSLEOFError:
            return b""

    def say_goodbye(self) -> None:
        """Let the other side know that no more comes."""
        with suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()

    def _until_done(self, step: Callable[[], T]) -> T:
        """Take a step of TLS as often as more has come, until it has what it needs."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                piece = self._wire.receive()
                if piece:
                    self._incoming.write(piece)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                with suppress(OSError):
                    self._flush()  # why it ends: the other side's log may tell
                raise
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        self._wire.send(self._outgoing.read())
