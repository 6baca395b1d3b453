"""Targets 2, 8 and 9: what the desk gives over sockets, and whether its writers wait for a search.

Ours is `supportcases serve` as shipped; the floor is served with the same settings, or both by gunicorn. They take
turns at the load of `wrk`, each with its own copy of the cases, and the medians of the rounds are compared.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from dev.benchmarks.calls import CASES, Call
from dev.benchmarks.data import HUNDRED_THOUSAND, MILLION, say
from dev.benchmarks.measure import Figure, at_least, at_most, p95, seconds_of, spelled
from dev.benchmarks.servers import (
    Client,
    Desk,
    Load,
    Server,
    desk,
    floor,
    floor_by_four,
    load,
    ours,
    ours_by_four,
    repeated,
)
from supportcases import SqliteRepository, create_app

CALLS: Final = {  # and which share of the floor's rate they are to reach
    "get by number": 0.9,
    "list of 10": 0.92,
    "list of 100": 1.25,
    "create": 0.85,
    "patch": 0.85,
    "reply": 0.85,
}
CONNECTIONS: Final = 8
ROUNDS: Final = 5
SECONDS: Final = 4
WARM_UP: Final = 1

READS: Final = ("get by number", "list of 10", "get by number", "list by status")
MIX: Final = (*READS, "create", *READS, "reply")
READING: Final = 0.8
MIXED_CONNECTIONS: Final = 16
MIXED_ROUNDS: Final = 3
MIXED_SECONDS: Final = 60

SEARCHES: Final[tuple[dict[str, str | int], ...]] = (
    {"query": "e"},
    {"query": "qz"},
    {"query": "7"},
    {"query": "the "},
    {"query": "the ", "status": "closed"},
    {"query": "the ", "status": "closed", "offset": 100_000},
    {"query": "e", "status": "closed", "offset": 500_000},
    {"query": "e", "offset": 500_000},
)
CREATING_ROUNDS: Final = 4
CREATING_SECONDS: Final = 10

Loads = Callable[..., Load]
Serves = Callable[[Desk], AbstractContextManager[Server]]


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of targets 2, 8 and 9."""
    yield from _each_call(kept, folder)
    yield from _mixed("one process of 4 threads", kept, folder, ours, floor)
    yield from _mixed("four processes of 4 threads", kept, folder, ours_by_four, floor_by_four)
    yield _creates_beside_a_search(kept, folder)


def _each_call(kept: Path, folder: Path) -> Iterator[Figure]:
    with _both(kept, folder, ours, floor) as both:
        for call, limit in CALLS.items():
            for loads in both.values():
                loads((call,), connections=CONNECTIONS, seconds=WARM_UP, run=0)
            taken = in_turns(both, (call,), rounds=ROUNDS, connections=CONNECTIONS, seconds=SECONDS)
            _must_be_flawless(call, errors(taken))
            yield _compared(2, f"{call}, served", rates(taken), "requests/s", limit, p99(taken))


def _mixed(how: str, kept: Path, folder: Path, our_server: Serves, floor_server: Serves) -> Iterator[Figure]:
    """Yield what comes of reads and writes together."""
    with _both(kept, folder, our_server, floor_server) as both:
        taken = in_turns(both, MIX, rounds=MIXED_ROUNDS, connections=MIXED_CONNECTIONS, seconds=MIXED_SECONDS)
    reads = {name: READING * rate for name, rate in rates(taken).items()}
    failed = errors(taken)
    yield at_most(8, f"{how}: errors", failed["ours"], 0, unit="", detail=f"floor {failed['floor']}")
    _must_be_flawless(how, failed)  # a floor that fails is none to compare with
    yield _compared(8, f"{how}: reads", reads, "reads/s", 0.85, p99(taken))


@contextmanager
def _both(kept: Path, folder: Path, our_server: Serves, floor_server: Serves) -> Iterator[dict[str, Loads]]:
    """Serve ours and the floor, each with its own cases, until the block ends; yield what puts them under load."""
    with (
        desk(HUNDRED_THOUSAND, kept, folder) as our_desk,
        desk(HUNDRED_THOUSAND, kept, folder) as floor_desk,
        our_server(our_desk) as our_one,
        floor_server(floor_desk) as floor_one,
    ):
        yield {"ours": partial(load, our_one, our_desk), "floor": partial(load, floor_one, floor_desk)}


