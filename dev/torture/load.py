"""Merchants who open cases, reply and close without a pause, and note what was acknowledged, and when."""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from dev.torture.servers import BROKEN, CASES, PATIENCE, SUPPORT, Client, Served

T = TypeVar("T")

STORES: Final = ("acme", "globex", "initech", "lumen", "umbrella")
CATEGORIES: Final = ("orders_payments", "products_catalog", "domains_setup", "store_builder", "other")
SEVERITIES: Final = ("critical", "high", "normal", "low")
SENTENCE: Final = "We wait for it, and so do our customers."


class Kind(StrEnum):
    """What a merchant writes."""

    OPENING = "opening"
    REPLY = "reply"
    CLOSING = "closing"
    ANSWER = "answer of the team"


@dataclass(slots=True)
class Write:
    """One write, noted before it is sent; of one that is never answered nobody knows whether it is kept.

    Attributes:
        kind: What it does.
        store: The store whose key it is sent with.
        sent: The fields of its body; the text of an opening or a reply is like no other's.
        case: The id of the case that it is about, which for an opening comes with the answer.
        invoked: When it was sent, by `time.monotonic_ns`.
        completed: When its whole answer was there; 0 if none came.
        times: How often it was sent.
        replayed: Whether its answer is said to be that of an earlier time.
        status: The status of its answer; 0 if none came.
        answer: The JSON of its answer.
    """

    kind: Kind
    store: str
    sent: dict[str, str]
    case: str = ""
    invoked: int = 0
    completed: int = 0
    times: int = 0
    replayed: bool = False
    status: int = 0
    answer: Any = field(default=None, repr=False)

    @property
    def request(self) -> tuple[str, str]:
        """The method and the path of its request."""
        if self.kind is Kind.OPENING:
            return "POST", CASES
        if self.kind is Kind.ANSWER:
            return "POST", f"{SUPPORT}/cases/{self.case}/messages"
        case = f"{CASES}/{self.case}"
        return ("POST", f"{case}/messages") if self.kind is Kind.REPLY else ("PATCH", case)

    @property
    def acknowledged(self) -> bool:
        """Whether the answer says that it is kept."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the answer says that it is not kept, or says anything else."""
        return self.completed > 0 and not self.acknowledged


class Merchant:
    """Somebody with a kept connection who writes to all stores that they have keys of, one write at a time.

    No other merchant writes to their cases. A case with a write that was never answered is left alone, so that its
    state stays known up to that write; whoever `retries` sends it to the next server again, with the same
    Idempotency-Key, until it is answered.
    """

    def __init__(
        self,
        name: str,
        keys: Mapping[str, str],
        *,
        seed: object,
        sentence: str = SENTENCE,
        most: int = 20,
        retries: bool = False,
        connect: Callable[[int], Any] = Client,
    ) -> None:
        """Use a name of their own, and at `most` so many sentences; `connect` makes a client of a port."""
        self.writes: Final[list[Write]] = []
        self._name = name
        self._keys = keys
        self._random = random.Random(f"{seed} {name}")
        self._sentence = sentence
        self._most = most
        self._retries = retries
        self._connect = connect
        self._settled: list[Write] = []  # the last write to each case

    def work(self, port: int) -> None:
        """Write until the server is gone."""
        with suppress(*BROKEN), closing(self._connect(port)) as client:
            if self._retries and self.writes and not self.writes[-1].completed:
                self._send(client, self.writes[-1])
            while True:
                self.write(client)

    def write(self, client: Any) -> None:
        """Do one thing or another."""
        if not self._settled or self._random.random() < 0.5:
            self.open(client)
            return
        last = self._settled.pop(self._random.randrange(len(self._settled)))
        if last.kind is not Kind.CLOSING and self._random.random() < 0.4:
            self._close(client, last)
        else:
            self.reply(client, last)

    def open(self, client: Any, store: str = "") -> None:
        """Open a case."""
        write = Write(Kind.OPENING, store or self._random.choice(list(self._keys)), self._words())
        write.sent["subject"] = f"Order {self._name}-{len(self.writes)} has not arrived"
        write.sent["category"] = self._random.choice(CATEGORIES)
        write.sent["severity"] = self._random.choice(SEVERITIES)
        self._begin(client, write)

    def reply(self, client: Any, last: Write) -> None:
        """Reply to the case of an earlier write."""
        self._begin(client, Write(Kind.REPLY, last.store, self._words(), last.case))

    def _close(self, client: Any, last: Write) -> None:
        self._begin(client, Write(Kind.CLOSING, last.store, {"status": "closed"}, last.case))

    def _words(self) -> dict[str, str]:
        text = " ".join([self._sentence] * self._random.randint(1, self._most))
        return {"body": f"{self._name}-{len(self.writes)}: {text}"}

    def _begin(self, client: Any, write: Write) -> None:
        self.writes.append(write)
        write.invoked = time.monotonic_ns()
        self._send(client, write)

    def _send(self, client: Any, write: Write) -> None:
        headers = {"Authorization": f"Bearer {self._keys[write.store]}"}
        if self._retries:
            headers["Idempotency-Key"] = f"{self._name}-{len(self.writes)}"
        write.times += 1
        heard = client(*write.request, write.sent, **headers)
        write.completed = time.monotonic_ns()
        write.status, write.answer = heard.status, heard.json
        write.replayed = heard.headers.get("idempotent-replayed") == "true"
        if write.acknowledged:
            write.case = write.case or write.answer["id"]
            self._settled.append(write)


def writes_of(merchants: Iterable[Merchant]) -> list[Write]:
    """Return all that the merchants wrote, each in their order."""
    return [write for merchant in merchants for write in merchant.writes]


class Worker(Protocol):
    """Somebody who keeps a server busy."""

    def work(self, port: int) -> None:
        """Go on until the server is gone."""


def work_until(end: Callable[[Served], T], workers: Sequence[Worker], server: Served, *, seconds: float) -> T:
    """Let them work for so long, then `end` the server while they go on; return what came of that, once all noticed."""
    with ThreadPoolExecutor(len(workers)) as pool:
        working = [pool.submit(worker.work, server.port) for worker in workers]
        try:
            time.sleep(seconds)
            if server.process.poll() is not None:
                raise RuntimeError(f"the server ended by itself: {server.log.read_text()[-2000:]}")
            result = end(server)
        finally:
            server.kill()
    for each in working:
        each.result(PATIENCE)
    return result
