"""What one call costs in process: against the floor, among more cases, and deep in a list (targets 1, 3 and 4).

A call is one WSGI call with its whole answer. What is compared goes by turns in one process: ours and the floor on one
file of 100,000 cases; ours on a million and ours on a thousand; a far offset and the SQL that skips as many rows of the
index. Nothing is called for the same case over and over: each call has the next one, from all over the file, and all of
these cases are alike, closed with two messages.
"""

import json
import os
import shutil
import sqlite3
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import cycle, product
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlencode

from dev.benchmarks.calls import CASES, Call
from dev.benchmarks.data import HUNDRED_THOUSAND, MILLION, STORE, THOUSAND, UNTIL, say
from dev.benchmarks.floor import floor
from dev.benchmarks.measure import Figure, at_most, medians, spelled
from supportcases import Severity, Status, SupportApp, create_app
from supportcases.storage.sqlite.connections import open_file
from supportcases.testing import made_up_cases

READS: Final = 1_000  # rounds
WRITES: Final = 500
READING: Final = ("get by number", "list of 10", "list of 100")
SKIPS: Final = 100
FAR: Final = 500_000
SKIP: Final = f"""
    SELECT number
    FROM supportcases_cases
    WHERE store = '{STORE}'
    ORDER BY last_activity_at DESC, number DESC
    LIMIT 10 OFFSET {FAR}
"""

