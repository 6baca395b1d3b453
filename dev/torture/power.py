"""Claim 2: a power cut loses nothing that was acknowledged.

A power cut cannot be had, but what it leaves can: `power.c`, preloaded into the server, copies each file at the moment
of its every sync, since what was written later may be gone. The server is killed at random moments under load, and two
things are looked at in the place of its files:

- the files as they were at their last sync, and only those whose names were synced with their folder;
- the files with some of what was written since, sector by sector at random: a disk writes in what order it likes.

In both, all that must hold of a file has to hold (`invariants`), and every acknowledged write must be there with its
content (`ledger`). Then the power comes back: the server starts on one of the two, which becomes the file to lose.

The same with `PRAGMA synchronous = NORMAL`, which syncs at checkpoints only, must lose something: or this experiment
could not see a loss.

Every second server begins its write-ahead log anew all the time, which otherwise happens at 32 MB.
"""

import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.ledger import Findings, compare
from dev.torture.load import STORES, Merchant, work_until, writes_of
from dev.torture.servers import SHORT_JOURNAL, Served, keys_of, serving
from dev.torture.system import built

NAME: Final = "power cuts under load"
SEED: Final = 6
MERCHANTS: Final = 6
LOAD: Final = (0.1, 0.6)  # seconds from the first request to the cut, at least and at most
MOST_CUTS: Final = 10  # that lose nothing, where they must
SECTOR: Final = 512  # bytes that a disk writes whole
DB: Final = "cases.db"
FILES: Final = (DB, f"{DB}-wal")  # no power cut leaves the shared memory
SHIM: Final = Path(__file__).with_name("power.c")
NORMAL: Final = """
import runpy, sys
from supportcases.storage.sqlite import pool

careful = pool.open_file

def careless(*arguments):
    connection = careful(*arguments)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection

pool.open_file = careless
del sys.argv[1:4]  # python -m supportcases
runpy.run_module("supportcases", run_name="__main__")
"""

Files = dict[str, bytes]


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Cut the power of a server as it is, and of one that syncs less."""
    bench = Bench(folder.resolve(), built(SHIM, folder))
    chance = random.Random(SEED)
    yield full(bench, chance, cuts=effort.pick(4, 50))
    yield normal(bench, chance, cuts=effort.pick(1, 10))


def full(bench: "Bench", chance: random.Random, *, cuts: int) -> Outcome:
    """Cut, look, and go on with what was left; the first fault is the last."""
    files, merchants = bench.new(chance)
    found, done = Findings(), 0
    while done < cuts and not found.faults:
        done += 1
        disks = bench.cut(files, merchants, chance, wrap=SHORT_JOURNAL if done % 2 else ())
        found = max((bench.look(disk, merchants) for disk in disks), key=lambda seen: len(seen.faults))
        files = chance.choice(disks)
    tried = f"{done} cuts, 2 disks each, {MERCHANTS} clients, {len(STORES)} stores, seed {SEED}"
    passed = found.acknowledged > 0 and not found.faults
    return Outcome(2, NAME, tried, f"{found}; {in_words(found.faults)}", passed)


def normal(bench: "Bench", chance: random.Random, *, cuts: int) -> Outcome:
    """Cut with `synchronous = NORMAL`, a new file each time, and go on until something is lost."""
    seen: list[Findings] = []
    while len(seen) < cuts or (len(seen) < MOST_CUTS and not any(found.lost for found in seen)):
        files, merchants = bench.new(chance)
        synced, _ = bench.cut(files, merchants, chance, wrap=(sys.executable, "-c", NORMAL))
        seen.append(bench.look(synced, merchants))
    acknowledged = sum(found.acknowledged for found in seen)
    losses = [len(found.lost) for found in seen]
    corrupt = sum(bool(found.broken) for found in seen)
    lost = f"{sum(losses):,} lost, at most {max(losses):,} in a cut"
    result = f"{acknowledged:,} acknowledged, {lost}; {corrupt} files corrupt"
    return Outcome(2, "control, which must lose: synchronous = NORMAL", f"{len(seen)} cuts", result, sum(losses) > 0)


class Bench(NamedTuple):
    """Where servers lose their power: a folder for the disks, and what is preloaded."""

    folder: Path
    shim: Path

    def new(self, chance: random.Random) -> tuple[Files, list[Merchant]]:
        """Return a new database and merchants with keys for it."""
        lay({}, self.folder / "new")
        keys = keys_of(self.folder / "new" / DB, *STORES)
        return found_in(self.folder / "new"), [
            Merchant(f"m{number}", keys, seed=chance.random()) for number in range(MERCHANTS)
        ]

    def cut(self, files: Files, merchants: Sequence[Merchant], chance: random.Random, **how: Any) -> list[Files]:
        """Let the merchants work until the power goes; return what is left on two disks."""
        live, left = self.folder / "live", self.folder / "left"
        for folder in (live, left):
            lay(files, folder)
        (left / "names").write_text("\n".join(files))
        environment = {"LD_PRELOAD": str(self.shim), "POWER_FOLDER": str(live), "POWER_LEFT": str(left)}
        with serving(live / DB, environment=environment, **how) as server:
            work_until(Served.kill, merchants, server, seconds=chance.uniform(*LOAD))
        synced, written = found_in(left), found_in(live)
        names = (left / "names").read_text().splitlines()
        return [
            {name: synced.get(name, b"") for name in FILES if name in names},
            {name: torn(synced.get(name, b""), whole, chance) for name, whole in written.items()},
        ]

    def look(self, files: Files, merchants: Sequence[Merchant]) -> Findings:
        """Return what became of the merchants' writes."""
        return compare(writes_of(merchants), lay(files, self.folder / "seen"))


def lay(files: Files, folder: Path) -> Path:
    """Let the folder hold these files and nothing else; return the path of the database."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder / DB


def found_in(folder: Path) -> Files:
    """Return the files of the database that the folder holds."""
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


def torn(synced: bytes, written: bytes, chance: random.Random) -> bytes:
    """Return a file as it was synced, with every second sector or so of what was written since."""
    sectors = []
    for at in range(0, len(written), SECTOR):
        before, after = synced[at : at + SECTOR], written[at : at + SECTOR]
        sectors.append(after if chance.random() < 0.5 else before.ljust(len(after), b"\0"))
    return b"".join(sectors)
