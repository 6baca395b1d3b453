"""The engine behind the desks of the tests: SQLite, or with `pytest --engine postgres` a PostgreSQL of their own.

A desk in memory, and whatever asks the fixture `db` for a place, then has an empty database of that PostgreSQL.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from supportcases.storage import open as storage
from supportcases.storage import sqlite
from supportcases.storage.protocol import Repository
from tests.support.postgres import Cluster

TESTS: Final = Path(__file__).parents[1]
EACH: Final = SimpleNamespace(params={})  # a test without parameters
ROLE: Final = "supportcases"  # with the rights that docs/postgres.md gives to who serves
GRANTS: Final = re.compile(r"```sql\n(GRANT .*?)```", re.DOTALL)
TABLES: Final = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^supportcases_' ORDER BY relname"
KEPT: Final = "supportcases_migrations"  # an emptied database is as a new one
PATIENCE: Final = "SET lock_timeout = '10s'"  # for what a test may have left behind

# what `pytest --engine postgres` runs: whatever has a desk behind it, but for what OWN tells
ON_BOTH: Final = (
    *("desk", "web", "console", "cli", "testing", "formats"),
    *("domain/test_cursors.py", "domain/test_times.py", "domain/test_text.py"),
    *("storage/test_nested_writes.py", "storage/test_concurrency.py", "storage/test_search.py"),
)
# the tests of SQLite alone, and why: what they begin with
OWN: Final[dict[str, str]] = {}


def may_run_on_postgres(path: Path) -> bool:
    """Return whether a file of tests, or a folder with some, may have one that runs on PostgreSQL."""
    name = str(path.relative_to(TESTS)) if path.is_relative_to(TESTS) else ""
    return name.startswith(ON_BOTH) or any(wanted.startswith(name) for wanted in ON_BOTH)


def runs_on_postgres(item: pytest.Item) -> bool:
    """Return whether a test runs on PostgreSQL too."""
    name = f"{item.path.relative_to(TESTS)}::{item.name}"
    of_files = "file" in getattr(item, "callspec", EACH).params.values()
    return name.startswith(ON_BOTH) and not name.startswith(tuple(OWN)) and not of_files


class Databases:
    """The databases of this process in the cluster: each is lent to one desk at a time."""

    def __init__(self, cluster: Cluster) -> None:
        """Have none yet."""
        self._cluster = cluster
        self._free: list[Any] = []  # connections, each to a database of its own
        self._lent: list[Any] = []
        self._open: list[Repository] = []
        self._made = 0

    def url(self) -> str:
        """Lend an empty database, until the test is over, and return its URL."""
        connection = self._free.pop() if self._free else self._new()
        self._lent.append(connection)
        tables = [name for (name,) in connection.execute(TABLES) if name != KEPT]
        connection.execute("; ".join(f"DELETE FROM {name}" for name in tables))
        return self._cluster.url(connection.info.dbname, role=ROLE)

    def in_memory(self) -> Repository:
        """Return the repository of an empty database, which it gives back when it is closed."""
        repository = storage.open_repository(self.url())
        connection, close = self._lent[-1], repository.close

        def closed() -> None:
            close()
            if connection in self._lent:
                self._lent.remove(connection)
                self._free.append(connection)

        repository.close = closed
        self._open.append(repository)
        return repository

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Take back at the end of the block what was lent in it."""
        before, opened = list(self._lent), len(self._open)
        yield
        while len(self._open) > opened:
            self._open.pop().close()
        self._free += [connection for connection in self._lent if connection not in before]
        self._lent = [connection for connection in self._lent if connection in before]

    def close(self) -> None:
        """Close all connections."""
        for closed in (*self._open, *self._lent, *self._free):
            closed.close()

    def _new(self) -> Any:
        import psycopg  # here: whoever runs a few tests of SQLite need not have it

        self._made += 1
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        url = self._cluster.make(f"{worker}_{self._made}")
        storage.open_repository(url).close()
        connection = psycopg.connect(url, autocommit=True)
        connection.execute(GRANTS.search((TESTS.parent / "docs" / "postgres.md").read_text(encoding="utf-8"))[1])
        connection.execute("SET session_replication_role = replica")  # past the triggers and the foreign keys
        connection.execute(PATIENCE)
        return connection


def put_behind_every_desk(databases: Databases) -> None:
    """Let what would be in memory be in a database of PostgreSQL."""

    def instead(path: str | os.PathLike[str], *, must_exist: bool = False) -> Repository:
        if path == sqlite.IN_MEMORY:
            return databases.in_memory()
        return sqlite.SqliteRepository(path, must_exist=must_exist)

    storage.sqlite = SimpleNamespace(**{**vars(sqlite), "SqliteRepository": instead})


def rows_of(repository: Repository) -> list[str]:
    """Return all that the database holds, as text."""
    with repository.read() as transaction:
        connection = transaction.connection
        if isinstance(repository, sqlite.SqliteRepository):
            return list(connection.iterdump())
        names = [name for (name,) in connection.execute(TABLES).fetchall()]
        return [
            f"{name} {row}"
            for name in names
            for (row,) in connection.execute(f"SELECT t::text FROM {name} t ORDER BY 1").fetchall()
        ]
