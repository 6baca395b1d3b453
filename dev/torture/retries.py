"""Claim 4: a request sent again with its Idempotency-Key has one effect and one answer, whatever dies in between.

Each key is sent by eight clients at once, each until it is answered, while the server is killed with `kill -9` at
random moments and started again. Every second key opens a case, the others reply to one. In the end there must be one
effect for each key, and all eight must have got the same status, `Location` and bytes; a repeat that comes while the
first is under way waits for it, so no other answer is expected.

The answers are kept for a day. A day after a burst of them one more request must not delete them all: the write lock is
held meanwhile.
"""

import json
import random
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.invariants import faults_of
from dev.torture.servers import BROKEN, CASES, PATIENCE, Client, Heard, Served, keys_of, serving
from supportcases import SqliteRepository
from supportcases.desk.idempotency import KEPT_FOR, IdempotentRequest
from supportcases.storage.protocol import Answer, KeptAnswer
from supportcases.testing import MovableClock

SEED: Final = 6
CLIENTS: Final = 8
STORE: Final = "acme"
LONGEST: Final = 1.0  # seconds that a request may hold the write lock to forget old answers


class Answered(NamedTuple):
    """What a client got for a key in the end, and how often it had to send it."""

    heard: Heard
    sent: int

    @property
    def replayed(self) -> bool:
        """Whether it is said to be the answer of an earlier request."""
        return self.heard.headers.get("idempotent-replayed") == "true"

    @property
    def same(self) -> tuple[int, str | None, bytes]:
        """What must be the same for all."""
        return self.heard.status, self.heard.headers.get("location"), self.heard.body

    @property
    def made(self) -> str:
        """The id of the case that was opened, or of the message."""
        answer = self.heard.json
        return str(answer.get("message", answer).get("id"))


class Place:
    """Where the server is now; whoever finds it gone waits here for the next one."""

    def __init__(self) -> None:
        """Begin with no server."""
        self._moved = threading.Condition()
        self._server: Served | None = None

    def moves_to(self, server: Served) -> None:
        """Tell where it is from now on."""
        with self._moved:
            self._server = server
            self._moved.notify_all()

    def after(self, gone: Served | None) -> Served:
        """Return the server, once it is another than the one that is gone."""
        with self._moved:
            if not self._moved.wait_for(lambda: self._server is not gone, timeout=PATIENCE):
                raise RuntimeError("no server came back")
            assert self._server is not None
            return self._server


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield what comes of the kills, and of a burst."""
    yield across_kills(effort, folder)
    yield after_a_burst(effort.pick(20_000, 200_000), folder)


def across_kills(effort: Effort, folder: Path) -> Outcome:
    """Send each key eight times and kill meanwhile; then look at the answers and at the file."""
    keys = effort.pick(60, 1000)
    db = folder / "cases.db"
    api_key = keys_of(db, STORE)[STORE]
    place, together = Place(), threading.Barrier(CLIENTS, timeout=PATIENCE)
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(answers, keys, api_key, place, together) for _ in range(CLIENTS)]
        kills = kill_until_done(clients, db, place, longest=effort.pick(0.2, 0.4))
    heard = list(zip(*(client.result() for client in clients), strict=True))
    made = effects_in(db)
    faults = faults_of(db) + [f"nobody sent {body!r}" for body in made.keys() - {words(key) for key in range(keys)}]
    for key, answered in enumerate(heard):
        faults += [f"key {key}: {fault}" for fault in faults_in(answered, made.get(words(key), []))]
    sent_again = sum(each.sent - 1 for answered in heard for each in answered)
    unheard = sum(all(each.replayed for each in answered) for answered in heard)
    effects = sum(map(len, made.values()))
    result = f"{effects:,} effects; {sent_again:,} requests sent again, {unheard} commits unheard of"
    tried = f"{keys:,} keys, {CLIENTS} clients at once for each, {kills} kills, seed {SEED}"
    return Outcome(4, "retries across kills", tried, f"{result}; {in_words(faults)}", kills > 0 and not faults)


def after_a_burst(burst: int, folder: Path) -> Outcome:
    """Keep many answers, let a day go by, and time ten more requests; the file is as large as the answers make it."""
    clock, answer = MovableClock(), Answer(201, json.dumps({"body": "The parcel has not arrived. " * 20}))
    with closing(SqliteRepository(folder / "burst.db")) as repository:
        with repository.write() as transaction:
            for number in range(burst):
                transaction.replays.keep(STORE, f"burst-{number}", KeptAnswer("f" * 64, answer), clock.now)
        clock.now += KEPT_FOR + timedelta(milliseconds=1)
        taken = []
        for number in range(10):
            retry = IdempotentRequest(repository, scope=STORE, key=f"new-{number}", asked=dict, clock=clock)
            begun = time.perf_counter()
            retry.once(lambda: answer)
            taken.append(time.perf_counter() - begun)
        with repository.read() as transaction:
            ((left,),) = transaction.connection.execute("SELECT count(*) FROM supportcases_replays").fetchall()
    return Outcome(
        4,
        "requests a day after a burst",
        f"{burst:,} answers kept, then {len(taken)} requests with keys",
        f"the longest held the write lock for {max(taken) * 1000:,.0f} ms; {left:,} answers are left",
        max(taken) < LONGEST and left < burst,
    )


def kill_until_done(clients: "Sequence[Future[list[Answered]]]", db: Path, place: Place, *, longest: float) -> int:
    """Serve, for so long at a time, until the clients have all their answers; return how often it was killed."""
    chance = random.Random(SEED)
    kills = 0
    while True:
        with serving(db) as server:
            place.moves_to(server)
            if not wait(clients, timeout=chance.uniform(0.02, longest)).not_done:
                return kills
            server.kill()
            kills += 1


def answers(keys: int, api_key: str, place: Place, together: threading.Barrier) -> list[Answered]:
    """Send each key when all do, until it is answered; every second one replies to the case of the one before."""
    server = place.after(None)
    client = Client(server.port, api_key)
    got: list[Answered] = []
    for key in range(keys):
        path = f"{CASES}/{got[-1].made}/messages" if key % 2 else CASES
        together.wait()
        sent = 0
        while len(got) == key:
            sent += 1
            try:
                got.append(Answered(client("POST", path, {"body": words(key)}, Idempotency_Key=f"key-{key}"), sent))
            except BROKEN:
                client.close()
                server = place.after(server)
                client = Client(server.port, api_key)
    client.close()
    return got


def words(key: int) -> str:
    """Return the text that is sent with a key, and with no other."""
    return f"Key {key}: the parcel has not arrived."


def effects_in(db: Path) -> dict[str, list[tuple[str, str]]]:
    """Return for each text of the file the ids of the case and the message of each time that it is there."""
    made = defaultdict(list)
    with closing(sqlite3.connect(db)) as connection:
        for body, case, message in connection.execute("SELECT body, case_id, id FROM supportcases_messages"):
            made[body].append((case, message))
    return made


def faults_in(answered: Sequence[Answered], made: Sequence[tuple[str, str]]) -> list[str]:
    """Return what is wrong with the answers to a key, and with what it made."""
    faults = [
        f"answered {each.heard.status}: {each.heard.body[:200]!r}" for each in answered if each.heard.status != 201
    ]
    if len({each.same for each in answered}) > 1:
        faults.append("the clients got different answers")
    if sum(not each.replayed for each in answered) > 1:
        faults.append("more than one was told to be the first")
    if len(made) != 1:
        faults.append(f"{len(made)} effects")
    elif answered[0].made not in made[0]:
        faults.append(f"made {made[0]}, but answered {answered[0].made}")
    return faults
