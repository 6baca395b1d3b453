"""Claim 27: who follows the feed is told all that happens, in order and once, however many write meanwhile.

Eight processes write to five stores: one thing after the other, or several in a transaction, of one store or of two,
some of them slowly, and some given up. Meanwhile each store's merchant follows its feed, and of the team somebody who
serves all stores, somebody who serves three, and somebody who asks for one. In the end each must have read what is read
from the beginning then: as many events as the writers were told were kept, none twice, and a merchant each sequence.

On PostgreSQL a control follows the places of the events alone, and must miss some.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.files import running_cluster
from supportcases import Actor, Event, SupportDesk
from supportcases.storage.open import open_repository
from tests.support.postgres import what_is_missing

CLAIM: Final = 27
SEED: Final = 27
WRITERS: Final = 8
STORES: Final = ("acme", "globex", "hooli", "initech", "umbrella")
MERCHANTS: Final = {store: Actor.merchant(store) for store in STORES}
ADA: Final = Actor.support("Ada")
READERS: Final = {  # each with whom it asks for, and of which store
    **{store: (actor, None) for store, actor in MERCHANTS.items()},
    "the team": (ADA, None),
    "one of the team": (Actor.support("Bo", STORES[:3]), None),
    "the team, of one store": (ADA, STORES[0]),
}
SLOWEST: Final = 0.02  # seconds that a transaction is under way, beyond what it does
PAUSE: Final = 0.05  # seconds that a reader waits at most once it has seen all
Told = list[tuple[str, str, int | None]]  # each event's id, store and sequence, in their order
BEHIND: Final = "SELECT position FROM supportcases_events WHERE position > %(last)s ORDER BY position"


class GivenUp(Exception):
    """A writer changes its mind."""


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Follow those who write, on both engines."""
    events = effort.pick(400, 20_000)
    yield followed("SQLite", str(folder / "cases.db"), events)
    if reason := what_is_missing():
        yield Outcome(CLAIM, "eight who write, PostgreSQL", "", reason, None)
        return
    with running_cluster() as cluster:
        yield followed("PostgreSQL", cluster.make("feed"), events)
        yield passed_over(cluster.make("places"), events)


def followed(engine: str, db: str, events: int) -> Outcome:
    """Let some write and others read meanwhile, and compare."""
    with closing(open_repository(db)) as repository:
        begun = time.monotonic()
        kept, told, pages, faults = compared(SupportDesk(repository), lambda: written(db, events))
        seconds = time.monotonic() - begun
    return Outcome(
        CLAIM,
        f"eight who write, {engine}",
        f"{kept:,} events by {WRITERS} processes on {len(STORES)} stores, {len(READERS)} readers, seed {SEED}",
        f"{told:,} told on {pages:,} pages; {kept / seconds:,.0f} events a second; {in_words(faults)}",
        not faults and kept >= events,
    )


def compared(desk: SupportDesk, writing: Callable[[], int]) -> tuple[int, int, int, list[str]]:
    """Follow each feed until `writing` has returned how many events were kept; return that and what was seen."""
    over = threading.Event()
    with ThreadPoolExecutor(len(READERS)) as threads:
        readers = {name: threads.submit(read, desk, name, over.is_set) for name in READERS}
        try:
            kept = writing()
        finally:
            over.set()
    all_told = {name: reader.result() for name, reader in readers.items()}
    pages = sum(pages for _, pages in all_told.values())
    faults = [fault for name, (told, _) in all_told.items() for fault in faults_of(desk, name, told, kept)]
    return kept, sum(len(told) for told, _ in all_told.values()), pages, faults


