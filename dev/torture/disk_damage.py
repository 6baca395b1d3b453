"""Somebody overwrites pages of the file while a server has it open.

Pages in the middle of the file become noise or zeros, as a disk makes them that goes bad. The server is asked for every
case: each must come as it was, or be refused with a 500 that says the database is damaged, and nothing else. From the
first such answer on every write must be refused in the same way, while sound cases are still read; the log says it once
as CRITICAL. A new process need not know: it may refuse to start, and else it must find the damage and stop writing as
soon as it touches it. What was acknowledged is still in the sound pages: as many cases as SQL can read row by row, no
index needed, are counted.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dev.torture.disk_desk import STORE, faults_of_refusal
from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.servers import CASES, Client, Heard, serving
from supportcases import Actor, KeyRing, SqliteRepository, SupportDesk

SEED: Final = 5
CODE: Final = "database_damaged"
SHARE: Final = 0.15  # of the pages in the middle that are overwritten
CRITICAL: Final = "supportcases.sqlite CRITICAL"
Said = dict[int, tuple[str, str]]  # what each case is: its subject and its message


@dataclass
class Seen:
    """What was seen in all rounds."""

    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def outcomes(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Damage a file again and again, each time other pages."""
    folder.mkdir()
    rounds, cases = effort.pick(2, 20), effort.pick(400, 600)
    seen = Seen()
    for number in range(rounds):
        path = folder / f"damaged-{number}" / "cases.db"
        path.parent.mkdir()
        damage_while_served(path, cases, random.Random(SEED + number), seen)
    told = seen.answers
    yield Outcome(
        5,
        "pages overwritten under a server",
        f"{rounds} files of {cases} cases, {told['pages']} pages overwritten, seed {SEED}, each case read twice",
        f"{told['refused reads']} reads refused with 500, then {told['reads']} answered as before the damage, "
        f"{told['refused writes']} writes refused and {told['writes']} taken; {told['servers']} of "
        f"{2 * rounds} servers, one before and one after a restart, found it and said it once, "
        f"{told['refused starts']} did not start; {told['recovered']} of {rounds * cases} cases "
        f"recovered with SQL, {in_words(seen.faults)}",
        not seen.faults and min(told["refused reads"], told["reads"], told["refused writes"], told["recovered"]) > 0,
    )


def damage_while_served(path: Path, cases: int, chance: random.Random, seen: Seen) -> None:
    """Overwrite pages while a server has the file open; look at its answers, its log, and those of the next server."""
    key, said = filled(path, cases)
    with serving(path) as server:
        client = Client(server.port, key)
        client("GET", CASES)  # now it has the file open
        seen.answers["pages"] += overwrite(path, chance)
        answered = ask(client, said, seen)
        client.close()
    must_have_said_it(server.log, 1, seen)
    try:
        with serving(path) as server:
            client = Client(server.port, key)
            ask(client, said, seen)
            client.close()
        must_have_said_it(server.log, 2, seen)
    except RuntimeError as refusal:  # the file is refused at the start
        if str(path) not in str(refusal):
            raise
        seen.answers["refused starts"] += 1
    sound = said.items() & recovered(path, cases).items()
    seen.answers["recovered"] += len(sound)
    if lost := answered - {number for number, _ in sound}:
        seen.faults.append(f"{len(lost)} cases were answered and cannot be recovered")


def must_have_said_it(log: Path, times: int, seen: Seen) -> None:
    """Note a log that says the damage more often, or less."""
    told = log.read_text().count(CRITICAL)
    if told != times:
        seen.faults.append(f"{told} CRITICAL lines after {times} servers")


def filled(path: Path, cases: int) -> tuple[str, Said]:
    """Make a file; return a key, and what the cases are."""
    with closing(SqliteRepository(path)) as repository:
        key = KeyRing(repository).create(STORE)[0]
        with repository.write():
            desk = SupportDesk(repository)
            texts = [f"What becomes of case {number} when the disk goes bad? " * 8 for number in range(1, cases + 1)]
            opened = [desk.open(Actor.merchant(STORE), body=text) for text in texts]
    return key, {case.number: (case.subject, text.strip()) for case, text in zip(opened, texts, strict=True)}


def overwrite(path: Path, chance: random.Random) -> int:
    """Overwrite some pages between a third and four fifths of the file, a half each with noise and zeros."""
    with closing(sqlite3.connect(path)) as connection:
        ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    pages = path.stat().st_size // size
    middle = range(pages // 3, pages // 5 * 4)  # in front of it lies the schema: without that SQL reads nothing
    chosen = chance.sample(middle, round(len(middle) * SHARE))
    with path.open("r+b") as file:
        for page in chosen:
            file.seek(page * size)
            file.write(chance.randbytes(size) if chance.random() < 0.5 else bytes(size))
    return len(chosen)


def ask(client: Client, said: Said, seen: Seen) -> set[int]:
    """Ask for each case, twice, and write as soon as the damage is found; return which were answered."""
    found, answered = False, set()
    for number in [*said, *said]:
        heard = client("GET", f"{CASES}/{number}")
        if heard.status == 200:
            seen.answers["reads"] += found
            judge_case(heard, said[number], seen)
            answered.add(number)
            continue
        seen.answers["refused reads"] += 1
        seen.faults += (f"GET: {fault}" for fault in faults_of_refusal(heard, 500, CODE))
        if not found:
            found = True
            seen.answers["servers"] += 1
            for method, at, body in writes_of(number):
                must_be_refused(client(method, at, body), seen)
    if not found:
        seen.faults.append("the damage was not found")
    for method, at, body in writes_of(max(said)):
        must_be_refused(client(method, at, body), seen)
    return answered


def writes_of(number: int) -> list[tuple[str, str, dict[str, str]]]:
    """Return a request of each kind that writes."""
    case = f"{CASES}/{number}"
    return [
        ("POST", CASES, {"body": "Is this still kept?"}),
        ("POST", f"{case}/messages", {"body": "Is this still kept?"}),
        ("PATCH", case, {"status": "closed"}),
    ]


def must_be_refused(heard: Heard, seen: Seen) -> None:
    """Note a write that was taken, or refused in other words."""
    faults = faults_of_refusal(heard, 500, CODE)
    seen.answers["refused writes" if heard.status == 500 else "writes"] += 1
    seen.faults += (f"a write: {fault}" for fault in faults)


def judge_case(heard: Heard, before: tuple[str, str], seen: Seen) -> None:
    """Note a case that is not as it was."""
    case = heard.json
    now = (case["subject"], " ".join(message["body"] for message in case["messages"]))
    if now != before:
        seen.faults.append(f"case {case['number']} is another: {now}")


def recovered(path: Path, cases: int) -> Said:
    """Return the cases that can be read row by row."""
    with closing(sqlite3.connect(path)) as connection:
        heads = rows_that_can_be_read(connection, "id, number, subject FROM supportcases_cases", cases)
        bodies = dict(rows_that_can_be_read(connection, "case_id, body FROM supportcases_messages", cases))
    return {number: (subject, bodies[case]) for case, number, subject in heads if case in bodies}


def rows_that_can_be_read(connection: sqlite3.Connection, what: str, rows: int) -> list[tuple[Any, ...]]:
    """Return the rows of a table without its damaged pages."""
    found = []
    for rowid in range(1, rows + 1):
        try:
            found += connection.execute(f"SELECT {what} NOT INDEXED WHERE rowid = ?", [rowid]).fetchall()
        except sqlite3.DatabaseError:
            continue
    return found
