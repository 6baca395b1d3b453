"""Merchants, agents and readers who go on whatever happens, and what each was answered, and when."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

from dev.torture.load import Kind, Merchant, Write
from dev.torture.servers import BROKEN, CASES, SUPPORT, Client, Heard

PAUSE: Final = 0.02  # seconds between two writes of somebody, and two reads
AGAIN: Final = 0.2  # seconds until somebody who was told to come again does, whatever Retry-After says
GIVEN_UP: Final = 90.0  # seconds after which a write has no outcome that anybody will ever know
UNKNOWN: Final = "outcome_unknown"
NOTHING: Final = "no answer"


class Answer(NamedTuple):
    """An answer: when it came, by `time.monotonic`, from which way, to a write or to a read; `code` is an error's."""

    at: float
    way: str
    writes: bool
    status: int
    code: str
    retry_after: str

    @property
    def good(self) -> bool:
        """Whether it was done."""
        return 200 <= self.status < 300

    @property
    def said(self) -> str:
        """What it said, in a few words."""
        after = f", Retry-After {self.retry_after}" if self.retry_after else ""
        return f"{self.status} {self.code}{after}" if self.status else NOTHING


@dataclass(slots=True)
class Book:
    """What all heard.

    Attributes:
        answers: Each answer, in their order.
        unknown: The Idempotency-Keys of the writes of which nobody could say whether they were kept.
        kept: Those of them that had been kept, as was told when they were sent again.
        resolved: Those that were answered in the end.
        belied: Writes that had been kept although each answer had said that they were not.
    """

    answers: list[Answer] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    resolved: set[str] = field(default_factory=set)
    belied: list[str] = field(default_factory=list)

    def note_end(self, key: str, heard: Heard) -> None:
        """Note how a write with that key ended."""
        replayed = heard.headers.get("idempotent-replayed") == "true"
        if key in self.unknown:
            self.resolved.add(key)
            if replayed:
                self.kept.add(key)
        elif replayed:
            self.belied.append(f"{key} was said not to be kept, and was")

    def silence(self, way: str, *, writes: bool, since: float) -> float:
        """Return the longest time without a good answer of a way, in seconds, from `since` on."""
        times = [answer.at for answer in self.answers if (answer.way, answer.writes) == (way, writes) and answer.good]
        times = sorted(time_ for time_ in times if time_ > since - 1)
        return max((later - sooner for sooner, later in pairwise(times)), default=0.0)


class Persistent:
    """A client that sends a write again, with its Idempotency-Key, until it is answered with anything but a 503."""

    def __init__(self, port: int, way: str, book: Book, *, key: str | None = None) -> None:
        """Connect at the first call."""
        self._client: Final = Client(port, key)
        self._way: Final = way
        self._book: Final = book

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Heard:
        """Send a request until it is answered; a read is sent once."""
        key = headers.get("Idempotency-Key")
        patience = time.monotonic() + GIVEN_UP
        while True:
            heard = self._heard(method, path, body, headers)
            if not key:
                return heard or Heard(0, {}, b"")
            if heard and heard.status != 503:
                self._book.note_end(key, heard)
                return heard
            if not heard or heard.json["code"] == UNKNOWN:
                self._book.unknown.add(key)
            if time.monotonic() > patience:
                raise ConnectionError(f"{key} has no outcome")
            time.sleep(AGAIN)

    def _heard(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Heard | None:
        """Return what is answered, if anything is, and note it."""
        heard = None
        with suppress(*BROKEN):
            heard = self._client(method, path, body, **headers)
        code = heard.json.get("code", "") if heard and heard.status >= 400 else ""
        after = heard.headers.get("retry-after", "") if heard else ""
        status = heard.status if heard else 0
        self._book.answers.append(Answer(time.monotonic(), self._way, method != "GET", status, code, after))
        return heard

    def close(self) -> None:
        """Hang up."""
        self._client.close()


class Agent:
    """Somebody of the team who answers whatever waits in some stores."""

    def __init__(self, name: str, stores: Sequence[str]) -> None:
        """Answer in these stores."""
        self.writes: Final[list[Write]] = []
        self._name: Final = name
        self._stores: Final = stores
        self._random = random.Random(name)

    def write(self, client: Persistent) -> None:
        """Answer one of those who wait."""
        store = self._random.choice(self._stores)
        queue = client("GET", f"{SUPPORT}/cases?store={store}&status=open&limit=20")
        waiting = queue.json["data"] if queue.status == 200 else []
        if not waiting:
            time.sleep(AGAIN)
            return
        name = f"{self._name}-{len(self.writes)}"
        write = Write(Kind.ANSWER, store, {"body": f"{name}: we look into it."}, self._random.choice(waiting)["id"])
        self.writes.append(write)
        write.invoked = time.monotonic_ns()
        heard = client(*write.request, write.sent, **{"Idempotency-Key": name})
        write.completed, write.status, write.answer = time.monotonic_ns(), heard.status, heard.json


class Reader:
    """A merchant who reads the list of a store again and again."""

    def __init__(self) -> None:
        """Write nothing."""
        self.writes: Final[list[Write]] = []

    def write(self, client: Persistent) -> None:
        """Read it once more."""
        if client("GET", f"{CASES}?limit=10").status != 200:
            time.sleep(AGAIN)
        time.sleep(PAUSE)


class Shift:
    """People at work: each at a port, until it is over."""

    def __init__(self, people: Sequence[tuple[Merchant | Agent | Reader, int, str, str | None]], book: Book) -> None:
        """Each with a port, the name of the way behind it, and a key of their own."""
        self.book: Final = book
        self._people: Final = people
        self._over: Final = threading.Event()

    @property
    def writers(self) -> list[Merchant | Agent]:
        """Who writes."""
        return [person for person, *_ in self._people if not isinstance(person, Reader)]

    @property
    def writes(self) -> list[Write]:
        """All that they wrote."""
        return [write for writer in self.writers for write in writer.writes]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let them work until the block ends, and end what they have begun."""
        with ThreadPoolExecutor(len(self._people)) as pool:
            working = [pool.submit(self._work, *each) for each in self._people]
            try:
                yield
            finally:
                self._over.set()
        for each in working:
            each.result()

    def all_wrote(self, count: int, since: int) -> bool:
        """Tell whether each writer has had so many writes acknowledged that were sent since then."""
        return all(
            sum(write.acknowledged and write.invoked > since for write in writer.writes[-20 - count :]) >= count
            for writer in self.writers
        )

    def _work(self, person: Merchant | Agent | Reader, port: int, way: str, key: str | None) -> None:
        with closing(Persistent(port, way, self.book, key=key)) as client:
            while not self._over.is_set():
                try:
                    person.write(client)
                except ConnectionError:  # given up: the write stays without an outcome
                    return
                time.sleep(PAUSE)
