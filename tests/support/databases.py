"""Looking at database files from outside, as their operator would."""

import gc
import hashlib
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlite_utils import Database

from supportcases import Case, DatabaseUnusable, Message, create_app
from supportcases.domain.events import HistoryEntry
from supportcases.domain.times import to_text
from supportcases.storage.rows import case_to_row, message_to_row
from supportcases.storage.sqlite.migrations.steps import MIGRATIONS
from tests.conftest import ROOT


def open_files(folder: Path) -> list[str]:
    """Return the names of the files below `folder` that this process has open."""
    names = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            names.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
    return sorted(name for name in names if name.startswith(f"{folder}/"))


def fingerprint(path: Path) -> str:
    """Return the hash of a file, which this process must not have open: reading it would drop SQLite's locks."""
    gc.collect()
    assert open_files(path.parent) == []
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def older_file(path: Path, stop_before: str | None) -> Iterator[sqlite3.Connection]:
    """Give a connection to a new file as it was before that migration."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        MIGRATIONS.apply(Database(connection, execute_plugins=False, strict=True), stop_before=stop_before)
        yield connection


def insert(connection, table: str, row: dict[str, object]) -> None:
    """Insert what the table, perhaps of an older version, has columns for."""
    columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info(supportcases_{table})") if name in row]
    places = ", ".join(f":{name}" for name in columns)
    connection.execute(f"INSERT INTO supportcases_{table} ({', '.join(columns)}) VALUES ({places})", row)


def insert_case(connection, case: Case, *messages: Message) -> None:
    """Insert a case with its messages."""
    insert(connection, "cases", case_to_row(case))
    for message in messages:
        insert(connection, "messages", message_to_row(case, message))


def insert_event(connection, case: Case, entry: HistoryEntry) -> None:
    """Insert the first thing that happened to the first case of a store; older versions gave it no numbers."""
    told = {"actor_kind": entry.actor_kind, "actor_label": entry.actor_label, "happened_at": to_text(entry.at)}
    row = {"store": case.store, "case_id": case.id, "kind": entry.kind, "was": "{}", "became": "{}"}
    insert(connection, "events", row | told | {"revision": 1, "sequence": 1})


def newer_version_wrote(path: Path, migration: str = "9999_x", of: str = "supportcases") -> None:
    """Let the file tell of a migration that nobody here knows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        statement = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, 'now')"
        connection.execute(statement, [of, migration])


def refusal(place: Path) -> str:
    with pytest.raises(DatabaseUnusable) as refused:
        create_app(place)
    sentence = str(refused.value)
    assert str(place) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def python(script: str, *arguments: str) -> str:
    """Run a script in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
