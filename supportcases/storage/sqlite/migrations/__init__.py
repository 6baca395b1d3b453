"""The schema, as the steps that made it: the modules here, in the order of their numbers, each with its `step`.

Add another one; a step that was released is never edited.
The tables are prefixed, since the file may be the storefront's. Every rule that SQLite can check stands here too.
"""

import sqlite3
from pkgutil import iter_modules
from typing import Final

OURS: Final = "supportcases"  # as the library calls a set of steps; others in the file are the host's
NAMES: Final = sorted(module.name[1:] for module in iter_modules(__path__) if module.name.startswith("m0"))


def applied(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the steps by which our tables were made.

    They stand in a table of sqlite-utils, which says the same, but takes a third of a start to load.
    """
    there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_sqlite_migrations'"
    if not connection.execute(there).fetchone():
        return set()
    taken = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", [OURS])
    return {name for (name,) in taken.fetchall()}


def pending(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the steps that are still to be taken, in their order."""
    taken = applied(connection)
    return [name for name in NAMES if name not in taken]


def known() -> list[str]:
    """Return the names of all steps that this version knows, in their order."""
    return list(NAMES)


def apply(connection: sqlite3.Connection) -> None:
    """Take the steps that are pending."""
    from supportcases.storage.sqlite.migrations import steps  # here: its library takes a third of a start

    steps.apply(connection)
