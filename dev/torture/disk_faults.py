"""The n-th write, sync, read or open fails, for every n there is.

`faults.c` is preloaded into one process, whose desk opens a case, replies to it, closes it, lets go of its connections,
which copies the journal into the file, and reads; the n-th call of a kind on its files fails meanwhile, once or from
then on, for n = 1, 2, 3 and so on until none fails. Each answer must be what was asked for or a 503. Then another
process, this one, looks at the file: what was acknowledged must be there, and of a write that was refused all or
nothing, for a sync that fails comes after the write, and nobody can know whether it is on the disk. So a client sends
what was refused once more, with its Idempotency-Key: it must be kept now, in the same process, and be there once.
"""

import ctypes
import errno
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

from dev.torture.disk_desk import Desk
from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.invariants import faults_of
from dev.torture.servers import CASES, ROOT
from dev.torture.system import built

SHIM: Final = Path(__file__).with_name("faults.c")
DB: Final = "cases.db"
PATIENCE: Final = 60.0
STEPS: Final = ("opened", "replied", "closed")
WHOLE: Final = {  # what the file holds of a case after so many of the steps
    0: None,
    1: ("open", 1, "opened"),
    2: ("open", 2, "opened,replied"),
    3: ("closed", 2, "opened,replied,closed"),
}


class Kind(NamedTuple):
    """Calls that fail alike."""

    name: str
    bits: int  # as in faults.c
    error: int
    many: bool = False  # so that a quick run passes over some


KINDS: Final = (
    Kind("write EIO", 1, errno.EIO, many=True),
    Kind("write ENOSPC", 1, errno.ENOSPC, many=True),
    Kind("sync EIO", 2, errno.EIO),
    Kind("read ETIMEDOUT", 4, errno.ETIMEDOUT, many=True),  # EIO from a read SQLite itself calls damage
    Kind("open EMFILE", 8, errno.EMFILE),
    Kind("mmap ENOMEM", 16, errno.ENOMEM),
)


@dataclass
class Seen:
    """What was seen in all rounds of a kind."""

    fired: int = 0
    refused: int = 0
    kept_though_refused: int = 0
    faults: list[str] = field(default_factory=list)


