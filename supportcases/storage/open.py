"""Which engine keeps a database is chosen here and nowhere else; today all that is not in memory is a SQLite file."""

import os
from contextlib import AbstractContextManager
from typing import Final

import supportcases.storage.sqlite as sqlite
from supportcases.storage.protocol import Copied, Findings, Repository

IN_MEMORY: Final = sqlite.IN_MEMORY
ENGINE: Final = sqlite.ENGINE  # its name and version


def open_repository(database: str | os.PathLike[str] | Repository, *, must_exist: bool = False) -> Repository:
    """Return the repository of a file, which is made where there is none, or of `":memory:"`; an open one as it is.

    Raises:
        DatabaseUnusable: It cannot be used, or `must_exist` and it holds no support cases.
    """
    if isinstance(database, str | os.PathLike):
        return sqlite.SqliteRepository(database, must_exist=must_exist)
    if not isinstance(database, Repository):
        raise TypeError(f"database must be a path, ':memory:' or a repository, not {type(database).__name__}.")
    return database


def open_to_read(location: str) -> AbstractContextManager[Repository]:
    """Yield the repository of a database that is there, which this user need not be allowed to write.

    Raises:
        DatabaseUnusable: There is none, or it cannot be used.
    """
    return sqlite.opened_to_read(location)


def is_new(location: str) -> bool:
    """Tell whether opening it makes a new file."""
    return location != IN_MEMORY and not os.path.lexists(location)


def check(location: str) -> Findings:
    """Look at all that must hold of a database, which may be in use.

    Raises:
        DatabaseUnusable: There is none, or it holds no support cases.
    """
    return sqlite.check(location)


def back_up(location: str, target: str) -> Copied:
    """Copy a database, which may be in use, to the new file `target`.

    Raises:
        DatabaseUnusable: There is something at `target` already, or it cannot be copied.
        OSError: The folder of `target` cannot be written.
    """
    return sqlite.back_up(location, target)
