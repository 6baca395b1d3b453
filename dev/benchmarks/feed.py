"""Target 23: what it costs to follow the feed, among a million cases with 3.7 million events.

A poll is what is asked of SQLite where nothing has happened since: where the cursor stands, and what is behind it. A
page is one WSGI call in process, of which the processor's time is told. Each is the median of many.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from dev.benchmarks.calls import CASES, SUPPORT, Call
from dev.benchmarks.data import MILLION, STORE, say
from dev.benchmarks.measure import WARM_UP, Figure, at_most, spelled
from supportcases import Actor, create_app
from supportcases.domain.feed import BEGINNING, FeedCursor
from supportcases.storage.sqlite.feed import SqliteFeeds

TARGET: Final = 23
POLLS: Final = 2_000
PAGES: Final = 500
SIDES: Final = {"a merchant": (CASES, Actor.merchant(STORE)), "the team": (SUPPORT, Actor.support("Ada"))}


class Heard:
    """A connection that remembers what it was asked."""

    def __init__(self, connection: Any) -> None:
        """Ask `connection`."""
        self._connection = connection
        self.asked: list[tuple[str, Any]] = []

    def execute(self, statement: str, values: Any) -> Any:
        """Ask it, and remember that."""
        self.asked.append((statement, values))
        return self._connection.execute(statement, values)


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of target 23."""
    say("copying a million cases")
    app = create_app(MILLION.copied(kept, folder))
    keys = {"a merchant": app.keys.create(STORE)[0], "the team": app.keys.create_support(label="Ada")[0]}
    for side, (path, actor) in SIDES.items():
        latest = FeedCursor.parse(app.desk.events(actor, after="latest").next)
        with app.desk.repository.read() as transaction:
            heard = Heard(transaction.connection)
            feeds = SqliteFeeds(heard)  # type: ignore[arg-type]  # all that it needs of one
            feed = feeds.of_merchant(STORE) if path == CASES else feeds.of_team(None, None)
            assert feed.behind(feed.place_of(latest) or BEGINNING, limit=101) == ()
            poll = partial(_ask, transaction.connection, heard.asked)
            nothing = partial(_ask, transaction.connection, [("SELECT 1", ())])
            taken = processor_seconds({"poll": poll, "SELECT 1": nothing}, POLLS)
        name, detail = f"{side} polls and nothing has happened, in SQLite", f"SELECT 1 {spelled(taken['SELECT 1'])}"
        yield at_most(TARGET, name, taken["poll"] * 1e6, 10, unit="us", detail=detail)
        ask = partial(Call, app, keys[side], "GET")
        events = partial(ask, f"{path}/events")
        far = json.loads(events("limit=1000")())["meta"]["next"]
        calls = {"page": events(f"limit=100&after={far}"), "poll": events(f"after={latest_of(events)}")}
        if path == CASES:
            calls["list of 100 cases"] = ask(CASES, "limit=100")
        medians = processor_seconds(calls, PAGES)
        detail = ", ".join(f"{name} {spelled(seconds)}" for name, seconds in medians.items())
        yield at_most(TARGET, f"{side} reads a page of 100", medians["page"] * 1e3, 1, unit="ms", detail=detail)
    app.desk.repository.close()


def latest_of(events: Callable[[str], Call]) -> str:
    """Return the cursor at the end of a feed."""
    return str(json.loads(events("after=latest")())["meta"]["next"])


def _ask(connection: Any, asked: list[tuple[str, Any]]) -> None:
    for statement, values in asked:
        connection.execute(statement, values).fetchall()


def processor_seconds(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return how long the processor is busy with each call, the median of rounds of all of them."""
    for call in list(calls.values()) * WARM_UP:
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            begun = time.process_time_ns()
            call()
            taken[name].append((time.process_time_ns() - begun) / 1e9)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}
