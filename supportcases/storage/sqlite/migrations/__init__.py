"""The schema, as the steps that made it: the modules here, in the order of their numbers, each with its `step`.

Add another one; a step that was released is never edited.
The tables are prefixed, since the file may be the storefront's. Every rule that SQLite can check stands here too.
"""

import sqlite3
from contextlib import closing
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from sqlite_utils import Database, Migrations

MIGRATIONS: Final = Migrations("supportcases")
for name in sorted(module.name for module in iter_modules(__path__)):
    if name.startswith("m0"):
        MIGRATIONS(name=name[1:])(import_module(f"{__name__}.{name}").step)


def applied(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the steps by which our tables were made."""
    return {step.name for step in MIGRATIONS.applied(_database(connection))}


def pending(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the steps that are still to be taken, in their order."""
    return [step.name for step in MIGRATIONS.pending(_database(connection))]


def known() -> list[str]:
    """Return the names of all steps that this version knows, in their order."""
    with closing(sqlite3.connect(":memory:")) as empty:
        return pending(empty)


def apply(connection: sqlite3.Connection) -> None:
    """Take the steps that are pending."""
    MIGRATIONS.apply(_database(connection))


def _database(connection: sqlite3.Connection) -> Database:
    return Database(connection, execute_plugins=False, recursive_triggers=False, strict=True)
