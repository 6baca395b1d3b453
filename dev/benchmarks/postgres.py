"""The same on PostgreSQL: targets 16 to 21, over a Unix socket, on a server whose commits reach the disk.

Against a floor on psycopg with the same answers, among more cases, beside SQLite on the same cases, and what is
searched for on both sides. The terms, and the cases that are asked for, are those of the files.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final

import psycopg

from dev.benchmarks.calls import Call
from dev.benchmarks.data import AGENT, HUNDRED_THOUSAND, MILLION, STORE, THOUSAND, say
from dev.benchmarks.floor_postgres import floor
from dev.benchmarks.in_process import against_the_floor, alike, asking, by_turns, reads, writes
from dev.benchmarks.measure import Figure, at_most, spelled
from dev.benchmarks.postgres_data import Server, serving
from dev.benchmarks.search import Searched, sample
from dev.benchmarks.served import MIX, errors, in_turns, p99, rates
from dev.benchmarks.servers import Desk, desk, load, ours, ours_by_four
from dev.benchmarks.team import DATA, Side
from dev.benchmarks.team import sample as texts_of
from supportcases import KeyRing, create_app
from supportcases.domain.text import fold
from supportcases.storage.postgres import PostgresRepository

OVER_THE_FLOOR: Final = ("get by number", "list of 10", "create", "reply")  # and the others are shown
AMONG_MORE: Final = ("get by number", "list of 10", "create")
CONNECTIONS: Final = 16
ROUNDS: Final = 3
SECONDS: Final = 20
WHERE: Final = "on PostgreSQL: "
SCAN: Final = "SELECT count(*) FROM supportcases_cases WHERE store = %s AND strpos(subject_folded, %s) > 0"


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of targets 16 to 21."""
    with serving(kept) as server:
        for part in (_over_the_floor, _among_more, _searches, _team, _served):
            yield from part(server, kept, folder)


def _over_the_floor(server: Server, kept: Path, folder: Path) -> Iterator[Figure]:
    """Compare with the floor, and, on the same cases, with SQLite, whose reads make no round trips."""
    path = HUNDRED_THOUSAND.copied(kept, folder)
    urls = [server.copied(HUNDRED_THOUSAND, path, name) for name in ("ours", "floors")]
    apps = [create_app(url) for url in urls]
    (key, _), (floors_key, _) = (app.keys.create(STORE) for app in apps)
    asks, numbers = partial(Call, apps[0], key), alike(path)
    floors, beside = partial(Call, floor(urls[0]), key), partial(Call, floor(urls[1]), floors_key)
    for name, ratio, detail in against_the_floor(asks, floors, beside, numbers):
        yield _bounded(16, f"{name}, ours / floor", ratio, 1.5 if name in OVER_THE_FLOOR else None, detail)
    apps.append(on_sqlite := create_app(path))
    calls = [{**reads(ask, numbers), **writes(ask, numbers)} for ask in (asks, asking(on_sqlite))]
    for name, ratio, detail in by_turns("PostgreSQL", calls[0], "SQLite", calls[1]):
        yield _bounded(18, f"{name}, PostgreSQL / SQLite", ratio, None, detail)
    for app in apps:
        app.desk.repository.close()
    path.unlink()


def _bounded(target: int, name: str, ratio: float, limit: float | None, detail: str) -> Figure:
    name = f"{WHERE}{name}"
    return (
        Figure(target, name, ratio, detail=detail)
        if limit is None
        else at_most(target, name, ratio, limit, detail=detail)
    )


def _among_more(server: Server, kept: Path, folder: Path) -> Iterator[Figure]:
    paths = [data.copied(kept, folder) for data in (MILLION, THOUSAND)]
    urls = [server.copied(MILLION, paths[0], "many"), server.copied(THOUSAND, paths[1], "few")]
    apps = [create_app(url) for url in urls]
    calls = []
    for app, path in zip(apps, paths, strict=True):
        ask, numbers = asking(app), alike(path)
        calls.append({**reads(ask, numbers), **writes(ask, numbers)})
        path.unlink()
    for name, ratio, detail in by_turns("at a million", calls[0], "at a thousand", calls[1]):
        yield _bounded(17, f"{name}, at 1,000,000 / at 1,000", ratio, 1.3 if name in AMONG_MORE else None, detail)
    for app in apps:
        app.desk.repository.close()


def _searches(server: Server, kept: Path, folder: Path) -> Iterator[Figure]:
    path = MILLION.copied(kept, folder)
    url = server.copied(MILLION, path, "ours")
    with closing(PostgresRepository(url)) as repository, psycopg.connect(url, autocommit=True) as plain:

        def scans(term: str) -> dict[str, Callable[[], object]]:
            return {"table scan": lambda: plain.execute(SCAN, [STORE, fold(term)]).fetchall()}

        searched = Searched(MILLION.name, repository, partial(sample, path), scans, WHERE)
        yield from searched.figures(19, 19, 19)
    path.unlink()


def _team(server: Server, kept: Path, folder: Path) -> Iterator[Figure]:
    say(f"copying {DATA.name}")
    path = DATA.copied(kept, folder)
    url = server.copied(DATA, path, "ours")
    with closing(PostgresRepository(url)) as repository:
        key, _ = KeyRing(repository).create_support(label=AGENT)
        yield from Side(repository, key, texts_of(path), 20, WHERE).figures()
    path.unlink()


def _served(server: Server, kept: Path, folder: Path) -> Iterator[Figure]:
    """Let both be served in the same ways, and put them under the same load by turns: four of five are reads."""
    with desk(HUNDRED_THOUSAND, kept, folder) as on_sqlite:
        url = server.copied(HUNDRED_THOUSAND, Path(on_sqlite.path), "ours")
        with closing(PostgresRepository(url)) as repository:
            key, _ = KeyRing(repository).create(STORE)
        both = {"PostgreSQL": Desk(url, on_sqlite.cases, key, ""), "SQLite": on_sqlite}
        for how, serve in (("one process", ours), ("four processes", ours_by_four)):
            with ExitStack() as stack:
                loads = {name: partial(load, stack.enter_context(serve(one)), one) for name, one in both.items()}
                taken = in_turns(loads, MIX, rounds=ROUNDS, connections=CONNECTIONS, seconds=SECONDS)
            seen, slowest, failed = rates(taken), p99(taken), errors(taken)
            told = (f"{name} {rate:,.0f}/s, p99 {spelled(slowest[name])}" for name, rate in seen.items())
            name = f"{WHERE}requests served by {how} of 4 threads, 80 % reads, PostgreSQL / SQLite"
            yield Figure(21, name, seen["PostgreSQL"] / seen["SQLite"], detail="; ".join([*told, f"errors {failed}"]))
