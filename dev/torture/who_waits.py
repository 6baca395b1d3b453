"""Claim 22: who waits while another program holds the file's write lock: those who write, 5 seconds in all.

Eight clients send a POST each to `served` with four threads, and a ninth reads without pause until all eight are
answered. Each POST must be a 503 after about 5 seconds, and no read may wait for one.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dev.torture.experiment import Effort, Outcome
from dev.torture.servers import CASES, Client
from supportcases import Actor, create_app
from supportcases.server import served

WRITERS: Final = 8
THREADS: Final = 4
LONGEST_READ: Final = 1.0  # seconds
LONGEST_WRITE: Final = 8.0
BODY: Final = "Another program keeps the file locked."


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Hold the lock, write and read."""
    path = folder / "cases.db"
    app = create_app(path, authenticate=lambda req: Actor.merchant("acme"))
    answers: list[tuple[int, float]] = []
    reads: list[float] = []
    with served(app, threads=THREADS) as url, closing(sqlite3.connect(path, isolation_level=None)) as other:
        port = urlsplit(url).port or 0
        other.execute("BEGIN IMMEDIATE")
        writers = [threading.Thread(target=write, args=(port, answers)) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(0.5)
        while any(writer.is_alive() for writer in writers):
            reads.append(timed(port, "GET")[1])
            time.sleep(0.1)
        other.execute("ROLLBACK")
    app.desk.repository.close()
    statuses = sorted({status for status, _ in answers})
    slowest = max(seconds for _, seconds in answers)
    yield Outcome(
        22,
        "another program holds the write lock",
        f"{WRITERS} POSTs at once to {THREADS} threads, and reads until all are answered",
        f"POSTs {statuses}, the slowest after {slowest:.1f} s; {len(reads)} reads, the slowest {max(reads):.2f} s",
        statuses == [503] and slowest < LONGEST_WRITE and max(reads) < LONGEST_READ,
    )


def write(port: int, answers: list[tuple[int, float]]) -> None:
    """Send a POST; note its status and how long it took."""
    answers.append(timed(port, "POST", {"body": BODY}))


def timed(port: int, method: str, body: object = None) -> tuple[int, float]:
    """Send a request; return its status and how many seconds it took."""
    begun = time.monotonic()
    client = Client(port)
    status = client(method, CASES, body).status
    client.close()
    return status, time.monotonic() - begun
