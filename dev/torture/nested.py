"""Claim 23: a write within a write is whole or nothing, wherever the disk ends.

A host replies to a case within its own `write()`, then SQLite finds the disk full (`PRAGMA max_page_count`) in an inner
one, and the host catches `DatabaseUnavailable` and replies again. So many pages are left that the disk ends at another
statement each time. Either SQLite takes back the one statement, and all of the rest is kept and told to `on_event`, or
it rolls back everything, and nothing is kept, nothing is told, and the host hears of it.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from dev.torture.experiment import Effort, Outcome
from dev.torture.invariants import faults_of
from supportcases import Actor, DatabaseUnavailable, Event, create_app

ACME: Final = Actor.merchant("acme")
PAGES: Final = range(30)  # that are left


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Let the disk end after each number of pages, at a large message and at a statement that cannot be taken back."""
    kept, dropped, faults = 0, 0, []
    tried = [(pages, blob) for pages in PAGES for blob in (False, True)][:: effort.pick(3, 1)]
    for pages, blob in tried:
        told, seen, refused = written_on(folder / f"{pages}-{blob}.db", pages, blob=blob)
        kept, dropped = kept + (not refused), dropped + refused
        if told != seen or ("first" in seen) == refused or ("last" in seen) == refused:
            faults.append(f"{pages} pages: told {told}, kept {seen}, {'refused' if refused else 'taken'}")
        faults += faults_of(folder / f"{pages}-{blob}.db")
    yield Outcome(
        23,
        "a host that writes on after a full disk",
        f"{len(tried)} ends of the disk, each amid a write within a write",
        f"{kept} kept whole, {dropped} not at all, {len(faults)} faults{'; '.join(['', *faults[:3]])}",
        not faults and bool(dropped) and bool(kept),
    )


def written_on(path: Path, pages: int, *, blob: bool) -> tuple[list[str], list[str], bool]:
    """Write on after a full disk; return the replies that were told and those that were kept, and if it was refused."""
    events: list[Event] = []
    app = create_app(path, on_event=events.append)
    desk, repository = app.desk, app.desk.repository
    desk.open(ACME, body="What becomes of the replies?")
    events.clear()
    refused = False
    try:
        with repository.write() as outer:
            connection = outer.connection  # type: ignore[attr-defined]
            connection.execute("CREATE TABLE orders (number)")
            desk.reply(ACME, 1, body="first")
            (now,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {now + pages}")
            with suppress(DatabaseUnavailable), repository.write():
                for _ in range(20):
                    desk.reply(ACME, 1, body="x" * 9_000)
                    if blob:
                        connection.execute("INSERT INTO orders VALUES (zeroblob(1000000))")
            connection.execute("PRAGMA max_page_count = 1000000")
            desk.reply(ACME, 1, body="last")
    except DatabaseUnavailable:
        refused = True
    seen = [message.body for message in desk.get(ACME, 1).messages[1:]]
    repository.close()
    return [event.message.body for event in events if event.message], seen, refused