def outcomes(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Let every n-th call of each kind fail, once and for good."""
    folder.mkdir()
    step = effort.pick(11, 1)
    with Broken(folder) as desk:
        for lasting in (False, True):
            seen = {kind.name: every_nth(desk, kind, step if kind.many else 1, lasting) for kind in KINDS}
            yield outcome(seen, step, lasting)


def outcome(seen: dict[str, Seen], step: int, lasting: bool) -> Outcome:
    """Tell what was seen."""
    faults = [f"{name}: {fault}" for name, each in seen.items() for fault in each.faults]
    tried = ", ".join(f"{each.fired} {name}" for name, each in seen.items())
    passed_over = f" (each {step}th n of writes and reads)" if step > 1 else ""
    refused = sum(each.refused for each in seen.values())
    kept = sum(each.kept_though_refused for each in seen.values())
    return Outcome(
        5,
        "calls fail from the n-th on" if lasting else "the n-th call fails",
        f"n = 1, 2, 3... until none fails{passed_over}: {tried}",
        f"{refused} writes refused with 503, {kept} of them kept nevertheless, all of them once after a retry, "
        f"{in_words(faults)}",
        not faults and refused > 0 and all(each.fired for each in seen.values()),
    )


def every_nth(desk: "Broken", kind: Kind, step: int, lasting: bool) -> Seen:
    """Let the n-th call fail for n = 1, 1 + step, and so on, until none does."""
    seen = Seen()
    for nth in count(1, step):
        subject = f"{kind.name} {nth} {'for good' if lasting else 'once'}"
        told = desk.tell(Order(subject, kind.bits, nth, kind.error, lasting))
        if not told["fired"]:
            return seen
        seen.fired += 1
        there, faults = looked_at(desk.path, subject)
        done, refused = told["done"], told["done"] < len(STEPS)
        if there not in ((done, done + 1) if refused else (done,)):
            faults.append(f"after {done} of {STEPS} were acknowledged the file has {there}")
        seen.refused += refused
        seen.kept_though_refused += there == done + 1
        told_again = desk.tell(Order(subject))
        there, more = looked_at(desk.path, subject)
        if told_again["done"] != len(STEPS) or there != len(STEPS):
            faults.append(f"after a retry {told_again['done']} were acknowledged and the file has {there} of {STEPS}")
        all_faults = [*told["faults"], *faults, *told_again["faults"], *more]
        seen.faults += (f"{subject}: {fault}" for fault in all_faults)
    raise AssertionError("there is always a last call")


def looked_at(path: Path, subject: str) -> tuple[int | str, list[str]]:
    """Return how many steps the file holds of a case, or what it holds of it otherwise, and the file's faults."""
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        rows = connection.execute(
            """
            SELECT status,
                (SELECT count(*) FROM supportcases_messages AS m WHERE m.case_id = c.id),
                (SELECT group_concat(kind) FROM supportcases_events AS e WHERE e.case_id = c.id)
            FROM supportcases_cases AS c
            WHERE subject = ?
            """,
            [subject],
        ).fetchall()
    steps = {whole: number for number, whole in WHOLE.items()}
    there = f"{len(rows)} cases" if len(rows) > 1 else steps.get(rows[0] if rows else None, str(rows))
    return there, faults_of(path)


# the process with the shim


@dataclass(frozen=True)
class Order:
    """What the process shall do: the steps of a case, with a fault armed or, with `nth` 0, without."""

    subject: str
    bits: int = 0
    nth: int = 0
    error: int = 0
    lasting: bool = False


class Broken:
    """A process with a desk whose system calls can be made to fail."""

    def __init__(self, folder: Path) -> None:
        """Start it, with a file of its own below `folder`."""
        self.path: Final = folder / DB
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dev.torture.disk_faults", str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the desk logs each refusal
            text=True,
            cwd=ROOT,
            env={**os.environ, "LD_PRELOAD": str(built(SHIM, folder))},
        )

    def __enter__(self) -> "Broken":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE)

    def tell(self, order: Order) -> dict[str, Any]:
        """Let it do something; return what came of it."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(asdict(order)), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process with the desk died with {self._process.wait(PATIENCE)} at {order}.")
        told: dict[str, Any] = json.loads(line)
        return told


def obey(path: Path) -> None:
    """Be that process: do what each line of stdin says, and tell on stdout what came of it."""
    shim = ctypes.CDLL(None)
    desk = Desk(path)
    for line in sys.stdin:
        order = Order(**json.loads(line))
        shim.faults_arm(str(path).encode(), order.bits, order.nth, order.error, order.lasting)
        done = steps(desk, order.subject)
        desk("GET", "/healthz")
        desk("GET", CASES)
        fired = shim.faults_fired()
        shim.faults_arm(b"", 0, 0, 0, 0)
        print(json.dumps({"fired": fired, "done": done, "faults": desk.faults}), flush=True)
        desk.faults.clear()
    desk.app.desk.repository.close()


def steps(desk: Desk, subject: str) -> int:
    """Open a case, reply, close it, and let go of the file; return how many were acknowledged before one was not."""
    words = {"body": f"{subject}: what becomes of it?"}
    opened = desk("POST", CASES, {**words, "subject": subject}, Idempotency_Key=f"open {subject}")
    if opened.status != 201:
        return 0
    case = f"{CASES}/{opened.json['number']}"
    if desk("POST", f"{case}/messages", words, Idempotency_Key=f"reply {subject}").status != 201:
        return 1
    if desk("PATCH", case, {"status": "closed"}).status != 200:
        return 2
    desk.app.desk.repository.close()  # the last connection copies the journal into the file
    return 3


if __name__ == "__main__":
    obey(Path(sys.argv[1]))
