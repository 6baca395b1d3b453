"""Claim 9: a backup made while others write is whole.

Merchants and the team write to a served desk without a pause while `supportcases backup` copies it again and again.
Each copy is asked all that must hold of a file (`invariants`, and `supportcases check`), and must hold every write
that was acknowledged before its backup began. One more is made once the server was killed: what is not yet in the file
itself is then only in its write-ahead log. How long a merchant waited for a case to be opened is told for the
openings that met a backup, and for the others.
"""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.invariants import faults_of
from dev.torture.ledger import Kept
from dev.torture.load import STORES, Kind, Merchant, Write, work_until, writes_of
from dev.torture.servers import BROKEN, ROOT, SUPPORT, Client, key_of_team, keys_of, serving

SEED: Final = 9
MERCHANTS: Final = 4
HEAD_START: Final = 1.0  # seconds of writing before the first backup
PAUSE: Final = 0.2  # seconds between two backups


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
    """Copy under load and after a kill, and look at each copy."""
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


def copied(db: Path, folder: Path, number: int) -> Copy:
    """Make a backup, and wait a little."""
    path = folder / f"copy{number}.db"
    begun = time.monotonic_ns()
    supportcases("backup", str(path), "--db", str(db)).check_returncode()
    copy = Copy(path, begun, time.monotonic_ns())
    time.sleep(PAUSE)
    return copy


def supportcases(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "supportcases", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=600)


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
        f"{len(before):,} writes acknowledged before the last; {in_words(faults)}; a backup took up to {took:.1f} s; "
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