Answering = Callable[[], bytes]
Ask = Callable[..., Call]
Compared = tuple[str, float, str]  # a call, a ratio, and what that is made of
T = TypeVar("T")


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of targets 1, 3 and 4."""
    path = HUNDRED_THOUSAND.copied(kept, folder)
    os.sync()  # commits would wait for what is left of the copy
    yield from _over_the_floor(path)
    _remove(path)
    _remove(path.with_suffix(".floor.db"))
    say("copying a million cases")
    thousand, million = THOUSAND.copied(kept, folder), MILLION.copied(kept, folder)
    os.sync()
    yield from _among_more(thousand, million)
    yield _far_down(million)
    _remove(thousand)
    _remove(million)


def reads(ask: Ask, numbers: Iterable[int]) -> dict[str, Answering]:
    """Return the calls that read; `ask` makes a call, and `numbers` are the cases to get."""
    return {
        "get by number": _in_turn(ask("GET", f"{CASES}/{number}") for number in numbers),
        "list of 10": ask("GET", CASES, "limit=10"),
        "list of 100": ask("GET", CASES, "limit=100"),
    }


def writes(ask: Ask, numbers: Sequence[int]) -> dict[str, Answering]:
    """Return the calls that write; `numbers` are closed cases, some to reply to and some to reopen and close again."""
    made_up = list(made_up_cases(200, until=UNTIL, seed=2))
    to_reply, to_patch = numbers[::2], numbers[1::2]
    return {
        "create": _in_turn(
            ask(
                "POST",
                CASES,
                body={
                    "subject": case.subject,
                    "body": case.messages[0].body,
                    "category": case.category,
                    "severity": case.severity,
                },
            )
            for case in made_up
        ),
        "reply": _in_turn(
            ask("POST", f"{CASES}/{number}/messages", body={"body": case.messages[-1].body})
            for number, case in zip(to_reply, made_up, strict=False)
        ),
        "patch": _in_turn(
            ask("PATCH", f"{CASES}/{number}", body={"status": status})
            for status in (Status.OPEN, Status.CLOSED)
            for number in to_patch
        ),
    }


def _over_the_floor(path: Path) -> Iterator[Figure]:
    app = create_app(path)
    key, _ = app.keys.create(STORE)
    app.desk.repository.close()
    beside = Path(shutil.copy(path, path.with_suffix(".floor.db")))  # a commit makes others of the file read it again
    os.sync()
    asks = partial(Call, app, key), partial(Call, floor(str(path)), key), partial(Call, floor(str(beside)), key)
    for name, ratio, detail in against_the_floor(*asks, alike(path)):
        limit = 1.5 if name in ("get by number", "list of 10") else 1.3
        yield at_most(1, f"{name}, ours / floor", ratio, limit, detail=detail)
    app.desk.repository.close()


def against_the_floor(ours: Ask, floors: Ask, beside: Ask, numbers: Sequence[int]) -> Iterator[Compared]:
    """Yield what each call costs over the floor, whose answers to reads are the same; it writes `beside`."""
    our_reads, floors_reads = reads(ours, numbers), reads(floors, numbers)
    for name in our_reads:
        _check_equal(our_reads[name], floors_reads[name], calls=len(numbers))
    calls = {**our_reads, **writes(ours, numbers)}, {**floors_reads, **writes(beside, numbers)}
    yield from by_turns("ours", calls[0], "floor", calls[1])


def by_turns(
    first: str, firsts: Mapping[str, Answering], second: str, seconds: Mapping[str, Answering]
) -> Iterator[Compared]:
    """Yield of each call the first's median over the second's, and both in words."""
    for name in firsts:
        say(f"{name}, {first} and {second}")
        rounds = READS if name in READING else WRITES
        yield name, *_compared({first: firsts[name], second: seconds[name]}, rounds)


def _check_equal(ours: Answering, floors: Answering, *, calls: int) -> None:
    for _ in range(calls):
        if (our_answer := ours()) != (floors_answer := floors()):
            raise RuntimeError(f"not the same bytes: {our_answer.decode()} and {floors_answer.decode()}")


def _among_more(thousand: Path, million: Path) -> Iterator[Figure]:
    few, many = create_app(thousand), create_app(million)
    ask_few, ask_many = asking(few), asking(many)
    few_reads, many_reads = reads(ask_few, alike(thousand)), reads(ask_many, alike(million))
    for name, ratio, detail in by_turns("at a million", many_reads, "at a thousand", few_reads):
        yield at_most(3, f"{name}, at 1,000,000 / at 1,000", ratio, 1.3, detail=detail)
    yield _worst_combination(ask_few, ask_many)
    few_writes, many_writes = writes(ask_few, alike(thousand)), writes(ask_many, alike(million))
    for name, ratio, detail in by_turns("at a million", many_writes, "at a thousand", few_writes):
        yield at_most(3, f"{name}, at 1,000,000 / at 1,000", ratio, 1.3, detail=detail)
    few.desk.repository.close()
    many.desk.repository.close()


def _worst_combination(ask_few: Ask, ask_many: Ask) -> Figure:
    """Compare the lists with every filter; where fewer than ten of the thousand match, the pages have so many."""
    taken: list[tuple[float, str, str]] = []
    short: list[str] = []
    for status, severity in product((None, *Status), (None, *Severity)):
        wanted = {name: value for name, value in (("status", status), ("severity", severity)) if value}
        said = " and ".join(wanted.values()) or "no filter"
        say(f"list of {said}, at a million and at a thousand")
        limit = min(10, json.loads(ask_few("GET", CASES, urlencode(wanted))())["meta"]["count"])
        if limit < 10:
            short.append(f"{limit} {said}")
        query = urlencode({**wanted, "limit": limit})
        many, few = ask_many("GET", CASES, query), ask_few("GET", CASES, query)
        taken.append((*_compared({"at a million": many, "at a thousand": few}, READS), said))
    worst, detail, said = max(taken)
    median = statistics.median(ratio for ratio, *_ in taken)
    detail = f"{said}: {detail}; median of the {len(taken)} lists {median:.2f}"
    if short:
        detail += f"; pages of fewer than ten where the thousand has no more: {', '.join(short)}"
    return at_most(3, "list of 10, worst status and severity, at 1,000,000 / at 1,000", worst, 1.3, detail=detail)


def _far_down(path: Path) -> Figure:
    say(f"list from {FAR:,} on, and the SQL that skips as many")
    app = create_app(path)
    ours = asking(app)("GET", CASES, f"limit=10&offset={FAR}")
    with closing(open_file(str(path))) as database:
        _check_covered(database)
        numbers = [number for (number,) in database.execute(SKIP)]
        if [case["number"] for case in json.loads(ours())["data"]] != numbers:
            raise RuntimeError(f"not the cases {numbers}: {ours().decode()}")
        ratio, detail = _compared({"ours": ours, "raw SQL": lambda: database.execute(SKIP).fetchall()}, SKIPS)
    app.desk.repository.close()
    return at_most(4, f"offset of {FAR:,}, ours / index-only skip in SQL", ratio, 1.2, detail=detail)


def _check_covered(database: sqlite3.Connection) -> None:
    plan = " ".join(step[3] for step in database.execute(f"EXPLAIN QUERY PLAN {SKIP}"))
    if "COVERING INDEX" not in plan or "TEMP B-TREE" in plan:
        raise RuntimeError(f"not index-only: {plan}")


def _compared(calls: Mapping[str, Callable[[], object]], rounds: int) -> tuple[float, str]:
    """Return the first call's median over the second's, and both in words."""
    taken = medians(calls, rounds=rounds)
    first, second = taken.values()
    return first / second, ", ".join(f"{name} {spelled(seconds)}" for name, seconds in taken.items())


def asking(app: SupportApp) -> Ask:
    """Return what makes calls to the app, with a new key."""
    key, _ = app.keys.create(STORE)
    return partial(Call, app, key)


def _in_turn(calls: Iterable[Callable[[], T]]) -> Callable[[], T]:
    """Return a call that is the next one each time, and the first one again after the last."""
    turns = cycle(calls)
    return lambda: next(turns)()


def alike(path: Path) -> list[int]:
    """Return the numbers of cases from all over the store, each of them closed and with two messages."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            """
            SELECT number
            FROM supportcases_cases AS c
            WHERE store = ?1
              AND number % (SELECT last_number / 1000 FROM supportcases_stores WHERE store = ?1) = 0
              AND status = 'closed'
              AND 2 = (SELECT count(*) FROM supportcases_messages AS m WHERE m.store = c.store AND m.case_id = c.id)
            ORDER BY number
            """,
            (STORE,),
        )
        return [number for (number,) in rows]


def _remove(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
