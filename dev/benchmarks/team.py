"""The team's side among a million cases of a thousand stores (target 14).

A call is one WSGI call in process, with its whole answer, as the agent asks who takes care of the most cases. Beside
the agents' searches a store asks over a socket. The terms are chosen by looking at the data.
"""

import json
import random
import sqlite3
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from itertools import chain, product
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus, urlencode

from dev.benchmarks.calls import CASES, SUPPORT, Call
from dev.benchmarks.data import STORE, THOUSAND_STORES, say
from dev.benchmarks.measure import Figure, at_most, medians, p95, seconds_of, spelled
from dev.benchmarks.search import NOWHERE, terms_in
from dev.benchmarks.servers import THREADS, Client, Desk, desk, ours, repeated
from supportcases import Category, Severity, SqliteRepository, Status, create_app
from supportcases.domain.queue import QueueSort
from supportcases.domain.text import fold
from supportcases.storage.protocol import Repository

DATA: Final = THOUSAND_STORES
ROUNDS: Final = 11
WARM_UP: Final = 2
MONTH: Final = {"createdAfter": "2025-11-01T00:00:00Z", "createdBefore": "2025-12-01T00:00:00Z"}
VIEWS: Final[dict[str, dict[str, str]]] = {
    "waiting": {"status": Status.OPEN},
    "mine": {"assignee": "me"},
    "nobody's": {"assignee": "none"},
    "critical": {"severity": Severity.CRITICAL},
    "answered": {"status": Status.ANSWERED},
    "closed": {"status": Status.CLOSED},
    "all": {},
    "one store": {"store": STORE},
}
FILTERS: Final[dict[str, tuple[str | None, ...]]] = {
    "sort": (*QueueSort,),
    "status": (None, *Status),
    "severity": (None, *Severity),
    "category": (None, *Category),
    "assignee": (None, "me", "none", "Lou"),
    "store": (None, STORE),
}
SPANS: Final = ({}, MONTH, {"activeAfter": MONTH["createdAfter"]})
COMBINATIONS: Final = 150  # of 10,080
TEXTS: Final = 120  # from which terms are taken
LENGTHS: Final = (3, 4, 6, 8, 12, 20, 30, 40)
FEW: Final = 100
SHORT: Final = ("e", "qz", "7")
SAMPLE: Final = 500
BESIDE: Final = 20  # seconds


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of target 14."""
    say(f"copying {DATA.name}")
    with desk(DATA, kept, folder) as team:
        with closing(SqliteRepository(team.path)) as repository:
            side = Side(repository, team.agents_key, sample(team.path), 14)
            yield from side.figures()
            slowest = side.slowest_search()
        yield _merchant_beside(team, slowest)


class Side:
    """What an agent asks."""

    def __init__(self, repository: Repository, key: str, texts: list[str], target: int, where: str = "") -> None:
        """Ask with the key, for terms that are taken from the texts."""
        self._app, self._key = create_app(repository, time_budget=600), key
        self._texts = texts
        self._target = target
        self._where = where

    def figures(self) -> Iterator[Figure]:
        """Yield all that is timed."""
        yield from self.views()
        yield self.counts()
        yield self.combinations()
        yield self.few_found()
        yield self.half_found()
        yield from self.statistics()

    def views(self) -> Iterator[Figure]:
        """Time the first page and the next one of each view."""
        for name, view in VIEWS.items():
            say(f"view {name}")
            following = view | {"cursor": self._meta(view)["nextCursor"]}
            pages = {"first page": self._queue(view), "next": self._queue(following)}
            taken = medians(pages, rounds=ROUNDS, warm_up=WARM_UP)
            detail = ", ".join(f"{page} {spelled(seconds)}" for page, seconds in taken.items())
            yield self._milliseconds(f"view {name}", max(taken.values()), 10, detail)

    def counts(self) -> Figure:
        """Time the counts of all views in one call."""
        taken = medians({"views": self._get("views", {})}, rounds=ROUNDS, warm_up=WARM_UP)
        return self._milliseconds("the counts of all views", taken["views"], 10)

    def combinations(self) -> Figure:
        """Time some of all combinations of filters and sort."""
        every = [
            {name: value for name, value in zip(FILTERS, values, strict=True) if value} | span
            for *values, span in product(*FILTERS.values(), SPANS)
        ]
        chosen = random.Random(1).sample(every, COMBINATIONS)
        return self._slowest(f"the slowest of {COMBINATIONS} combinations", chosen, 100)

    def few_found(self) -> Figure:
        """Time the queries that find few."""
        few = [{"query": term} for term in self._terms() if self._meta({"query": term})["count"] <= FEW]
        return self._slowest(f"the slowest of {len(few)} queries that find up to {FEW}", few, 20)

    def half_found(self) -> Figure:
        """Time the query whose term half of all cases hold."""
        holding = terms_in(self._texts, range(3, 8))
        term = min(holding, key=lambda term: abs(holding[term] / len(self._texts) - 0.5))
        return self._slowest("query that finds half of all", [{"query": term}], 300)

    def statistics(self) -> Iterator[Figure]:
        """Time the statistics over all, and over one month."""
        for name, window, limit in (("all", {}, 300), ("one month", MONTH, 50)):
            say(f"statistics over {name}")
            taken = medians({name: self._get("stats", window)}, rounds=ROUNDS, warm_up=WARM_UP)
            yield self._milliseconds(f"stats over {name}", taken[name], limit)

    def slowest_search(self) -> str:
        """Return the path of the search that is answered last."""
        seconds = {}
        for term in (*SHORT, *self._terms()):
            say(f"trying the search for {term}")
            seconds[term] = seconds_of(self._queue({"query": term}))
        return f"{SUPPORT}/cases?{urlencode({'query': max(seconds, key=seconds.__getitem__)})}"

    def _milliseconds(self, name: str, seconds: float, limit: float, detail: str = "") -> Figure:
        return _milliseconds(self._target, f"{self._where}{name}", seconds, limit, detail)

    def _terms(self) -> list[str]:
        """Return terms of all lengths, each from where a word of some text begins, and two that nobody wrote."""
        chance = random.Random(1)
        lines = [chance.choice(text.splitlines()) for text in self._texts[:TEXTS]]
        begins = [line[line.rfind(" ", 0, chance.randrange(len(line))) + 1 :] for line in lines]
        return sorted({begin[:length].strip() for begin in begins for length in LENGTHS} | {NOWHERE, "424242"})

    def _slowest(self, name: str, queries: list[dict[str, str]], limit: float) -> Figure:
        say(f"{name}: timing each")
        calls = {urlencode(query): self._queue(query) for query in queries}
        taken = medians(calls, rounds=3, warm_up=1)
        slowest = max(taken, key=taken.__getitem__)
        count = json.loads(calls[slowest]())["meta"]["count"]
        median = spelled(statistics.median(taken.values()))
        return self._milliseconds(
            name, taken[slowest], limit, f"{unquote_plus(slowest)}, which finds {count:,}; median {median}"
        )

    def _meta(self, query: Mapping[str, str]) -> dict[str, Any]:
        meta: dict[str, Any] = json.loads(self._queue(query)())["meta"]
        return meta

    def _queue(self, query: Mapping[str, str]) -> Call:
        return self._get("cases", query)

    def _get(self, what: str, query: Mapping[str, str]) -> Call:
        return Call(self._app, self._key, "GET", f"{SUPPORT}/{what}", urlencode(query))


def _merchant_beside(team: Desk, search: str) -> Figure:
    """Time a merchant's list while as many agents as there are threads search on and on."""
    taken = []
    with ours(team) as server, ExitStack() as agents:
        searches = [
            agents.enter_context(repeated(server, team.agents_key, search, refused=(503,))) for _ in range(THREADS)
        ]
        until = time.monotonic() + BESIDE
        with closing(Client(server, team.key)) as merchant:
            while time.monotonic() < until or len(taken) < 2:
                taken.append(seconds_of(partial(merchant, "GET", f"{CASES}?limit=10")))
    searched = list(chain.from_iterable(searches))
    beside = f"{len(searched):,} of {unquote_plus(search)}, median {spelled(statistics.median(searched))}"
    detail = f"{len(taken):,} lists beside {beside}"
    return _milliseconds(14, f"a merchant's list beside {THREADS} agents' slowest search, p95", p95(taken), 30, detail)


def _milliseconds(target: int, name: str, seconds: float, limit: float, detail: str = "") -> Figure:
    name = f"{name}, of {DATA.cases * len(DATA.stores):,} cases"
    return at_most(target, name, 1_000 * seconds, limit, unit="ms", detail=detail)


def sample(path: Path | str) -> list[str]:
    """Return all that is written in some of the cases of a file, folded, the same every time."""
    database = sqlite3.connect(path)
    ((last,),) = database.execute("SELECT max(rowid) FROM supportcases_cases").fetchall()
    rows = random.Random(1).choices(range(1, last + 1), k=SAMPLE)
    texts = database.execute(
        """
        SELECT c.subject || char(10) || group_concat(m.body, char(10))
        FROM supportcases_cases AS c
        JOIN supportcases_messages AS m ON m.store = c.store AND m.case_id = c.id
        WHERE c.rowid IN (SELECT value FROM json_each(?))
        GROUP BY c.rowid
        """,
        (json.dumps(rows),),
    )
    found = [fold(text) for (text,) in texts]
    database.close()
    return found
