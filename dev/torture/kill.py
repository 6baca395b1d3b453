"""Claims 1, 3 and 4: `kill -9` loses nothing that was acknowledged, and a retry across it has one effect.

`supportcases serve` is killed at random moments while six merchants open, reply and close in five stores, and started
again on the same file. After each kill a copy of what is left, write-ahead log included, is asked all that must hold
of a file (`invariants`); the server then recovers the file itself. In the end every write is looked for with its
content (`ledger`). Three of the six send what was not answered again, with its Idempotency-Key, to the next server: it
must be there once, and the answer be that of what is there. What the others never heard of is neither lost nor
acknowledged: it may be there, once.

Of two openings in a store, one answered before the other was sent, the later must have the higher number: with
numbers that are unique, this is what linearizability asks of a counter.

Every second server begins its write-ahead log anew all the time, which otherwise happens at 32 MB.
"""

import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.invariants import faults_of
from dev.torture.ledger import Findings, compare, out_of_order
from dev.torture.load import STORES, Kind, Merchant, Write, work_until, writes_of
from dev.torture.servers import SHORT_JOURNAL, Served, keys_of, serving

SEED: Final = 6
MERCHANTS: Final = 6
LOAD: Final = (0.1, 0.6)  # seconds from the first request to the kill, at least and at most


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Kill and look, then look at the order."""
    kills = effort.pick(8, 200)
    db = folder / "cases.db"
    chance = random.Random(SEED)
    keys = keys_of(db, *STORES)
    merchants = [Merchant(f"m{number}", keys, seed=SEED, retries=number % 2 == 0) for number in range(MERCHANTS)]
    faults = []
    for number in range(kills):
        with serving(db, wrap=SHORT_JOURNAL if number % 2 else ()) as server:
            work_until(Served.kill, merchants, server, seconds=chance.uniform(*LOAD))
        faults += [f"after kill {number + 1}: {fault}" for fault in faults_of(copied(db, folder / "copy"))]
    writes = writes_of(merchants)
    found = compare(writes, db)
    faults = found.faults + faults
    tried = f"{kills} kills, {MERCHANTS} clients, {len(STORES)} stores, seed {SEED}"
    yield Outcome(1, "kill -9 under load", tried, f"{found}; {in_words(faults)}", found.acknowledged > 0 and not faults)
    yield retried(writes, found, kills)
    yield in_order(writes, kills)


def retried(writes: Sequence[Write], found: Findings, kills: int) -> Outcome:
    """Tell of the writes that were sent again; one that was made twice is among the findings."""
    again = [write for write in writes if write.times > 1]
    replayed = sum(write.replayed for write in again)
    return Outcome(
        4,
        "retries across the kills",
        f"{len(again):,} writes sent again with their Idempotency-Key, {kills} kills",
        f"{replayed:,} had been kept, and their answer with them; {len(found.lost):,} lost, {len(found.twice):,} twice",
        len(again) > 0 and not found.lost + found.twice,
    )


def in_order(writes: Sequence[Write], kills: int) -> Outcome:
    """Hold the numbers of all openings against the time."""
    openings = [write for write in writes if write.kind is Kind.OPENING and write.acknowledged]
    overtaken = out_of_order(openings)
    return Outcome(
        3,
        "numbers in the order of time, across the kills",
        f"{len(openings):,} cases opened, {kills} kills",
        f"{len(overtaken)} real-time violations; {in_words(overtaken)}",
        len(openings) > 0 and not overtaken,
    )


def copied(db: Path, folder: Path) -> Path:
    """Return a copy of the files of a database that nobody has open; its shared memory is made anew."""
    folder.mkdir(exist_ok=True)
    for name in (db.name, f"{db.name}-wal"):
        (folder / name).unlink(missing_ok=True)
        if (db.parent / name).exists():
            shutil.copyfile(db.parent / name, folder / name)
    return folder / db.name
