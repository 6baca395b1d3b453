"""The repository on SQLite: everything that knows SQL."""

from supportcases.storage.sqlite.repository import SqliteRepository

__all__ = ["SqliteRepository"]
