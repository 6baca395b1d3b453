"""Which engine keeps a database is chosen here and nowhere else: a URL names one of PostgreSQL, all else is SQLite's.

What PostgreSQL needs is imported where such a database is opened, and not before.
"""

import os
import re
import sys
from contextlib import AbstractContextManager
from typing import Any, Final

import supportcases.storage.sqlite as sqlite
from supportcases.domain.errors import DatabaseUnusable
from supportcases.storage.conninfo import names_postgres, redacted
from supportcases.storage.protocol import ContentStore, Copied, Findings, Repository

IN_MEMORY: Final = sqlite.IN_MEMORY
ENGINE: Final = sqlite.ENGINE  # its name and version

CONNINFO: Final = re.compile(
    r"(?:postgres(?:ql)?://|\b(?:service|host|hostaddr|port|dbname|user|password)\s*=).*", re.DOTALL
)
GET_POSTGRES: Final = "pip install 'supportcases[postgres]'"
ONE_FILE: Final = f"This program is one file, which keeps cases in SQLite alone; for PostgreSQL {GET_POSTGRES}."


def open_repository(database: str | os.PathLike[str] | Repository, *, must_exist: bool = False) -> Repository:
    """Return the repository of a database, which is made where there is none; an open one as it is.

    Args:
        database: The path of a SQLite file, `":memory:"`, the URL of a PostgreSQL database, or a repository.
        must_exist: Whether one that holds no support cases yet is left alone.

    Raises:
        DatabaseUnusable: It cannot be used, or `must_exist` and it holds no support cases.
    """
    if isinstance(database, str | os.PathLike):
        if is_postgresql(database):
            opened: Repository = _postgres().PostgresRepository(database, must_exist=must_exist)
            return opened
        return sqlite.SqliteRepository(database, must_exist=must_exist)
    if not isinstance(database, Repository):
        raise TypeError(f"database must be a path, ':memory:', a URL or a repository, not {type(database).__name__}.")
    return database


def open_to_read(location: str) -> AbstractContextManager[Repository]:
    """Yield the repository of a database that is there, which this user need not be allowed to write.

    Raises:
        DatabaseUnusable: There is none, or it cannot be used.
    """
    opened: AbstractContextManager[Repository] = _engine(location).opened_to_read(location)
    return opened


def is_new(location: str) -> bool:
    """Tell whether opening it makes a new file."""
    return not (location == IN_MEMORY or is_postgresql(location) or os.path.lexists(location))


def check(location: str, contents: ContentStore | None = None) -> Findings:
    """Look at all that must hold of a database, which may be in use, and at what keeps its files beside it.

    Raises:
        DatabaseUnusable: There is none, or it holds no support cases.
    """
    found: Findings = _engine(location).check(location, contents)
    return found


def back_up(location: str, target: str) -> Copied:
    """Copy a database, which may be in use, to the new file `target`.

    Raises:
        DatabaseUnusable: There is something at `target` already, or it cannot be copied.
        OSError: The folder of `target` cannot be written.
    """
    if is_postgresql(location):
        raise DatabaseUnusable(
            f"{redacted(location)} is copied by PostgreSQL's own tools: pg_dump copies the database, "
            "pg_basebackup the whole server."
        )
    return sqlite.back_up(location, target)


def without_passwords(text: str) -> str:
    """Return a message as anybody may read it, whatever URL of a database may stand in it."""
    return CONNINFO.sub(lambda found: redacted(found[0]), text)


def is_postgresql(database: str | os.PathLike[str]) -> bool:
    """Tell whether it names a PostgreSQL database."""
    return isinstance(database, str) and names_postgres(database)


def place_of(location: str) -> str:
    """Return where a database is, wherever we were started, as anybody may read it."""
    if is_postgresql(location):
        return redacted(location)
    return location if location == IN_MEMORY else os.path.abspath(location)


def _engine(location: str) -> Any:
    return _postgres() if is_postgresql(location) else sqlite


def _postgres() -> Any:
    """Return the engine of PostgreSQL.

    Raises:
        DatabaseUnusable: What it needs is not installed.
    """
    if getattr(sys, "frozen", False):  # by dev/make_binary.py, which leaves it out
        raise DatabaseUnusable(ONE_FILE)
    try:
        import supportcases.storage.postgres as postgres
    except ImportError as missing:
        if (missing.name or "").startswith("supportcases"):
            raise
        raise DatabaseUnusable(f"PostgreSQL needs more ({missing}): {GET_POSTGRES}.") from missing
    return postgres
