"""No space is left: what is refused is refused in words, what was acknowledged stays, and with space all goes on.

A desk opens cases on a disk that ends, until it was refused a number of times, and reads after each refusal. Then a
ballast is thrown away, as an administrator does, and the same process must write again. Two ends are tried:

- a file system of its own, a tmpfs of a few megabytes, mounted where nobody else sees it (`unshare`), which
  answers ENOSPC as a disk does;
- a limit to the size of files (`RLIMIT_FSIZE`), which needs nobody's leave: some kilobytes, that only the journal
  reaches, and some megabytes, where copying the journal into the file fails first, and unseen.
"""

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from dev.torture.disk_desk import Desk
from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.invariants import faults_of
from dev.torture.servers import CASES, ROOT
from dev.torture.system import mounting

KB: Final = 1024
REFUSALS: Final = 20
ENDLESS: Final = 2_000  # cases, which no disk here can hold
AFTERWARDS: Final = 5  # cases that are opened once there is space
PATIENCE: Final = 120.0
GRACE: Final = 1.0  # seconds that writing may take to go on
BODY: Final = "Where does this go when the disk is full? " * 200
MOUNT: Final = 'mount -t tmpfs -o size="$1"k none "$0" && shift && exec "$@"'


def outcomes(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Fill disks of several sizes."""
    folder.mkdir()
    if mounts := bool(mounting(MOUNT, str(folder), "100")):
        sizes = effort.pick([1_500], list(range(1_500, 5_500, 400)))
        yield outcome("a disk that is full", "a tmpfs", sizes, [filled(folder, kb, tmpfs=True) for kb in sizes])
    sizes = effort.pick([600, 4_500], [*range(500, 1_500, 100), 4_500, 5_000, 6_000])
    instead = "" if mounts else " (no tmpfs: unshare is not allowed to mount here)"
    yield outcome("a file that may not grow", f"RLIMIT_FSIZE{instead}", sizes, [filled(folder, kb) for kb in sizes])


def outcome(name: str, way: str, sizes: list[int], told: list[dict[str, Any]]) -> Outcome:
    """Tell what was seen."""
    faults = [fault for each in told for fault in each["faults"]]
    acknowledged, refused = (sum(each[what] for each in told) for what in ("acknowledged", "refused"))
    slowest = max(each["resumed"] for each in told)
    return Outcome(
        5,
        name,
        f"{way} of {', '.join(f'{kb:,}' for kb in sizes)} kB, {REFUSALS} refusals each, with reads after each",
        f"{acknowledged:,} acknowledged = rows, {refused} refused with 503, written again without a restart after "
        f"{slowest * 1000:.0f} ms at the most, {in_words(faults)}",
        not faults and slowest < GRACE and refused == REFUSALS * len(sizes),
    )


def filled(folder: Path, kb: int, *, tmpfs: bool = False) -> dict[str, Any]:
    """Let a process of its own fill a disk of that size; return what it tells."""
    place = folder / f"{'tmpfs' if tmpfs else 'limit'}-{kb}"
    place.mkdir()
    command = [sys.executable, "-m", "dev.torture.disk_full", str(place), *([] if tmpfs else [str(kb)])]
    if tmpfs:
        command = [*mounting(MOUNT, str(place), str(kb)), *command]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE)
    if done.returncode:
        raise RuntimeError(f"the process that fills {place.name} died: {done.stderr[-1000:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


# the process whose disk ends


def fill(place: Path, kb: int | None) -> dict[str, Any]:
    """Open cases until the disk is full, make space, and go on; tell what came of it."""
    path = place / "cases.db"
    desk = Desk(path)
    make_space = limited(kb) if kb else weighted(place)
    acknowledged: list[int] = []
    refused = 0
    while refused < REFUSALS and len(acknowledged) < ENDLESS:
        if not open_case(desk, acknowledged):
            refused += 1
            must_read_on(desk, acknowledged)
    make_space()
    begun = time.perf_counter()
    while not open_case(desk, acknowledged) and time.perf_counter() < begun + GRACE:
        pass
    resumed = time.perf_counter() - begun
    desk.faults += (f"refused again {n}" for n in range(AFTERWARDS) if not open_case(desk, acknowledged))
    desk.app.desk.repository.close()
    desk.faults += wrong_rows(path, acknowledged)
    return {"acknowledged": len(acknowledged), "refused": refused, "resumed": resumed, "faults": desk.faults}


def limited(kb: int) -> Callable[[], None]:
    """Let no file grow beyond so much; return what lifts the limit."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kb * KB, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)


def weighted(place: Path) -> Callable[[], None]:
    """Take half of the space; return what gives it back."""
    ballast = place / "ballast"
    disk = os.statvfs(place)
    ballast.write_bytes(bytes(disk.f_blocks * disk.f_frsize // 2))
    return ballast.unlink


def open_case(desk: Desk, acknowledged: list[int]) -> bool:
    """Open a case; return whether that was acknowledged."""
    heard = desk("POST", CASES, {"body": BODY})
    if heard.status == 201:
        acknowledged.append(heard.json["number"])
    return heard.status == 201


def must_read_on(desk: Desk, acknowledged: list[int]) -> None:
    """Read the list and the newest case."""
    page = desk("GET", CASES)
    if page.status != 200 or page.json["meta"]["count"] != len(acknowledged):
        desk.faults.append(f"the list, with {len(acknowledged)} acknowledged: {page.status} {page.body[:100]!r}")
    newest = desk("GET", f"{CASES}/{acknowledged[-1]}")
    if newest.status != 200:
        desk.faults.append(f"the newest case: {newest.status}")


def wrong_rows(path: Path, acknowledged: list[int]) -> Iterator[str]:
    """Yield how the file differs from what was acknowledged, and its faults."""
    with closing(sqlite3.connect(path)) as connection:
        rows = [number for (number,) in connection.execute("SELECT number FROM supportcases_cases ORDER BY number")]
    if rows != acknowledged:
        yield f"{len(acknowledged)} were acknowledged and {len(rows)} are there"
    yield from faults_of(path)


if __name__ == "__main__":
    print(json.dumps(fill(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else None)))