def in_turns(
    both: Mapping[str, Loads], calls: Sequence[str], *, rounds: int, connections: int, seconds: int
) -> dict[str, list[Load]]:
    """Return what each saw of its rounds, in which all take turns."""
    taken: dict[str, list[Load]] = {name: [] for name in both}
    for run in range(1, rounds + 1):
        for name, loads in both.items():
            say(f"{' + '.join(dict.fromkeys(calls))}, round {run} of {rounds}: {name}")
            taken[name].append(loads(calls, connections=connections, seconds=seconds, run=run))
    return taken


def rates(taken: Mapping[str, Sequence[Load]]) -> dict[str, float]:
    """Return the median answers a second of each."""
    return {name: statistics.median(seen.per_second for seen in loads) for name, loads in taken.items()}


def p99(taken: Mapping[str, Sequence[Load]]) -> dict[str, float]:
    """Return of each the median of the seconds in which 99 of 100 came."""
    return {name: statistics.median(seen.p99 for seen in loads) for name, loads in taken.items()}


def errors(taken: Mapping[str, Sequence[Load]]) -> dict[str, int]:
    """Return all errors of each."""
    return {name: sum(seen.errors for seen in loads) for name, loads in taken.items()}


def _must_be_flawless(what: str, errors: Mapping[str, int]) -> None:
    if any(errors.values()):
        raise RuntimeError(f"{what}: requests that failed: {errors}")


def _compared(
    target: int, name: str, rates: Mapping[str, float], unit: str, limit: float, p99: Mapping[str, float]
) -> Figure:
    said = (f"{who} {rate:,.0f} {unit} with a p99 of {spelled(p99[who])}" for who, rate in rates.items())
    return at_least(target, f"{name}, ours / floor", rates["ours"] / rates["floor"], limit, detail=", ".join(said))


def _creates_beside_a_search(kept: Path, folder: Path) -> Figure:
    """Return how much longer a create takes while the slowest search is repeated."""
    alone: list[float] = []
    beside: list[float] = []
    searched: list[float] = []
    with desk(MILLION, kept, folder) as million:
        slowest = _slowest_search(million)
        with ours(million) as server:
            _creates(server, million, WARM_UP)
            for turn in range(1, CREATING_ROUNDS + 1):
                say(f"creates, alone and beside {slowest}: round {turn} of {CREATING_ROUNDS}")
                alone += _creates(server, million, CREATING_SECONDS)
                with repeated(server, million.key, f"{CASES}?{slowest}") as seconds:
                    beside += _creates(server, million, CREATING_SECONDS)
                searched += seconds
    detail = (
        f"p95 {spelled(p95(beside))} of {len(beside):,} creates, alone {spelled(p95(alone))} of {len(alone):,}; "
        f"{slowest} took {spelled(statistics.median(searched))}, {len(searched)} times"
    )
    return at_most(9, "create beside the slowest search, p95 / p95 alone", p95(beside) / p95(alone), 3, detail=detail)


def _slowest_search(million: Desk) -> str:
    """Return the query string, among those of `SEARCHES`, that is answered last."""
    with closing(SqliteRepository(million.path)) as repository:
        app = create_app(repository)
        seconds = {}
        for query in map(urlencode, SEARCHES):
            say(f"trying the search {query}")
            search = Call(app, million.key, "GET", CASES, query)
            seconds[query] = min(seconds_of(search), seconds_of(search))
    return max(seconds, key=seconds.__getitem__)


def _creates(server: Server, million: Desk, seconds: float) -> list[float]:
    """Open one case after the other for so many seconds; return how long each took."""
    new = {"subject": "Order #4711 was charged twice", "body": "It happens every time, in two browsers."}
    until = time.monotonic() + seconds
    taken = []
    with closing(Client(server, million.key)) as client:
        while time.monotonic() < until:
            taken.append(seconds_of(partial(client, "POST", CASES, new)))
    return taken
