"""Claim 9: a backup made while others write is whole, and what is exported and imported again is the same desk.

Merchants and the team write to a served desk without a pause while `supportcases backup` copies it again and again.
Each copy is asked all that must hold of a file (`invariants`, and `supportcases check`), and must hold every write
that was acknowledged before its backup began. One more is made once the server was killed: what is not yet in the file
itself is then only in its write-ahead log. How long a merchant waited for a case to be opened is told for the
openings that met a backup, and for the others.

The file is then exported and imported into an empty one. Both are served, and every answer about every case must be
the same, byte for byte, and so must the tables. Last, faults of many kinds are planted in copies, and
`supportcases check` must find each: a check that finds nothing would show nothing.
"""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

from dev.torture.backups_answers import answers, key_of_team, supportcases
from dev.torture.backups_faults import found
from dev.torture.experiment import Effort, Outcome
from dev.torture.invariants import faults_of
from dev.torture.ledger import Kept, told
from dev.torture.load import STORES, Kind, Merchant, Write, work_until, writes_of
from dev.torture.servers import BROKEN, SUPPORT, Client, keys_of, serving

SEED: Final = 9
MERCHANTS: Final = 4
HEAD_START: Final = 1.0  # seconds of writing before the first backup
PAUSE: Final = 0.2  # seconds between two backups
COLUMNS: Final = {  # of the tables that are carried over; positions and ordinals are of the file alone
    "stores": "store, last_number",
    "cases": "store, number, id, subject, subject_folded, category, severity, status, created_at, last_activity_at, "
    "closed_at, unanswered_since, assignee",
    "messages": "store, case_id, id, author_kind, author_label, body, created_at, internal",
    "events": "store, case_id, kind, actor_kind, actor_label, happened_at, was, became",
}


class Copy(NamedTuple):
    """A backup, and when it was made, by `time.monotonic_ns`."""

    path: Path
    begun: int
    ended: int


class Agent:
    """Somebody of the team who answers, notes and assigns whatever waits."""

    def __init__(self, key: str) -> None:
        """Use a key of the team."""
        self._authorization = f"Bearer {key}"
        self._random = random.Random(SEED)

    def work(self, port: int) -> None:
        """Go on until the server is gone."""
        with suppress(*BROKEN), closing(Client(port)) as client:
            while True:
                queue = client("GET", f"{SUPPORT}/cases?limit=20", Authorization=self._authorization).json["data"]
                for case in self._random.sample(queue, min(3, len(queue))):
                    self._treat(client, f"{SUPPORT}/cases/{case['id']}")

    def _treat(self, client: Client, case: str) -> None:
        said = {"body": "We look into it \U0001f50d\nand write again.", "internal": self._random.random() < 0.5}
        client("POST", f"{case}/messages", said, Authorization=self._authorization)
        client("PATCH", case, {"assignee": "me", "severity": "high"}, Authorization=self._authorization)


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Copy under load, carry the desk over, and plant faults."""
    backups = effort.pick(4, 20)
    db = folder / "cases.db"
    merchants = [Merchant(f"m{number}", keys_of(db, *STORES), seed=SEED, most=3) for number in range(MERCHANTS)]
    with serving(db) as server:
        copies = work_until(
            lambda _: [copied(db, folder, number) for number in range(backups)],
            [*merchants, Agent(key_of_team(db))],
            server,
            seconds=HEAD_START,
        )
    copies.append(copied(db, folder, backups))
    yield whole(copies, writes_of(merchants))
    yield same(db, folder)
    tried, missed = found(copies[-1].path, folder)
    yield Outcome(9, "planted faults, looked for by check", tried, told(missed), not missed)


def copied(db: Path, folder: Path, number: int) -> Copy:
    """Make a backup, and wait a little."""
    path = folder / f"copy{number}.db"
    begun = time.monotonic_ns()
    supportcases("backup", str(path), "--db", str(db)).check_returncode()
    copy = Copy(path, begun, time.monotonic_ns())
    time.sleep(PAUSE)
    return copy


def whole(copies: Sequence[Copy], writes: Sequence[Write]) -> Outcome:
    """Look at each copy, and at how long the merchants waited meanwhile."""
    faults: list[str] = []
    for copy in copies:
        faults += [f"{copy.path.name}: {fault}" for fault in [*faults_of(copy.path), *lost(copy, writes)]]
        checked = supportcases("check", "--db", str(copy.path))
        faults += [f"{copy.path.name}: {checked.stdout[-500:]}"] if checked.returncode else []
    before = [write for write in writes if write.acknowledged and write.completed < copies[-1].begun]
    meanwhile, else_ = stalls(copies, writes)
    took = max(copy.ended - copy.begun for copy in copies) / 1e9
    return Outcome(
        9,
        "backups while it is written",
        f"{len(copies) - 1} backups under load and one after kill -9, {MERCHANTS} merchants and the team, seed {SEED}",
        f"{len(before):,} writes acknowledged before the last; {told(faults)}; a backup took up to {took:.1f} s; "
        f"the longest opening took {meanwhile:.0f} ms during a backup, {else_:.0f} ms else",
        len(before) > 0 and not faults,
    )


def lost(copy: Copy, writes: Sequence[Write]) -> list[str]:
    """Return the writes that were acknowledged before the copy was begun, and that it does not hold once."""
    held = Kept(copy.path)
    acknowledged = [write for write in writes if write.acknowledged and write.completed < copy.begun]
    missing = [
        f"{write.kind} {write.sent['body'][:60]!r}"
        for write in acknowledged
        if write.kind is not Kind.CLOSING
        and [row["case_id"] for row in held.messages.get(write.sent["body"], [])] != [write.case]
    ]
    closings = Counter(write.case for write in acknowledged if write.kind is Kind.CLOSING)
    return missing + [f"a closing of {case}" for case, count in closings.items() if held.closings[case] < count]


def stalls(copies: Sequence[Copy], writes: Sequence[Write]) -> tuple[float, float]:
    """Return how many milliseconds the longest opening took that met a backup, and the longest other one."""
    longest = {True: 0, False: 0}
    for write in writes:
        if write.kind is Kind.OPENING and write.acknowledged:
            met = any(write.invoked < copy.ended and copy.begun < write.completed for copy in copies)
            longest[met] = max(longest[met], write.completed - write.invoked)
    return longest[True] / 1e6, longest[False] / 1e6


def same(db: Path, folder: Path) -> Outcome:
    """Carry the desk over to an empty file, and compare all that both say and hold."""
    archive, new = folder / "cases.ndjson", folder / "new.db"
    with archive.open("w") as file:
        supportcases("export", "--db", str(db), stdout=file).check_returncode()
    supportcases("import", str(archive), "--db", str(new)).check_returncode()
    faults = [f"table {table}" for table in COLUMNS if rows(db, table) != rows(new, table)]
    faults += faults_of(new)
    one, other = answers(db), answers(new)
    faults += [path for path, answer in one.items() if other.get(path) != answer]
    faults += [f"only after: {path}" for path in other.keys() - one.keys()]
    cases = len(rows(db, "cases"))
    return Outcome(
        9,
        "exported, and imported into an empty file",
        f"{cases:,} cases, {archive.stat().st_size / 1e6:.1f} MB of lines, {len(one):,} answers",
        f"{told(faults)}; tables and answers the same byte for byte",
        cases > 0 and not faults,
    )


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    """Return a table as it is carried over, in an order of its own."""
    order = "store, case_id, position" if "case_id" in COLUMNS[table] else "1, 2"
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {COLUMNS[table]} FROM supportcases_{table} ORDER BY {order}").fetchall()
