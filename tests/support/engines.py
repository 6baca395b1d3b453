"""The engine behind the desks of the tests: SQLite, or with `pytest --engine postgres` a PostgreSQL of their own.

A desk in memory, and whatever asks the fixture `db` for a place, then has an empty database of that PostgreSQL.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from supportcases.storage import open as storage
from supportcases.storage import sqlite
from supportcases.storage.protocol import Repository
from tests.support.postgres import Cluster

TESTS: Final = Path(__file__).parents[1]
ROLE: Final = "supportcases"  # with the rights that docs/postgres.md gives to who serves
GRANTS: Final = re.compile(r"```sql\n(GRANT .*?)```", re.DOTALL)
TABLES: Final = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^supportcases_' ORDER BY relname"
KEPT: Final = "supportcases_migrations"  # an emptied database is as a new one
PATIENCE: Final = "SET lock_timeout = '10s'"  # for what a test may have left behind

# what `pytest --engine postgres` runs: whatever has a desk behind it, but for what OWN tells
ON_BOTH: Final = (
    *("desk", "web", "console", "cli", "testing", "formats"),
    *("domain/test_cursors.py", "domain/test_times.py", "domain/test_text.py"),
    *("storage/test_attachment_checks.py", "storage/test_concurrency.py", "storage/test_search.py"),
    *("project/test_example_mail.py", "project/test_example_mail_killed.py"),
    *("storage/test_watching.py", "webhooks/test_delivering.py", "webhooks/test_delivering_on.py"),
    "webhooks/test_tally.py",
)
# of those the ones of SQLite alone, by what their names begin with, and why
OF_FILES: Final = "is about a file: its name, its rights, its rows or its copies"
IN_SQLITE_S_WORDS: Final = "plants, or reads, in SQLite's words; the contracts try it on each engine"
WHATEVER_THE_ENGINE: Final = "asks nothing of a database that other tests do not ask of both"
OWN: Final[dict[str, str]] = {
    "cli/test_binary.py": "the one file keeps cases in SQLite alone",
    "cli/test_places.py": OF_FILES,
    "cli/test_commands.py::test_the_installed_command_is_the_module_by_another_name": OF_FILES,
    "cli/test_commands.py::test_serve_takes_every_setting": OF_FILES,
    "cli/test_commands.py::test_a_mistyped_path": OF_FILES,
    "cli/test_commands.py::test_somebody_elses_database": OF_FILES,
    "cli/test_keys.py::test_a_key_for_which_a_file_is_made": OF_FILES,
    "cli/test_keys.py::test_keys_take_every_setting_from_the_environment": OF_FILES,
    "cli/test_keys.py::test_a_revoked_key_stops_at_once_in_a_server": OF_FILES,
    "cli/test_output.py::test_no_control_character_of_anybody": IN_SQLITE_S_WORDS,
    "cli/test_output.py::test_answer_says_nothing_of_what_anybody_wrote": IN_SQLITE_S_WORDS,
    "cli/test_streams.py::test_what_is_done_is_done_though_it_cannot_be_told[backup": OF_FILES,
    "cli/test_streams.py::test_what_is_done_is_done_though_it_cannot_be_told[check": OF_FILES,
    "cli/test_agents_day.py::test_the_command_for_the_next_page_can_be_pasted": OF_FILES,
    "console/test_serve.py::test_the_trusted_proxy": WHATEVER_THE_ENGINE,
    "desk/test_close_idle.py::test_a_thousand_are_closed": "closes a thousand cases, each by itself; some are on both",
    "desk/test_long_threads.py::test_a_file_of_an_older_version": OF_FILES,
    "desk/test_long_threads.py::test_a_host_that_deletes_or_edits_messages": "who serves may do neither",
    "desk/test_long_threads.py::test_a_message_that_claims_to_be_of_another_store": IN_SQLITE_S_WORDS,
    "desk/test_long_threads.py::test_a_reply_takes_the_same_few_steps": "counts SQLite's steps",
    "domain/test_text.py::test_what_an_earlier_version_took": OF_FILES,
    "domain/test_text.py::test_and_be_carried_to_another_file": OF_FILES,
    "formats/test_export_import.py": OF_FILES,
    "formats/test_import_refusals.py": OF_FILES,
    "formats/test_whole_cases.py": OF_FILES,
    "formats/test_archive.py::test_a_subject_from_before_the_limit": OF_FILES,
    "testing/test_kit.py::test_it_may_be_a_file": OF_FILES,
    "testing/test_kit.py::test_forty_desks_leave_no_thread": "counts what a desk in memory leaves",
    "web/test_exceptions.py::test_a_closed_database_is_an_error": "a closed PostgreSQL repository serves again",
    "web/test_notes_are_invisible.py::test_a_thousand_notes_cost": "counts SQLite's steps",
    "web/test_openapi.py::test_the_shipped_document": WHATEVER_THE_ENGINE,
    "web/test_openapi_is_true.py::test_each_operation": "the walks of that file try the engine",
    "web/test_rate_limit.py": WHATEVER_THE_ENGINE,
    "web/test_stores_are_walls.py::test_the_walk_finds_a_planted_hole": IN_SQLITE_S_WORDS,
    "web/test_webhooks.py::test_other_stores_webhooks_cost": "counts SQLite's steps",
    "web/test_time_budget.py::test_a_commit_is_never_interrupted": "counts SQLite's steps",
}
ALSO_OF_SQLITE: Final = ("[file", "-file", "in_a_function_of_python")  # parameters of tests that run with others too


def may_run_on_postgres(path: Path) -> bool:
    """Return whether a file of tests, or a folder with some, may have one that runs on PostgreSQL."""
    name = str(path.relative_to(TESTS)) if path.is_relative_to(TESTS) else ""
    return name.startswith(ON_BOTH) or any(wanted.startswith(name) for wanted in ON_BOTH)


def runs_on_postgres(item: pytest.Item) -> bool:
    """Return whether a test runs on PostgreSQL too."""
    name = f"{item.path.relative_to(TESTS)}::{item.name}"
    is_own = name.startswith(tuple(OWN)) or any(parameter in name for parameter in ALSO_OF_SQLITE)
    return name.startswith(ON_BOTH) and not is_own


class Database:
    """A database of this process in the cluster: each is lent to one desk at a time."""

    def __init__(self, owner: Any, url: str) -> None:
        """Take a connection that may do everything, and the URL for who serves."""
        self.owner: Final = owner
        self.url: Final = url
        self._repository: Repository | None = None

    def empty(self) -> None:
        """Delete whatever it holds."""
        tables = [name for (name,) in self.owner.execute(TABLES) if name != KEPT]
        self.owner.execute("; ".join(f"DELETE FROM {name}" for name in tables))

    def repository(self) -> Repository:
        """Return a repository whose connections are those of the desk before: what is new takes longer than a test."""
        if self._repository is None:
            self._repository = storage.open_repository(self.url)
        return copy(self._repository)

    def close(self) -> None:
        """Close all connections to it."""
        if self._repository is not None:
            self._repository.close()
        self.owner.close()


class Databases:
    """The databases of this process in the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        """Have none yet."""
        self._cluster = cluster
        self._free: list[Database] = []
        self._lent: list[Database] = []
        self._made = 0

    def url(self) -> str:
        """Lend an empty database, until the test is over, and return its URL."""
        return self._lend().url

    def repository(self, url: str) -> Repository:
        """Return a repository of a database that is lent, with connections that are there already."""
        return next(database for database in self._lent if database.url == url).repository()

    def in_memory(self) -> Repository:
        """Return the repository of an empty database, which it gives back when it is closed."""
        database = self._lend()
        repository = database.repository()

        def closed() -> None:
            if database in self._lent:
                self._lent.remove(database)
                self._free.append(database)

        repository.close = closed
        return repository

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Take back at the end of the block what was lent in it."""
        before = list(self._lent)
        yield
        self._free += [database for database in self._lent if database not in before]
        self._lent = [database for database in self._lent if database in before]

    def close(self) -> None:
        """Close all connections."""
        for database in (*self._lent, *self._free):
            database.close()

    def _lend(self) -> Database:
        database = self._free.pop() if self._free else self._new()
        self._lent.append(database)
        database.empty()
        return database

    def _new(self) -> Database:
        import psycopg  # here: whoever runs a few tests of SQLite need not have it

        self._made += 1
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        url = self._cluster.make(f"{worker}_{self._made}")
        storage.open_repository(url).close()
        owner = psycopg.connect(url, autocommit=True)
        owner.execute(GRANTS.search((TESTS.parent / "docs" / "postgres.md").read_text(encoding="utf-8"))[1])
        owner.execute("SET session_replication_role = replica")  # past the triggers and the foreign keys
        owner.execute(PATIENCE)
        return Database(owner, self._cluster.url(owner.info.dbname, role=ROLE))


def put_behind_every_desk(databases: Databases) -> None:
    """Let what would be in memory be in a database of PostgreSQL."""

    def instead(path: str | os.PathLike[str], *, must_exist: bool = False) -> Repository:
        if path == sqlite.IN_MEMORY:
            return databases.in_memory()
        return sqlite.SqliteRepository(path, must_exist=must_exist)

    storage.sqlite = SimpleNamespace(**{**vars(sqlite), "SqliteRepository": instead})


def events_of(repository: Repository) -> Any:
    """Return the class by which the engine writes the history."""
    with repository.read(once=True) as transaction:
        return type(transaction.events)


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
