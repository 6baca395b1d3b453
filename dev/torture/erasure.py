"""Claim 28: a purge holds nobody up.

Cases that were closed long ago are purged while another process opens cases without a pause. Told are how long each
transaction of the purge had the lock, those that clean the indexes up included, and how long the other process waited.
Afterwards each case that went has its tombstone, the file is sound, and nothing waits to be taken out of an index.
"""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from dev.benchmarks.data import dossiers, worked_on
from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.servers import ROOT
from supportcases import Actor, SqliteRepository, SupportDesk
from supportcases.storage.sqlite import writing

TOGETHER: Final = 1_000  # cases that are filled in together
LONGEST_LOCK: Final = 20.0  # milliseconds, but for what the disk and other programs of the machine add
P99: Final = 50.0
LEFT: Final = {  # what must be 0
    "tombstones": "SELECT count(*) - :purged FROM supportcases_tombstones",
    "events": "SELECT count(*) FROM supportcases_events WHERE case_id NOT IN (SELECT id FROM supportcases_cases)",
    "messages that wait to leave the index": "SELECT count(*) FROM supportcases_outdated_bodies",
}
WRITER: Final = """
import sys, threading, time
from supportcases import Actor, SqliteRepository, SupportDesk
desk, merchant = SupportDesk(SqliteRepository(sys.argv[1])), Actor.merchant("beside")
going = [True]
threading.Thread(target=lambda: (sys.stdin.read(), going.clear()), daemon=True).start()
print("begun", flush=True)
took = []
while going:
    begun = time.monotonic()
    desk.open(merchant, body="Another thing altogether.")
    took.append((time.monotonic() - begun) * 1000)
    time.sleep(0.002)
took.sort()
print(len(took), took[len(took) // 2], took[len(took) * 99 // 100], took[-1], flush=True)
"""


class Locks:
    """How long each transaction that writes had the lock, in milliseconds."""

    def __init__(self) -> None:
        """Watch those of this process from now on."""
        self.held: list[float] = []
        self.worked: list[float] = []  # of these, what it computed: the rest is the disk's, and other programs'
        self._begun = self._working = 0.0
        self._begin, self._end = writing.begin, writing.end
        writing.begin, writing.end = self._began, self._ended

    def _began(self, connection: Any, *, writes: bool) -> None:
        self._begin(connection, writes=writes)
        self._begun, self._working = time.monotonic(), time.thread_time()

    def _ended(self, connection: Any, *, keep: bool) -> None:
        self._end(connection, keep=keep)
        self.held.append((time.monotonic() - self._begun) * 1000)
        self.worked.append((time.thread_time() - self._working) * 1000)


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Fill a file, purge it beside a writer, and look at what is left."""
    count = effort.pick(5_000, 100_000)
    db = folder / "cases.db"
    with closing(SqliteRepository(db)) as repository:
        fill(repository, count)
        purgeable = SupportDesk(repository).purgeable(Actor.support("Ada"), closed_for=timedelta(days=1)).cases
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        with writer:
            writer.stdout.readline()
            locks, begun = Locks(), time.monotonic()
            purged = SupportDesk(repository).purge(Actor.support("Ada"), closed_for=timedelta(days=1))
            took = time.monotonic() - begun
            writer.stdin.close()
            writes, median, p99, longest = map(float, writer.stdout.readline().split())
    faults = faults_of(db, purged.cases)
    locks.held.sort()
    often, lock, worked = locks.held[len(locks.held) * 99 // 100], locks.held[-1], max(locks.worked)
    whole = purged.gone and purged.cases == purgeable and not faults
    yield Outcome(
        28,
        "a purge beside a writer",
        f"{purged.cases:,} of {count:,} cases, {len(locks.held):,} transactions, {writes:,.0f} openings beside",
        f"{took:.0f} s; the lock p99 {often:.0f} ms, longest {lock:.0f} ms, at most {worked:.0f} ms of CPU; an opening "
        f"p50 {median:.1f}, p99 {p99:.0f}, longest {longest:.0f} ms; {'gone' if purged.gone else 'not gone'}; "
        f"{in_words(faults)}",
        whole and max(often, worked) <= LONGEST_LOCK and p99 <= P99,
    )


def faults_of(db: Path, purged: int) -> list[str]:
    """Return what is wrong with the file, from which so many cases went."""
    with closing(sqlite3.connect(db)) as connection:
        sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        wrong = [name for name, ask in LEFT.items() if connection.execute(ask, {"purged": purged}).fetchone() != (0,)]
    return ([] if sound else ["it is damaged"]) + wrong


def fill(repository: SqliteRepository, count: int) -> None:
    """Fill the file with cases of a desk that has worked for two years."""
    waiting = []
    for dossier in worked_on(dossiers("acme", count)):
        waiting.append(dossier)
        if len(waiting) == TOGETHER:
            with repository.write() as transaction:
                transaction.whole_cases.add(waiting)
            waiting = []
    with repository.write() as transaction:
        transaction.whole_cases.add(waiting)
