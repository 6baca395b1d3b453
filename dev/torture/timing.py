"""Claim 16: how long an answer takes tells nothing of a key that is refused, nor of another store's cases.

Requests of several kinds come in random order to an app in this process, on a file with some thousand keys and cases;
Python's garbage collector is off. For each pair of kinds that must not differ, the difference of the two medians is
told with its 99 % interval, by the bootstrap. A pair passes where the interval holds 0, or where the difference stays
below `BOUND`, which two kinds that are the same, measured in the same run, may reach by chance where the machine is
busy: revoked and expired keys and foreign UUIDs do differ, by a microsecond or two, and the row says so. The whole
interval must lie within `PLANTED`, or too little would be known. One kind is made to take that much longer and must
fail the same test.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final, NamedTuple

from dev.torture.experiment import Effort, Outcome
from dev.torture.in_process import App, call, environ_of
from dev.torture.servers import CASES, SUPPORT
from supportcases import KeyRing, SqliteRepository, create_app
from supportcases.desk.keys import random_key
from supportcases.testing.sample_cases import some_cases

CLAIM: Final = 16
SEED: Final = 16
RESAMPLINGS: Final = 10_000
TAIL: Final = 0.005  # of the resamplings, on either side of a 99 % interval
BOUND: Final = 5.0  # microseconds
PLANTED: Final = 20.0  # microseconds
WARMING: Final = 50  # calls of each kind that are not counted
KEYS: Final = 1_000  # of each kind: more than the app remembers
OWN_CASES: Final = 50
FOREIGN_CASES: Final = 3_000
VERBS: Final = (("GET", "", b""), ("PATCH", "", b'{"status":"closed"}'), ("POST", "/messages", b'{"body":"Mine?"}'))

Environ = dict[str, Any]
Kinds = dict[str, Callable[[], Environ]]


class Pair(NamedTuple):
    """Two kinds of requests, and whether they must not differ or must be seen to."""

    name: str
    first: str
    second: str
    planted: bool = False


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield what the medians of each pair tell."""
    calls = effort.pick(600, 5_000)
    desk = Desk(folder / "timing.db")
    with closing(desk.repository), no_garbage_collection():
        for kinds, pairs in desk.comparisons():
            taken = times_of(desk.app, kinds, calls)
            for pair in pairs:
                yield compared(pair, taken[pair.first], taken[pair.second])


class Desk:
    """An app with keys of every kind, and the cases of two stores."""

    def __init__(self, db: Path) -> None:
        """Make them."""
        self.chance = Random(SEED)
        self.repository = SqliteRepository(db)
        self.app = create_app(self.repository)
        self.key = self.app.keys.create("acme")[0]
        self.agent = self.app.keys.create_support(label="Ada", stores=["acme"])[0]
        now = datetime.now(UTC)
        some_cases(self.repository, OWN_CASES, store="acme", until=now)
        self.foreign = some_cases(self.repository, FOREIGN_CASES, store="globex", until=now)
        with self.repository.write():
            self.valid = [self.app.keys.create("acme")[0] for _ in range(KEYS)]
            self.revoked = [self._revoked() for _ in range(KEYS)]
            past = KeyRing(self.repository, clock=lambda: now - timedelta(days=2))
            self.expired = [past.create("acme", lifetime=timedelta(days=1))[0] for _ in range(KEYS)]

    def comparisons(self) -> Iterator[tuple[Kinds, list[Pair]]]:
        """Yield kinds of requests that come in one random order, with the pairs to compare."""
        yield self.of_keys()
        for method, below, body in VERBS:
            yield self.of_cases(f"{method} {CASES}/CASE{below}", method, f"{CASES}/%s{below}", body, self.key)
        yield self.of_cases(f"GET {SUPPORT}/cases/CASE", "GET", f"{SUPPORT}/cases/%s", b"", self.agent)

    def of_keys(self) -> tuple[Kinds, list[Pair]]:
        """Return requests with keys that are refused."""
        choice, unknown = self.chance.choice, [random_key() for _ in range(KEYS)]
        almost = [key[:-1] + ("0" if key[-1] != "0" else "1") for key in self.valid]
        kinds: Kinds = {
            "unknown": lambda: asked(choice(unknown)),
            "unknown, again": lambda: asked(choice(unknown)),
            "slow": lambda: asked(choice(unknown), wait=PLANTED),
            "revoked": lambda: asked(choice(self.revoked)),
            "expired": lambda: asked(choice(self.expired)),
            "almost right": lambda: asked(choice(almost)),
        }
        others = ("unknown, again", "revoked", "expired", "almost right")
        pairs = [Pair(f"key: unknown - {other}", "unknown", other) for other in others]
        return kinds, [
            *pairs,
            Pair(f"key: unknown - the same {PLANTED:.0f} us slower", "unknown", "slow", planted=True),
        ]

    def of_cases(self, name: str, method: str, target: str, body: bytes, key: str) -> tuple[Kinds, list[Pair]]:
        """Return requests for cases of another store, and for cases that never were."""
        chance, foreign = self.chance, self.foreign

        def ask(ref: object) -> Environ:
            return asked(key, method, target % ref, body)

        kinds: Kinds = {
            "missing UUID": lambda: ask(f"{chance.choice(foreign).id[:-6]}{chance.randrange(16**6):06x}"),
            "missing UUID, again": lambda: ask(f"{chance.choice(foreign).id[:-6]}{chance.randrange(16**6):06x}"),
            "foreign UUID": lambda: ask(chance.choice(foreign).id),
        }
        if key == self.key:
            kinds |= {
                "missing number": lambda: ask(chance.randrange(FOREIGN_CASES + 1, 9_999)),
                "foreign number": lambda: ask(chance.randrange(1_000, FOREIGN_CASES)),
            }
        names = [("missing UUID", "missing UUID, again"), ("missing UUID", "foreign UUID")]
        names += [("missing number", "foreign number")] if key == self.key else []
        return kinds, [Pair(f"{name}: {first} - {second}", first, second) for first, second in names]

    def _revoked(self) -> str:
        key, kept = self.app.keys.create("acme")
        self.app.keys.revoke(kept.id)
        return key


