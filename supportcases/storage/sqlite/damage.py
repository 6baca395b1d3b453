"""What SQLite itself finds wrong with a file."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from supportcases.storage.sqlite.errors import primary_code
from supportcases.storage.sqlite.read_only import our_parts

PAGES: Final = "***"  # how SQLite begins what it finds wrong with pages, whosever they are
INDEXES: Final = ("supportcases_search", "supportcases_bodies")  # have checks of their own


def damage(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what SQLite itself finds wrong with the pages of the file and with our tables; a host's rows are its own.

    The connection must be able to write, or SQLite passes over each CHECK.
    """
    tables = [name for kind, name in sorted(our_parts(connection)) if kind == "table" and name not in INDEXES]
    first = _first_fault(connection)
    if first != "ok":
        ours = [line for name in tables for (line,) in connection.execute(f"PRAGMA integrity_check({name})")]
        found = [line for line in ours if line != "ok"] or [first] * first.startswith(PAGES)
        yield from (", ".join(part for part in line.splitlines() if not part.startswith(PAGES)) for line in found)
    for name in tables:
        for row in connection.execute(f"PRAGMA foreign_key_check({name})"):
            yield f"row {row[1]} of {name} belongs to a row of {row[2]} that is not there"


def _first_fault(connection: sqlite3.Connection) -> str:
    """Return the first thing that SQLite finds wrong with the file, "ok", or nothing where it cannot look."""
    try:
        ((line,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.OperationalError as error:
        if primary_code(error) != sqlite3.SQLITE_ERROR:
            raise
        return ""  # a table of the host's has a function or a collation that only the host knows
    return str(line)
