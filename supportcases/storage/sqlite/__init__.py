"""The repository on SQLite: everything that knows SQL."""

import sqlite3
from typing import Final

from supportcases.storage.sqlite.backups import back_up
from supportcases.storage.sqlite.checks import check
from supportcases.storage.sqlite.read_only_repository import opened_to_read
from supportcases.storage.sqlite.repository import IN_MEMORY, SqliteRepository

__all__ = ["ENGINE", "IN_MEMORY", "SqliteRepository", "back_up", "check", "opened_to_read"]

ENGINE: Final = f"SQLite {sqlite3.sqlite_version}"
