"""Claim 29: a week of a desk's life loses nothing and leaks nothing, on both engines.

The clock of the desk runs 168 times as fast, so that an hour is a week: answers that are kept for retries expire,
sessions end, cases are closed for being idle and purged. On each engine two servers serve one database. One lives for
the whole time, and is watched: its memory, descriptors and threads, the size of the database, how long its clients
wait. The other is killed (SIGKILL) or stopped (SIGTERM) again and again.

Merchants open cases, reply, close them, and send files; an agent answers through the API, another one in the console,
in a browser; some follow the feed, and webhooks tell of everything. Meanwhile an operator closes what is idle, purges
what has been closed for six hours, takes backups and checks each. In the end all that was acknowledged must be there
or be purged, the feeds without a gap, and every event told; and no curve may have grown from the third quarter to the
last, but that of what is meant to: the log of deliveries is kept for 30 days, and what tells of erasures for ever.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.files import running_cluster
from dev.torture.servers import ROOT
from dev.torture.soak.clock import SPEED
from dev.torture.soak.console import Console
from dev.torture.soak.house import House
from dev.torture.soak.watch import draw
from tests.support.postgres import what_is_missing

CLAIM: Final = 29
PICTURES: Final = ROOT / "docs" / "pictures"
LASTING: Final = """
fsync = on
synchronous_commit = on
full_page_writes = on
autovacuum = on
autovacuum_naptime = 10s
"""


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Live through a week on both engines at once."""
    minutes = effort.minutes or effort.pick(2.0, 60.0)
    over = threading.Event()
    missing = what_is_missing()
    with ExitStack() as stack:
        houses = [House("SQLite", folder / "cases.db", folder / "sqlite", over)]
        if not missing:
            cluster = stack.enter_context(running_cluster(LASTING))
            houses.append(House("PostgreSQL", cluster.make("soak"), folder / "postgres", over))
        with ThreadPoolExecutor(len(houses) + 1) as threads:
            living = [threads.submit(house.live) for house in houses]
            living.append(threads.submit(Console(houses, over).work))
            over.wait(minutes * 60)
            over.set()
        for life in living:
            life.result()
        for house in houses:
            yield told(house, minutes)
            if effort.keep:
                draw(house.watch, f"{house.engine}, {minutes:g} minutes", PICTURES / f"soak-{house.engine.lower()}.svg")
    if missing:
        yield Outcome(CLAIM, "a week, PostgreSQL", "", missing, None)


def told(house: House, minutes: float) -> Outcome:
    """Tell what came of it."""
    curves, grown = house.watch.trends()
    faults = house.faults + grown
    days = minutes * SPEED / 60 / 24
    return Outcome(
        CLAIM,
        f"{days:.0f} days, {house.engine}",
        f"{minutes:g} minutes; one server killed {house.kills} times, stopped {house.stops} times, the other watched",
        f"{house.summary}; from the third quarter to the last {curves}; {in_words(faults)}",
        not faults,
    )
