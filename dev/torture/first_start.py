"""Claim 6: many processes start at once where there is no file, or an old one, or one that a start has left half-way.

Whoever deploys with several workers starts them all in the same moment, on whatever file is there. Each round here is
eight processes that wait for one another (`meeting`) and then call `create_app` on the same path.

- On no file, all must start, and the file's schema must be, letter for letter, that of a single start.
- On a file of every earlier schema, filled with rows that were valid then, all must start too, every column of every
  row must be as it was, and the schema that of a new file. What the search is by must be what the texts make of it.
- A start is killed with SIGKILL before each SQL statement that it runs, one after the other, for every earlier schema;
  and at moments that chance picks, which fall between statements also. The next start must be clean.
"""

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Database

from dev.torture.experiment import Effort, Outcome
from dev.torture.invariants import faults_of
from dev.torture.meeting import PATIENCE, PROCESSES, meet, together
from supportcases import SqliteRepository, create_app
from supportcases.storage.open import check
from supportcases.storage.sqlite.migrations.steps import MIGRATIONS

TOGETHER: Final = 8
SEED: Final = 6
STORES: Final = ("acme", "globex", "initech")
WHEN: Final = "2024-06-15T10:31:00.000Z"
SEARCH: Final = ("subjects: ", "the search index: ", "the index of messages: ")  # as `check` names them
A_FEW: Final = 12  # cases of a file whose upgrade is killed at each statement: some statements come for each case

