"""Taking the steps: the library of migrations keeps in the file which were taken."""

import sqlite3
from importlib import import_module
from typing import Final

from sqlite_utils import Database, Migrations

from supportcases.storage.sqlite.migrations import NAMES, OURS

MIGRATIONS: Final = Migrations(OURS)
for name in NAMES:
    MIGRATIONS(name=name)(import_module(f"supportcases.storage.sqlite.migrations.m{name}").step)


def apply(connection: sqlite3.Connection) -> None:
    """Take those that are pending."""
    MIGRATIONS.apply(Database(connection, execute_plugins=False, recursive_triggers=False, strict=True))