def asked(key: str, method: str = "GET", target: str = CASES, body: bytes = b"", *, wait: float = 0.0) -> Environ:
    """Return a request with a key; the app is to wait some microseconds before it looks at it."""
    return environ_of(method, target, body, {"Authorization": f"Bearer {key}"}, **{"dev.torture.wait": wait})


def times_of(app: App, kinds: Kinds, calls: int) -> dict[str, list[float]]:
    """Return how many microseconds each call of each kind took, all in random order."""
    chance, order = Random(SEED), list(kinds)
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    answers = set()
    for round_ in range(WARMING + calls):
        chance.shuffle(order)
        for kind in order:
            environ = kinds[kind]()
            environ["HTTP_X_REQUEST_ID"] = "7d2c1f04"
            begun = time.perf_counter_ns()
            until = begun + environ["dev.torture.wait"] * 1_000
            while time.perf_counter_ns() < until:
                pass
            answer = call(app, environ)
            ended = time.perf_counter_ns()
            answers.add((answer.status, answer.body))
            if round_ >= WARMING:
                taken[kind].append((ended - begun) / 1_000)
    assert len(answers) == 1, answers
    return taken


def compared(pair: Pair, first: list[float], second: list[float]) -> Outcome:
    """Tell the difference of the medians, with its interval."""
    difference = median(second) - median(first)
    low, high = interval_of_difference(first, second)
    same = (low <= 0 <= high or abs(difference) < BOUND) and -PLANTED < low <= high < PLANTED
    result = f"{median(first):.1f} us; {difference:+.2f} us [{low:+.2f}, {high:+.2f}]"
    result += " seen" if not same else ", below the bound" if not low <= 0 <= high else ", holds 0"
    effort = f"{len(first):,} calls each, seed {SEED}, bound {BOUND:.0f} us"
    return Outcome(CLAIM, f"time of {pair.name}", effort, result, same is not pair.planted)


def interval_of_difference(first: list[float], second: list[float]) -> tuple[float, float]:
    """Return the 99 % interval of the difference of the medians."""
    chance, first, second = Random(SEED), sorted(first), sorted(second)
    differences = sorted(resampled(chance, second) - resampled(chance, first) for _ in range(RESAMPLINGS))
    tail = int(RESAMPLINGS * TAIL)
    return differences[tail], differences[-1 - tail]


def resampled(chance: Random, ordered: list[float]) -> float:
    """Return the median of as many values drawn anew, each any of them: the middle of n uniform draws is a beta."""
    half = (len(ordered) + 1) / 2
    return ordered[int(len(ordered) * chance.betavariate(half, half))]


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Let the collector take no part."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