def written(db: str, events: int) -> int:
    """Let the writers write, and return how many events they were told were kept."""
    context = get_context("forkserver")  # which imports all of this once, and has no threads to be forked amid
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(WRITERS, context) as processes:
        return sum(processes.map(write, [db] * WRITERS, range(WRITERS), [events // WRITERS] * WRITERS))


def write(db: str, seed: int, events: int) -> int:
    """Write until so many events were kept, and return how many."""
    chance = random.Random(f"{SEED} {seed}")
    kept: list[Event] = []
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, on_event=kept.append)
        opened: dict[str, list[int]] = {store: [] for store in STORES}
        while len(kept) < events:
            if chance.random() < 0.5:
                act(desk, chance, chance.choice(STORES), opened)
                continue
            stores = sorted(chance.sample(STORES, chance.choice([1, 1, 2])))  # in one order: none waits for the other
            try:
                with repository.write():
                    for store in stores:
                        for _ in range(chance.choice([1, 2, 3])):
                            act(desk, chance, store, {store: opened[store][:]})
                    time.sleep(chance.choice([0, 0, SLOWEST]) * chance.random())
                    if chance.random() < 0.2:
                        raise GivenUp
            except GivenUp:
                pass
    return len(kept)


def act(desk: SupportDesk, chance: random.Random, store: str, opened: dict[str, list[int]]) -> None:
    """Do something in a store, mostly to a case that this writer has opened."""
    merchant, numbers = MERCHANTS[store], opened[store]
    if not numbers or chance.random() < 0.2:
        numbers.append(desk.open(merchant, body="The checkout shows a blank page.").number)
        return
    number = chance.choice(numbers[-20:])
    named = f"{store}:{number}"
    things: list[Callable[[], object]] = [
        lambda: desk.reply(merchant, number, body="It still does."),
        lambda: desk.answer(ADA, named, body="Which browser?", close=chance.random() < 0.5),
        lambda: desk.note(ADA, named, body="Between us."),
        lambda: desk.change(ADA, named, assignee=chance.choice(["Ada", "Bo", None])),
        lambda: desk.change(ADA, named, severity=chance.choice(["low", "high"]), assignee="Ada"),
        lambda: desk.close(merchant, number),
        lambda: desk.reopen(merchant, number),
    ]
    chance.choice(things)()


def read(desk: SupportDesk, name: str, is_over: Callable[[], bool]) -> tuple[Told, int]:
    """Follow a feed, page after page, until nobody writes any more; return what it told, and on how many pages."""
    actor, store = READERS[name]
    chance = random.Random(f"{SEED} {name}")
    told: Told = []
    after = None
    for pages in count(1):
        last = is_over()
        page = desk.events(actor, after=after, limit=chance.choice([1, 3, 20, 200]), store=store)
        told += [(event.id, event.store, event.sequence) for event in page.events]
        after = page.next
        if page.end and last:
            return told, pages
        if page.end:
            time.sleep(chance.random() * PAUSE)
    raise AssertionError


def faults_of(desk: SupportDesk, name: str, told: Told, kept: int) -> Iterator[str]:
    """Yield where somebody was told another thing than there is."""
    there, _ = read(desk, name, lambda: True)
    if told != there:
        missing, twice = len(set(there) - set(told)), len(told) - len(set(told))
        yield f"{name} was not told {missing} of {len(there):,}, {twice} twice, or in another order"
    for store in STORES:
        numbers = [number for _, of, number in there if of == store and number is not None]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{name} was told the events of {store} with a gap, or in another order"
    if name == "the team" and len(there) != kept:
        yield f"{kept:,} were kept, and there are {len(there):,}"


def passed_over(db: str, events: int) -> Outcome:
    """Follow the places of the events alone, as one might."""
    over = threading.Event()
    with closing(open_repository(db)) as repository, ThreadPoolExecutor(1) as threads:

        def follow() -> int:
            seen = last = 0
            while not over.is_set():
                with repository.read() as transaction:
                    rows = transaction.connection.execute(BEHIND, {"last": last}).fetchall()
                seen += len(rows)
                last = rows[-1][0] if rows else last
            return seen

        reader = threads.submit(follow)
        kept = written(db, events)
        time.sleep(1)  # for what is still to be seen
        over.set()
        missed = kept - reader.result()
    return Outcome(
        CLAIM,
        "control, which must miss: by places alone, PostgreSQL",
        f"{kept:,} events by {WRITERS} processes on {len(STORES)} stores",
        f"{missed:,} of them never seen",
        missed > 0,
    )
