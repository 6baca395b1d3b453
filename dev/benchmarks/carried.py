"""How quick an archive is taken in, beside the bare inserts of the same rows into the same schema (target 15)."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import Final

from dev.benchmarks.data import dossiers, say
from dev.benchmarks.measure import Figure, at_least, medians
from supportcases import SqliteRepository
from supportcases.formats.archive import written
from supportcases.storage.sqlite.connections import open_file

STORES: Final = 60
CASES: Final = 1_000  # of each store
ROUNDS: Final = 3
TABLES: Final = ("stores", "cases", "messages", "events")  # the triggers write the others


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figure of target 15."""
    cases, new = STORES * CASES, count()
    archive, imported = folder / "archive.jsonl", folder / "imported.db"
    say(f"writing an archive of {cases:,} cases")
    with archive.open("w", encoding="utf-8") as lines:
        lines.writelines(written(chain.from_iterable(dossiers(f"store-{n}", CASES, seed=n) for n in range(STORES))))
    _import(archive, imported)
    rows = _rows(imported)
    os.sync()
    say("importing it, and inserting the same rows, by turns")
    calls = {
        "import": lambda: _import(archive, folder / f"{next(new)}.db"),
        "raw": lambda: _insert(rows, folder / f"{next(new)}.db"),
    }
    taken = medians(calls, rounds=ROUNDS, warm_up=0)
    detail = f"raw inserts {cases / taken['raw']:,.0f} cases/s, of {cases:,} cases"
    yield at_least(15, "import", cases / taken["import"], 4_000, unit="cases/s", detail=detail)


def _import(archive: Path, path: Path) -> None:
    subprocess.run([sys.executable, "-m", "supportcases", "import", str(archive), "--db", str(path)], check=True)


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of each table, named with its columns, but for those that SQLite makes of others."""
    rows = {}
    with closing(sqlite3.connect(path)) as database:
        for table in TABLES:
            columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info(supportcases_{table})")]
            named = ", ".join(columns)
            rows[f"supportcases_{table} ({named})"] = database.execute(
                f"SELECT {named} FROM supportcases_{table}"
            ).fetchall()
    return rows


def _insert(rows: dict[str, list[tuple[object, ...]]], path: Path) -> None:
    """Write the rows into a new file with our schema, in one transaction."""
    SqliteRepository(path).close()
    with closing(open_file(str(path))) as database:
        database.execute("BEGIN IMMEDIATE")
        for table, values in rows.items():
            places = ", ".join("?" * len(values[0]))
            database.executemany(f"INSERT INTO {table} VALUES ({places})", values)
        database.execute("COMMIT")
