"""Target 17: files through `supportcases serve`: what eight uploads of 25 MB cost, what a download does, and who waits.

The memory is the resident memory of the server's process; its highest is asked for every 20 ms. «Another writer» opens
one case after the other, meanwhile and alone. The last range of a file is read as often as a list, on one connection.
Nobody pays for files who has none: `in_process` and `served` measure lists and gets of cases without any.
"""

import hashlib
import json
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dev.benchmarks.calls import CASES
from dev.benchmarks.data import STORE, say
from dev.benchmarks.measure import Figure, at_most, seconds_of, spelled
from dev.benchmarks.servers import PATIENCE, Client, Desk, Server, ours
from supportcases import KeyRing, SqliteRepository

TARGET: Final = 17
SIZE: Final = 25_000_000
CLIENTS: Final = 8
ROUNDS: Final = 3
RANGES: Final = 200
CONTENT: Final = b"".join(hashlib.sha512(b"%d" % number).digest() for number in range(SIZE // 64 + 1))[:SIZE]
NEW: Final = {"subject": "Order #48213 is lost", "body": "Since today."}


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of target 17."""
    path = folder / "files.db"
    with closing(SqliteRepository(path)) as repository:
        key, _ = KeyRing(repository).create(STORE)
    with ours(Desk(path, 0, key, "")) as server:
        say("creates alone")
        with creating(server, key) as alone:
            time.sleep(5)
        download = sent(server, key)  # what the first one of all needs is no cost of eight
        say(f"{CLIENTS} uploads of 25 MB, {ROUNDS} times")
        before = server.resident()
        with highest(server) as memory, creating(server, key) as beside, ThreadPoolExecutor(CLIENTS) as clients:
            begun = time.perf_counter()
            for _ in range(ROUNDS):
                for _ in clients.map(partial(sent, server), [key] * CLIENTS):
                    pass
            taken = time.perf_counter() - begun
        rate = ROUNDS * CLIENTS * SIZE / 1e6 / taken
        detail = f"from {before:.1f} MB to {max(memory):.1f} MB, {rate:.0f} MB/s"
        yield at_most(
            TARGET, "8 clients send 25 MB each: rise of memory", max(memory) - before, 20, unit="MB", detail=detail
        )
        detail = (
            f"of {len(beside):,} creates, median {spelled(statistics.median(beside))}, longest {spelled(max(beside))}; "
            f"alone p99 {spelled(p99(alone))} of {len(alone):,}"
        )
        yield at_most(
            TARGET, "8 clients send 25 MB each: p99 of a create", p99(beside) * 1e3, 60, unit="ms", detail=detail
        )
        say("downloads")
        read(server, download)
        before = server.resident()
        with highest(server) as memory:
            seconds = [seconds_of(partial(read, server, download)) for _ in range(5)]
        detail = f"from {before:.1f} MB to {max(memory):.1f} MB, {SIZE / 1e6 / statistics.median(seconds):.0f} MB/s"
        yield at_most(TARGET, "a download of 25 MB: rise of memory", max(memory) - before, 5, unit="MB", detail=detail)
        ranges = last_ranges(server, download)
        detail = f"median of {RANGES}, p99 {spelled(p99(ranges))}"
        yield at_most(
            TARGET, "the last kilobyte of 25 MB", statistics.median(ranges) * 1e3, 5, unit="ms", detail=detail
        )


def p99(seconds: list[float]) -> float:
    """Return the seconds in which 99 of 100 were done."""
    return statistics.quantiles(seconds, n=100)[-1]


def sent(server: Server, key: str) -> str:
    """Send a file and attach it to a new case; return where it is read."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:

        def asked(method: str, path: str, body: bytes | None, **headers: str) -> dict[str, object]:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{answer.status} for {method} {path}: {text.decode()}")
            return dict(json.loads(text))

        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        new = {"name": "log.txt", "contentType": "text/plain", "size": SIZE}
        told = asked("POST", f"{CASES}/attachments", json.dumps(new).encode(), **headers)
        asked("PUT", local(str(told["uploadUrl"])), CONTENT)
        case = asked("POST", CASES, json.dumps({**NEW, "attachments": [told["id"]]}).encode(), **headers)
        thread = asked("GET", f"{CASES}/{case['id']}", None, **headers)
        return local(thread["messages"][0]["attachments"][0]["url"])  # type: ignore[index]


def local(url: str) -> str:
    """Return what is asked for at a host by this URL."""
    where = urlsplit(url)
    return f"{where.path}?{where.query}"


def read(server: Server, path: str) -> None:
    """Read a file, and throw it away."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        answer, length = connection.getresponse(), 0
        while piece := answer.read(1 << 16):
            length += len(piece)
        if length != SIZE:
            raise RuntimeError(f"only {length:,} bytes came")


def last_ranges(server: Server, path: str) -> list[float]:
    """Read the last kilobyte again and again on one connection; return how long each took."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:

        def last() -> None:
            connection.request("GET", path, headers={"Range": "bytes=-1024"})
            if connection.getresponse().read() != CONTENT[-1024:]:
                raise RuntimeError("that is not the end of the file")

        last()
        return [seconds_of(last) for _ in range(RANGES)]


@contextmanager
def creating(server: Server, key: str) -> Iterator[list[float]]:
    """Open one case after the other until the block ends; yield how long each took."""
    with running() as is_over, ThreadPoolExecutor(1) as thread:
        taken: list[float] = []

        def create() -> None:
            with closing(Client(server, key)) as client:
                while not is_over.is_set():
                    taken.append(seconds_of(partial(client, "POST", CASES, NEW)))

        writing = thread.submit(create)
        try:
            yield taken
        finally:
            is_over.set()
        writing.result()


@contextmanager
def highest(server: Server) -> Iterator[list[float]]:
    """Yield how much memory the server has held, every 20 ms until the block ends."""
    with running() as is_over, ThreadPoolExecutor(1) as thread:
        held = [server.resident()]

        def look() -> None:
            while not is_over.wait(0.02):
                held.append(server.resident())

        looking = thread.submit(look)
        try:
            yield held
        finally:
            is_over.set()
        looking.result()


@contextmanager
def running() -> Iterator[threading.Event]:
    """Yield an event that is set when the block ends, however."""
    is_over = threading.Event()
    try:
        yield is_over
    finally:
        is_over.set()
