"""Claim 5 on PostgreSQL: no space is left for the tables, or for the write-ahead log.

A server of its own has its tables, or its log, on a tmpfs of a few megabytes, mounted where nobody else sees it, of
which a ballast leaves a little. A desk opens cases until it was refused a number of times, and reads after each
refusal. Where the tables have no space, only writes are refused. Where the log has none, the server ends: all is 503
until the administrator has made space and started it. Then each refused case is sent again with its key: all are there,
once.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dev.torture.disk_desk import Desk
from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.servers import CASES, ROOT
from dev.torture.system import mounting
from tests.support.postgres import SERVER, Cluster, what_is_missing

MOUNT: Final = 'mount -t tmpfs -o size="$1"k none "$0" && shift && exec "$@"'
DISKS: Final = {"data": 64_000, "wal": 24_000}  # kilobytes
LEFT: Final = {"data": 1_000, "wal": 1_500}  # once the ballast is there
NAMES: Final = {"data": "no space for the tables", "wal": "no space for the write-ahead log"}
SETTINGS: Final = """
synchronous_commit = on
full_page_writes = on
max_wal_size = 1GB
min_wal_size = 2MB
wal_init_zero = on
"""
REFUSALS: Final = 20
ENDLESS: Final = 2_000  # cases, which no disk here can hold
PATIENCE: Final = 180.0
GRACE: Final = 10.0  # seconds that writing may take to go on, once there is space
BODY: Final = "Where does this go when the disk is full? " * 200


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Fill both."""
    for what, kb in DISKS.items():
        yield filled(folder, what, effort.pick(1, 5), kb)


def filled(folder: Path, what: str, rounds: int, kb: int) -> Outcome:
    """Let processes of their own fill a disk each; tell what was seen."""
    if missing := what_is_missing() or ("" if os.geteuid() == 0 else "it takes root, to mount and to be PostgreSQL"):
        return Outcome(5, f"PostgreSQL: {NAMES[what]}", "", missing, None)
    folder.chmod(0o755)
    told = []
    for round_ in range(rounds):
        place = folder / f"{what}-{round_}"
        for name in (place, place / "data", place / "wal"):
            name.mkdir()
        command = mounting(MOUNT, str(place / what), str(kb))
        if not command:
            return Outcome(5, f"PostgreSQL: {NAMES[what]}", "", "unshare is not allowed to mount here", None)
        command += [sys.executable, "-m", "dev.torture.postgres_disk", str(place), what]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE)
        if done.returncode:
            raise RuntimeError(f"the process that fills {place.name} died: {done.stderr[-1000:]}")
        told.append(json.loads(done.stdout))
    faults = [fault for each in told for fault in each["faults"]]
    acknowledged, refused, unknown = (sum(each[of] for each in told) for of in ("acknowledged", "refused", "unknown"))
    slowest = max(each["resumed"] for each in told)
    return Outcome(
        5,
        f"PostgreSQL: {NAMES[what]}",
        f"{rounds} x a tmpfs of {kb:,} kB, {REFUSALS} refusals each, with reads after each",
        f"{acknowledged:,} acknowledged, {refused} refused with 503, of {unknown} of them nobody knew; all were there "
        f"once after a retry, {slowest:.1f} s after there was space, {in_words(faults)}",
        not faults and slowest < GRACE and refused == REFUSALS * rounds,
    )


# the process whose disk ends


def fill(place: Path, what: str) -> dict[str, Any]:
    """Open cases until the disk is full, make space, and send what was refused again; tell what came of it."""
    for name in ("data", "wal"):
        shutil.chown(place / name, SERVER)
    cluster = Cluster(str(place), SETTINGS, ("--wal-segsize=1", f"--waldir={place}/wal"))
    try:
        return Filling(cluster, place / what, LEFT[what], reads_on=what == "data").told()
    finally:
        if (cluster.folder / "data" / "postmaster.pid").exists():
            cluster.do("stop", "immediate")


class Filling:
    """A desk on a disk that ends."""

    def __init__(self, cluster: Cluster, disk: Path, left: int, *, reads_on: bool) -> None:
        """Start the desk, and leave so many kilobytes."""
        self._cluster = cluster
        self._reads_on = reads_on
        self._url = cluster.make("cases")
        self._desk = Desk(self._url)
        self._acknowledged: list[int] = []
        self._refused: list[str] = []
        self._unknown = 0
        self._ballast = disk / "ballast"
        self._weigh(disk, left * 1024)

    def _weigh(self, disk: Path, left: int) -> None:
        there = os.statvfs(disk)
        self._ballast.write_bytes(bytes(max(0, there.f_bavail * there.f_frsize - left)))

    def told(self) -> dict[str, Any]:
        """Do all of it."""
        opened = 0
        while len(self._refused) < REFUSALS and opened < ENDLESS:
            opened += 1
            if not self._open(f"key-{opened}"):
                self._refused.append(f"key-{opened}")
                self._read()
        refused = len(self._refused)
        self._ballast.unlink()
        resumed = self._go_on()
        numbers = sorted(self._acknowledged)
        if numbers != list(range(1, opened + 1)):
            self._desk.faults.append(f"{opened} were sent, and {len(numbers)} are there, up to {numbers[-1]}")
        self._desk.faults += self._faults()
        return {
            "acknowledged": len(numbers) - refused,
            "refused": refused,
            "unknown": self._unknown,
            "resumed": resumed,
            "faults": self._desk.faults,
        }

    def _open(self, key: str) -> bool:
        heard = self._desk("POST", CASES, {"body": BODY}, Idempotency_Key=key)
        if heard.status == 201:
            self._acknowledged.append(heard.json["number"])
        elif heard.json.get("code") == "outcome_unknown":
            self._unknown += 1
        return heard.status == 201

    def _read(self) -> None:
        page, there = self._desk("GET", CASES), len(self._acknowledged)
        if self._reads_on and (page.status != 200 or page.json["meta"]["count"] != there):
            self._desk.faults.append(f"the list, with {there}: {page.status} {page.body[:100]!r}")

    def _go_on(self) -> float:
        """Send all again that was refused, and return after how many seconds the first was taken."""
        begun, first = time.monotonic(), GRACE
        if not self._answers():
            self._cluster.do("start")
        for key in self._refused:
            while not self._open(key) and time.monotonic() < begun + GRACE:
                time.sleep(0.1)
            first = min(first, time.monotonic() - begun)
        return first

    def _answers(self) -> bool:
        return self._desk("GET", CASES).status == 200

    def _faults(self) -> Iterator[str]:
        from supportcases.storage.postgres import check

        yield from check(self._url).faults


if __name__ == "__main__":
    print(json.dumps(fill(Path(sys.argv[1]), sys.argv[2])))
