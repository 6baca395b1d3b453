"""Claim 8: SIGTERM under load cuts no answer short, loses nothing, and ends with exit code 0.

The server is told to stop at random moments and started again, while some write, some read lists of 100 cases, and
some read, at their leisure, a thread that is larger than what the kernel takes from the server at once. All keep
their connections and look at every byte: an answer that begins must be as long as its Content-Length says, and where
not one byte comes, the request must not have had an effect: what was done is answered. In the end every acknowledged
write is looked for in the file.
"""

import random
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.ledger import compare
from dev.torture.load import STORES, Merchant, work_until, writes_of
from dev.torture.servers import BROKEN, CASES, Client, Served, keys_of, serving
from dev.torture.wire import Tally, Wire

SEED: Final = 6
STORE: Final = STORES[0]
WRITERS: Final = 3
LISTED: Final = 100  # cases on a page
LONG: Final = "📦" * 9_900  # what is said in each message of the long thread, 40 kB
REPLIES: Final = 125  # in the long thread: more than the 4 MB that Linux takes at once for a socket
LOAD: Final = (0.1, 0.6)  # seconds from the first request to the SIGTERM, at least and at most


@dataclass(slots=True)
class Reader:
    """Somebody who reads a page again and again, on a kept connection, and knows how many entries it must have."""

    key: str
    path: str
    name: str
    entries: int
    tally: Tally
    leisurely: bool

    def work(self, port: int) -> None:
        """Read until the server is gone."""
        with suppress(*BROKEN), closing(Wire(port, tally=self.tally, leisurely=self.leisurely)) as wire:
            while True:
                heard = wire("GET", self.path, Authorization=f"Bearer {self.key}")
                if heard.status != 200 or len(heard.json[self.name]) != self.entries:
                    raise RuntimeError(f"{self.path} was answered {heard.status}, {heard.body[:200]!r}")


class Stop(NamedTuple):
    """How the server ended."""

    told: float
    code: int
    seconds: float


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Stop the server again and again, and compare."""
    db = folder / "cases.db"
    keys = keys_of(db, *STORES)
    first = Merchant("first", keys, seed=SEED, sentence=LONG, most=1)
    write_long_thread(db, first)
    tally = Tally()
    writers = [Merchant(f"m{n}", keys, seed=SEED, connect=partial(Wire, tally=tally)) for n in range(WRITERS)]
    list_path, thread_path = f"{CASES}?limit={LISTED}", f"{CASES}/{first.writes[-1].case}"
    readers = [
        *(Reader(keys[STORE], list_path, "data", LISTED, tally, leisurely) for leisurely in (False, True)),
        *(Reader(keys[STORE], thread_path, "messages", 1 + REPLIES, tally, True) for _ in range(2)),
    ]
    chance = random.Random(SEED)
    stops = []
    for _ in range(effort.pick(5, 100)):
        with serving(db) as server:
            stops.append(work_until(stopped, [*writers, *readers], server, seconds=chance.uniform(*LOAD)))
    found = compare(writes_of([first, *writers]), db)
    faults = found.faults + [f"an answer was cut short {cut}" for cut in tally.cut]
    faults += [f"exit code {stop.code}" for stop in stops if stop.code]
    faults += [f"{found.kept} writes were kept and not answered"] if found.kept else []
    meanwhile = sum(sent < stop.told < done for stop in stops for sent, done in tally.whole)
    yield Outcome(
        8,
        "SIGTERM under load",
        f"{len(stops)} stops, {WRITERS + len(readers)} kept connections, seed {SEED}",
        f"{len(tally.whole):,} whole answers, {meanwhile:,} of them begun before and ended after a SIGTERM, "
        f"{len(tally.cut)} cut short; {found}; the slowest stop took {max(stop.seconds for stop in stops):.1f} s; "
        f"{in_words(faults)}",
        meanwhile > 0 and not faults,
    )


def write_long_thread(db: Path, merchant: Merchant) -> None:
    """Let the merchant open as many cases as a page lists, and say much about the last."""
    with serving(db) as server, closing(Client(server.port)) as client:
        for _ in range(LISTED):
            merchant.open(client, STORE)
        for _ in range(REPLIES):
            merchant.reply(client, merchant.writes[-1])


def stopped(server: Served) -> Stop:
    """Stop the server."""
    begun = time.monotonic()
    code = server.stop()
    return Stop(begun, code, time.monotonic() - begun)
