"""What slow and greedy clients do to a server: each attack is a context manager that lasts as long as its block."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Final, NamedTuple

CLIENTS: Final = 400
PATIENCE: Final = 5.0  # seconds that an attacker tries to get rid of what it has to say
PIECE: Final = 65_536
GIGABYTE: Final = 10**9
NARROW: Final = 1_024  # bytes of an answer that the system of a client takes that does not read

HEAD: Final = b"POST /api/v1/support-cases HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n"
CHUNKED: Final = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK: Final = b"10000\r\n" + b"x" * PIECE + b"\r\n"
OPENAPI: Final = b"GET /openapi.json HTTP/1.1\r\nHost: desk\r\n\r\n"


def declaring(length: int) -> bytes:
    """Return the head of a request that has a body of that length."""
    return HEAD + b"Content-Length: %d\r\n\r\n" % length


@dataclass
class Siege:
    """An attack under way: how much it has sent, and whether it is still sending."""

    sent: int = 0
    sending: bool = False


Siegers = Callable[[int], AbstractContextManager[Siege]]


class Attack(NamedTuple):
    """An attack on a port, how many seconds of it are worth a look, and what must arrive for it to count.

    `held` are connections that the server holds at once, `sent` megabytes that it has taken or refused.
    """

    name: str
    effort: str
    on: Siegers
    seconds: float
    held: int = 0
    sent: float = 0.0


def connected(port: int, words: bytes = b"", receive_buffer: int = 0) -> socket.socket:
    """Return a new connection on which as many of the words were said as the server took."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(PATIENCE)
    try:
        connection.connect(("127.0.0.1", port))
        connection.sendall(words)
    except OSError:  # refused in the middle, or not taken: this one stays as it is
        pass
    return connection


@contextmanager
def crowd(port: int, *, words: bytes = b"", receive_buffer: int = 0, clients: int = CLIENTS) -> Iterator[Siege]:
    """Let many come, say the same at once, and then neither speak nor listen."""
    connections = [connected(port, words, receive_buffer) for _ in range(clients)]
    try:
        yield Siege(sent=clients * len(words))
    finally:
        for connection in connections:
            connection.close()


@contextmanager
def dripping(
    port: int, *, words: bytes = HEAD + b"X-Slow: ", drop: bytes = b"x", clients: int = CLIENTS
) -> Iterator[Siege]:
    """Let many come and say a drop a second, without end; who is thrown out comes again."""
    connections = [connected(port, words) for _ in range(clients)]
    leave = threading.Event()

    def drip() -> None:
        while not leave.wait(1.0):
            for at, connection in enumerate(connections):
                try:
                    connection.send(drop)
                except OSError:
                    connection.close()
                    connections[at] = connected(port, words)

    dropper = threading.Thread(target=drip)
    dropper.start()
    try:
        yield Siege(sent=clients * len(words))
    finally:
        leave.set()
        dropper.join()
        for connection in connections:
            connection.close()


@contextmanager
def flood(port: int, *, pieces: Callable[[], Iterable[bytes]]) -> Iterator[Siege]:
    """Let one send all of something huge, as fast as the server takes it, until it is refused."""
    connection = connected(port)
    siege = Siege(sending=True)

    def pour() -> None:
        try:
            for piece in pieces():
                connection.sendall(piece)
                siege.sent += len(piece)
        except OSError:  # refused
            pass
        finally:
            siege.sending = False

    pourer = threading.Thread(target=pour)
    pourer.start()
    try:
        yield siege
    finally:
        pourer.join()
        connection.close()


def declared_body() -> Iterator[bytes]:
    """Yield a request with a body of a gigabyte that says so."""
    yield declaring(GIGABYTE)
    yield from repeat(b"x" * PIECE, GIGABYTE // PIECE)


def streamed_body() -> Iterator[bytes]:
    """Yield a request with a body of a gigabyte in chunks."""
    yield CHUNKED
    yield from repeat(CHUNK, GIGABYTE // PIECE)


def endless_chunk() -> Iterator[bytes]:
    """Yield a request whose first chunk never says where its length ends."""
    yield CHUNKED
    yield from repeat(b"1" * PIECE, GIGABYTE // PIECE)


def million_headers() -> Iterator[bytes]:
    """Yield a request with a million header fields."""
    yield HEAD
    for first in range(0, 1_000_000, 1_000):
        yield b"".join(b"X-%d: 1\r\n" % number for number in range(first, first + 1_000))
    yield b"\r\n"


BODY: Final = declaring(900_000) + b'{"body": "'
BLANK_LINES: Final = partial(dripping, words=b"\r\n\r\n", drop=b"\r\n\r\n")
NOT_READING: Final = partial(crowd, words=OPENAPI, receive_buffer=NARROW)
ATTACKS: Final = (
    Attack("silence", f"{CLIENTS} silent connections", crowd, 38, held=CLIENTS),
    Attack("dripping headers", f"{CLIENTS} connections, a byte a second", dripping, 10, held=CLIENTS),
    Attack(
        "dripping bodies", f"{CLIENTS} connections, a byte a second", partial(dripping, words=BODY), 10, held=CLIENTS
    ),
    Attack("blank lines", f"{CLIENTS} connections, two a second", BLANK_LINES, 38, held=CLIENTS),
    Attack(
        "small headers",
        f"{CLIENTS} x 15 kB unfinished",
        partial(crowd, words=HEAD + b"X: " + b"x" * 15_000),
        3,
        CLIENTS,
    ),
    Attack(
        "fat headers",
        f"{CLIENTS} x 250 kB unfinished",
        partial(crowd, words=HEAD + b"X: " + b"x" * 250_000),
        3,
        sent=50,
    ),
    Attack("small bodies", f"{CLIENTS} x 8 kB unfinished", partial(crowd, words=BODY + b"x" * 8_000), 3, CLIENTS),
    Attack("fat bodies", f"{CLIENTS} x 500 kB unfinished", partial(crowd, words=BODY + b"x" * 500_000), 3, CLIENTS),
    Attack("no reading", f"{CLIENTS} answers of 80 kB unread", NOT_READING, 3, CLIENTS),
    Attack("a huge body", "1 GB, declared", partial(flood, pieces=declared_body), 1, sent=0.05),
    Attack("an endless body", "1 GB in chunks", partial(flood, pieces=streamed_body), 1, sent=1),
    Attack("an endless chunk", "1 GB as the length of a chunk", partial(flood, pieces=endless_chunk), 1, sent=1),
    Attack("a million headers", "1,000,000 fields, 13 MB", partial(flood, pieces=million_headers), 1),
)
QUICK: Final = (
    *("silence", "dripping headers", "blank lines", "fat headers", "fat bodies", "no reading"),
    *("a huge body", "an endless body", "an endless chunk", "a million headers"),
)
