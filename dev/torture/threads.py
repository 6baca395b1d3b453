"""Claim 21: a thread ends somewhere, and four who read the fullest one at once cost little memory.

Its texts are control characters, each six bytes of JSON, beside one that makes Python keep four bytes for every other.
A merchant fills a case over HTTP until it is full. Then four clients read it at once, several times, and so do four of
the support team, with notes beside it. Told is how far the server's memory rose at its peak.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final

from dev.torture.experiment import Effort, Outcome
from dev.torture.servers import CASES, SUPPORT, Client, Served, serving
from supportcases import Actor, KeyRing, SqliteRepository, SupportDesk

CLAIM: Final = 21
READERS: Final = 4
MOST: Final = 150.0  # MiB that the readers may cost
MESSAGES: Final = 2_000
BODY: Final = "\N{GRINNING FACE}" + "\1" * 999
NEW: Final = "The first message of a long case."


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield what comes of filling a case, and of reading it on both sides."""
    db = folder / "cases.db"
    repository = SqliteRepository(db)
    keys = KeyRing(repository)
    merchant, agent = keys.create("acme")[0], keys.create_support(label="Ada")[0]
    desk = SupportDesk(repository)
    desk.open(Actor.merchant("acme"), body=NEW)
    _fill(desk, effort.pick(MESSAGES - 10, 1))
    yield _full(db, merchant)
    times = effort.pick(2, 10)
    yield _read(db, merchant, f"{CASES}/1", "merchants", times)
    with repository.write():
        for _ in range(200):
            desk.note(Actor.support("Ada"), "acme:1", body=BODY)
    repository.close()
    yield _read(db, agent, f"{SUPPORT}/cases/acme:1", "the team, with 200 notes", times)


def _fill(desk: SupportDesk, messages: int) -> None:
    """Let the thread have so many messages, which is quicker than over HTTP."""
    with desk.repository.write():
        for _ in range(messages - 1):
            desk.reply(Actor.merchant("acme"), 1, body=BODY)


def _full(db: Path, key: str) -> Outcome:
    """Reply until the case is full, and see that it says so and takes what the team says."""
    path, statuses = f"{CASES}/1/messages", []
    with serving(db) as server, closing(Client(server.port, key)) as client:
        while not statuses or statuses[-1] == 201:
            heard = client("POST", path, {"body": BODY})
            statuses.append(heard.status)
        again = [client("POST", path, {"body": "x" * 10_000}).status for _ in range(20)]
        messages = client("GET", f"{CASES}/1").json["messages"]
    characters = sum(len(message["body"]) for message in messages)
    return Outcome(
        CLAIM,
        "a merchant who replies until the case is full",
        f"{len(statuses):,} replies of 1,000 characters over HTTP, 20 more",
        f"{len(messages):,} messages of {characters:,} characters, then {statuses[-1]} {heard.json.get('code')}",
        (heard.status, heard.json["code"], set(again)) == (409, "thread_full", {409})
        and len(messages) <= MESSAGES
        and characters <= 2_000_000,
    )


def _read(db: Path, key: str, path: str, who: str, times: int) -> Outcome:
    """Let four clients read the thread at once, and see what that costs."""
    with serving(db) as server:
        with closing(Client(server.port, key)) as client:
            client("GET", f"{path.rpartition('/')[0]}?limit=1")
        before = _memory(server, "VmRSS")

        def read(_: int) -> set[tuple[int, int]]:
            with closing(Client(server.port, key)) as client:
                answers = (client("GET", path) for _ in range(times))
                return {(answer.status, len(answer.body)) for answer in answers}

        with ThreadPoolExecutor(READERS) as pool:
            heard = set().union(*pool.map(read, range(READERS)))
        grown = _memory(server, "VmHWM") - before
    ((status, length),) = heard
    return Outcome(
        CLAIM,
        f"the fullest thread, read by {who}",
        f"{READERS} clients at once, {times} times each",
        f"{status}, {length / 1e6:.1f} MB; memory {before:.0f} MiB, +{grown:.0f} MiB at its peak",
        status == 200 and length > 10_000_000 and grown < MOST,
    )


def _memory(server: Served, field: str) -> float:
    """Return a figure of the process's memory in MiB: `VmRSS`, what it is now, or `VmHWM`, the most that it was."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields[field].split()[0]) / 1024
