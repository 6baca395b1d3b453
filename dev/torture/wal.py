"""Claim 10: the journal stays bounded while others read without pause.

SQLite writes to a journal beside the file, `-wal`, copies it into the file from time to time, and begins it anew only
at a moment when nobody reads from it. Where there is always a reader there is no such moment, and journals of hundreds
of megabytes have been met in the field. Here two processes write as fast as they can while eight others read without
pause, each in transactions that overlap the others': pages of 100 anywhere in the list and in the team's queue,
searches, the statistics, and the whole queue in one transaction. Processes and no HTTP: threads of one process would
take turns at Python's lock, and the more is written and read at once, the harder it is. All of them reach the file
through a symbolic link, and SQLite puts the journal beside the file. Its length is looked at fifty times a second.
"""

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from dev.torture.experiment import Effort, Outcome
from dev.torture.invariants import faults_of
from dev.torture.meeting import meet, together
from supportcases import Actor, DatabaseBusy, SqliteRepository, SupportDesk

READERS: Final = 8
WRITERS: Final = 2
LIMIT: Final = 64.0  # MB
MB: Final = 1_000_000
ACME: Final = Actor.merchant("acme")
GLOBEX: Final = Actor.merchant("globex")
ADA: Final = Actor.support("Ada")
BODY: Final = "The journal grows with every word of this. " * 20
PAGE: Final = 100


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Write and read for a while, and look at the journal."""
    seconds, cases = effort.pick(6.0, 60.0), effort.pick(1_000, 3_000)
    file, path = folder / "cases.db", folder / "link.db"
    fill(file, cases)
    path.symlink_to(file)
    with together(READERS + WRITERS) as others:
        reading = [others.submit(read_for, seconds, path, seed) for seed in range(READERS)]
        writing = [others.submit(write_for, seconds, path) for _ in range(WRITERS)]
        lengths = lengths_of(Path(f"{file}-wal"), [*reading, *writing])
    reads = sum(done.result() for done in reading)
    writes, refused = map(sum, zip(*(done.result() for done in writing), strict=True))
    faults = faults_of(path)
    most = max(lengths) / MB
    yield Outcome(
        10,
        "the journal under readers, through a link",
        f"{seconds:.0f} s, {READERS} readers and {WRITERS} writers, a process each, {len(lengths):,} looks",
        f"at the most {most:.1f} MB; {writes:,} writes kept, {refused} told to come again, {reads:,} "
        f"reads, {len(faults)} faults of the file",
        0 < most < LIMIT and writes > 0 and reads > 0 and not faults,
    )


def fill(path: Path, cases: int) -> None:
    """Make a list that takes a while to read."""
    with closing(SqliteRepository(path)) as repository, repository.write():
        desk = SupportDesk(repository)
        for _ in range(cases):
            desk.open(ACME, body=BODY)
            desk.open(GLOBEX, body=BODY)


def lengths_of(journal: Path, work: Sequence[Future[Any]]) -> list[int]:
    """Return how long the journal was, each time that it was looked at, until the work is done."""
    lengths = [0]
    while not all(done.done() for done in work):
        if journal.exists():  # stat alone: to open it and close it would drop SQLite's locks
            lengths.append(os.stat(journal).st_size)
        time.sleep(0.02)
    return lengths


def write_for(seconds: float, path: Path) -> tuple[int, int]:
    """Open cases and reply to them; return how many writes were kept, and how many told to come again."""
    kept = refused = 0
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        meet()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                case = desk.open(ACME, body=BODY)
                kept += 1
                desk.reply(ACME, case.number, body=BODY)
                kept += 1
            except DatabaseBusy:  # the processes take no turns: one may find the other writing whenever it looks
                refused += 1
    return kept, refused


def read_for(seconds: float, path: Path, seed: int) -> int:
    """Read this and that; return how often."""
    chance, done = random.Random(seed), 0
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        ways: list[Callable[[], object]] = [
            lambda: desk.list(ACME, limit=PAGE, offset=chance.randrange(1_000)),
            lambda: desk.list(ACME, limit=PAGE, query="every word"),
            lambda: desk.queue(ADA, limit=PAGE),
            lambda: desk.stats(ADA),
            lambda: whole_queue(desk),
        ]
        meet()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            chance.choice(ways)()
            done += 1
    return done


def whole_queue(desk: SupportDesk) -> None:
    """Read all cases of another store as of one moment, as a host does that prints them."""
    with desk.repository.read():
        page = desk.queue(ADA, store=GLOBEX.store, limit=PAGE)
        while page.next_cursor:
            page = desk.queue(ADA, store=GLOBEX.store, limit=PAGE, cursor=page.next_cursor)