Schema = list[tuple[Any, ...]]
Rows = dict[str, list[tuple[Any, ...]]]


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Try first starts, upgrades and upgrades that die."""
    fresh = folder / "fresh.db"
    create_app(fresh)
    schema = schema_of(fresh)
    yield first_starts(effort, folder, schema)
    old, small = (
        {known: filled(folder / f"old-{known}-{cases}.db", known, cases) for known in earlier(effort)}
        for cases in (effort.pick(300, 3_000), A_FEW)
    )
    yield upgrades(effort, folder, schema, old)
    yield deaths_at_statements(effort, folder, schema, {0: None, **small})
    yield deaths_at_any_moment(effort, folder, schema, old)


def earlier(effort: Effort) -> range:
    """Return the schemas that were there before, the newest first; every fourth where there is little time."""
    return range(len(migrations()) - 1, 0, -effort.pick(4, 1))


# what is tried


@dataclass
class Seen:
    """What the starts said, and what the files lack afterwards."""

    starts: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def outcome(self, name: str, tried: str, starts: int, more: str = "", *, enough: bool = True) -> Outcome:
        """Return whether so many starts were clean, and every file too."""
        clean = self.starts.count("clean")
        wrong = [start for start in self.starts if start != "clean"] + self.files
        result = f"{more}{clean} of {starts} starts clean, {len(self.files)} files unlike a new one or before"
        result += f": {'; '.join(wrong[:3])}" if wrong else ""
        return Outcome(6, name, tried, result, clean == starts and not self.files and enough)


def first_starts(effort: Effort, folder: Path, schema: Schema) -> Outcome:
    """Start eight at once where there is no file."""
    rounds, seen = effort.pick(3, 50), Seen()
    for number in range(rounds):
        path = folder / f"first-{number}.db"
        seen.starts += started_at_once(path)
        seen.files += flaws(path, schema, {})
    tried = f"{rounds} rounds x {TOGETHER} processes on no file"
    return seen.outcome(f"first start of {TOGETHER} processes at once", tried, rounds * TOGETHER)


def upgrades(effort: Effort, folder: Path, schema: Schema, old: dict[int, Path]) -> Outcome:
    """Start eight at once on a file of every earlier schema."""
    rounds, seen, kept = effort.pick(1, 5), Seen(), 0
    for known, before in old.items():
        rows = rows_of(before)
        for number in range(rounds):
            path = Path(shutil.copy(before, folder / f"upgrade-{known}-{number}.db"))
            seen.starts += started_at_once(path)
            seen.files += flaws(path, schema, rows)
            kept += sum(map(len, rows.values()))
    tried = f"{len(old)} earlier schemas x {rounds} rounds x {TOGETHER} processes, {kept:,} rows followed"
    return seen.outcome(f"upgrade by {TOGETHER} processes at once", tried, len(old) * rounds * TOGETHER)


def deaths_at_statements(effort: Effort, folder: Path, schema: Schema, old: dict[int, Path | None]) -> Outcome:
    """Kill a start before its n-th statement, for every n there is, and start again."""
    step, seen, deaths = effort.pick(13, 1), Seen(), 0
    for known, before in old.items():
        rows = rows_of(before) if before else {}
        for nth in count(1, step):
            path = folder / f"death-{known}-{nth}.db"
            if before:
                shutil.copy(before, path)
            if not died(path, nth):
                break
            deaths += 1
            seen.starts += started_at_once(path, processes=1)
            seen.files += flaws(path, schema, rows)
    each = f" {step}th" if step > 1 else ""
    tried = f"{deaths} kills -9, before each{each} SQL statement, on no file and on {len(old) - 1} earlier schemas"
    return seen.outcome("a start that dies at a statement", tried, deaths, enough=deaths >= len(old))


def deaths_at_any_moment(effort: Effort, folder: Path, schema: Schema, old: dict[int, Path]) -> Outcome:
    """Kill an upgrade at a moment that chance picks; then eight must start at once."""
    rounds, seen, amid = effort.pick(1, 15), Seen(), 0
    chance = random.Random(SEED)
    for known, before in old.items():
        rows, whole = rows_of(before), seconds_of_an_upgrade(before, folder)
        for number in range(rounds):
            path = Path(shutil.copy(before, folder / f"moment-{known}-{number}.db"))
            amid += killed_after(chance.uniform(0, whole), path)
            seen.starts += started_at_once(path)
            seen.files += flaws(path, schema, rows)
    deaths = rounds * len(old)
    tried = f"{deaths} kills -9 of an upgrade, seed {SEED}, then {TOGETHER} processes at once"
    more = f"{amid} died before the end, "
    return seen.outcome("a start that dies at any moment", tried, deaths * TOGETHER, more, enough=amid > 0)


# starts


def started_at_once(path: Path, *, processes: int = TOGETHER) -> list[str]:
    """Start in as many new processes, which wait for one another; return what each says."""
    with together(processes) as pool:
        return list(pool.map(start, [path] * processes, timeout=PATIENCE))


def start(path: Path) -> str:
    """Start once all are there; say how it went."""
    meet()
    try:
        create_app(path)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
        return f"{type(error).__name__}: {error}"
    return "clean"


def died(path: Path, nth: int) -> bool:
    """Start in a process that is killed before its `nth` statement; return whether it came to that."""
    process = PROCESSES.Process(target=start_and_die, args=(path, nth))
    process.start()
    process.join(PATIENCE)
    return process.exitcode == -signal.SIGKILL


def start_and_die(path: Path, nth: int) -> None:
    """Start, and be killed by the `nth` statement that SQLite is about to run."""
    left = nth

    def die_in_time(statement: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    SqliteRepository(path, trace=die_in_time)


def killed_after(seconds: float, path: Path) -> bool:
    """Start in a process, kill it after so long; return whether it had not ended by itself."""
    begun = PROCESSES.Event()
    process = PROCESSES.Process(target=tell_and_start, args=(begun, path))
    process.start()
    begun.wait(PATIENCE)
    time.sleep(seconds)
    process.kill()
    process.join(PATIENCE)
    return process.exitcode == -signal.SIGKILL


def tell_and_start(begun: Any, path: Path) -> None:
    """Start, and say so just before."""
    begun.set()
    create_app(path)


def seconds_of_an_upgrade(before: Path, folder: Path) -> float:
    """Return how long a start takes that nobody kills."""
    path = shutil.copy(before, folder / "timed.db")
    begun = time.perf_counter()
    create_app(path)
    return time.perf_counter() - begun


# files


def migrations() -> list[str]:
    """Return the names of the steps that made the schema."""
    with closing(sqlite3.connect(":memory:")) as empty:
        return [step.name for step in MIGRATIONS.pending(Database(empty, execute_plugins=False))]


def filled(path: Path, known: int, cases: int) -> Path:
    """Make a file with the first `known` migrations alone, and rows as they were then."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        MIGRATIONS.apply(Database(connection, execute_plugins=False, strict=True), stop_before=migrations()[known])
        connection.execute("BEGIN")
        size = "grosse" if "0007_folding" in migrations()[:known] else "grösse"  # as that version folded it
        for table, row in valid_rows(cases, size):
            insert(connection, table, row)
        connection.execute("COMMIT")
    return path


def insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert what the table has columns for; nothing where there is no such table yet."""
    there = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})") if name in row]
    if there:
        values = ", ".join(f":{name}" for name in there)
        connection.execute(f"INSERT INTO {table} ({', '.join(there)}) VALUES ({values})", row)


def valid_rows(cases: int, size: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield rows of every table, with all the columns that it ever had."""
    each = cases // len(STORES)
    for ordinal, store in enumerate(STORES, start=1):
        yield "supportcases_stores", {"store": store, "last_number": each, "ordinal": ordinal}
        for number in range(1, each + 1):
            yield from rows_of_a_case(store, ordinal, number, size)
        key = {"id": f"{ordinal:012}", "key_hash": f"{ordinal:064}", "kind": "merchant", "store": store}
        yield "supportcases_keys", {**key, "label": "Back office", "created_at": WHEN}
        replay = {"scope": f"store:{store}", "key": "k", "fingerprint": "f" * 64, "status": 201}
        yield "supportcases_replays", {**replay, "body": "{}", "kept_at": WHEN}


def rows_of_a_case(store: str, ordinal: int, number: int, size: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a case, its message and what happened to it."""
    status = ("open", "answered", "closed")[number % 3]
    case_id = f"00000000-0000-7000-800{ordinal}-{number:012}"
    of_case = {"store": store, "case_id": case_id}
    case = {
        "id": case_id,
        "store": store,
        "number": number,
        "subject": f"Größe {number} of {store}",
        "subject_folded": f"{size} {number} of {store}",
        "category": "other",
        "severity": ("critical", "high", "normal", "low")[number % 4],
        "status": status,
        "created_at": WHEN,
        "last_activity_at": WHEN,
        "closed_at": WHEN if status == "closed" else None,
        "unanswered_since": WHEN if status == "open" else None,
    }
    message = {"id": case_id, "author_kind": "merchant", "author_label": "API", "body": "Lost. " * 20}
    event = {"kind": "opened", "actor_kind": "merchant", "actor_label": "API", "was": "{}", "became": "{}"}
    event |= {"revision": 1, "sequence": number}
    yield "supportcases_cases", case
    yield "supportcases_messages", {**of_case, **message, "created_at": WHEN}
    yield "supportcases_events", {**of_case, **event, "happened_at": WHEN}


def schema_of(path: Path) -> Schema:
    """Return every statement of the schema, and what was applied, once or more."""
    with closing(sqlite3.connect(path)) as connection:
        return [
            *connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"),
            *connection.execute("SELECT migration_set, name FROM _sqlite_migrations ORDER BY name"),
        ]


def rows_of(path: Path) -> Rows:
    """Return the rows of our tables, in the columns that there are, by the query that yields them.

    What the search is by is left out: a migration may make it anew, and `check` compares it with the texts.
    """
    with closing(sqlite3.connect(path)) as connection:
        columns = connection.execute(
            """
            SELECT t.name, group_concat(c.name)
            FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
            WHERE t.type = 'table'
              AND t.name GLOB 'supportcases_*'
              AND t.name NOT GLOB 'supportcases_search*'
              AND t.name NOT GLOB 'supportcases_bodies*'
              AND c.name <> 'subject_folded'
            GROUP BY t.name
            """
        )
        queries = [f"SELECT {names} FROM {table}" for table, names in columns.fetchall()]
        return {query: sorted(connection.execute(query), key=repr) for query in queries}


def flaws(path: Path, schema: Schema, rows: Rows) -> list[str]:
    """Return what the file lacks: a statement of the schema, a row that was there before, an invariant."""
    if schema_of(path) != schema:
        return [f"{path.name}: the schema is another"]
    of_the_search = [fault for fault in check(str(path)).faults if fault.startswith(SEARCH)]
    wrong = [*faults_of(path), *of_the_search]
    with closing(sqlite3.connect(path)) as connection:
        for query, before in rows.items():
            if sorted(connection.execute(query), key=repr) != before:
                wrong.append(f"{query} yields other rows")
    return [f"{path.name}: {fault}" for fault in wrong]
