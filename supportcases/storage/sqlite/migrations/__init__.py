"""The schema, as the list of steps that made it. Append to it; a step that was released is never edited.

The tables are prefixed, since the file may be the storefront's. Every rule that SQLite can check stands here too.
"""

import sqlite3
from contextlib import closing
from typing import Final

from sqlite_utils import Database, Migrations

from supportcases.storage.sqlite.migrations.m0001_cases import cases
from supportcases.storage.sqlite.migrations.m0002_keys import keys
from supportcases.storage.sqlite.migrations.m0003_replays import replays
from supportcases.storage.sqlite.migrations.m0004_support import support
from supportcases.storage.sqlite.migrations.m0005_speed import speed
from supportcases.storage.sqlite.migrations.m0006_threads import threads

MIGRATIONS: Final = Migrations("supportcases")
for name, step in {
    "0001_cases": cases,
    "0002_keys": keys,
    "0003_replays": replays,
    "0004_support": support,
    "0005_speed": speed,
    "0006_threads": threads,
}.items():
    MIGRATIONS(name=name)(step)


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
