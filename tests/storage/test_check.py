"""supportcases check: what it looks at, what it notes, which files it refuses; and it changes nothing."""

import os
import sqlite3
import textwrap
from contextlib import closing

import pytest

from supportcases import SqliteRepository, cli
from supportcases.formats.whole_cases import load
from supportcases.storage.sqlite import connections, read_only
from supportcases.storage.sqlite.checks import _may_reset_a_wal
from tests.conftest import ACME
from tests.storage.test_upgrades import MIGRATION_NAMES
from tests.support.command_line import run
from tests.support.databases import (
    fingerprint,
    insert,
    insert_case,
    insert_event,
    older_file,
    python,
)
from tests.support.long_dossiers import long_dossiers
from tests.support.processes import crash_after_a_write
from tests.support.rows import a_case, a_message, an_entry

pytestmark = pytest.mark.usefixtures("four_cases")
THINGS = (
    "the file, the schema, numbers, next numbers, messages, history, the feed, counts, tallies, threads, subjects, "
    "durations, the search index, the index of messages, attachments (0 files), what happened to each case"
)


def test_where_all_is_well_it_says_what_it_looked_at(path, tmp_path, found):
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    done = run("check", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first, second, *rest = done.stdout.splitlines()
    assert first == (f"cases.db: 4 cases of 2 stores, {size}, journal mode wal, SQLite {sqlite3.sqlite_version}")
    assert second == f"looked at {THINGS}"
    assert rest[-1] == "nothing is wrong"
    assert found() == (0, ["nothing is wrong"])


def test_a_file_that_was_cut_short_is_found(path, tmp_path):
    os.truncate(path, path.stat().st_size - 3 * 4096)
    done = run("check", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    told = "cases.db cannot be read as a SQLite database: database disk image is malformed."
    assert done.stderr == f"supportcases: {told}\n"


@pytest.mark.parametrize(
    ("db", "why"),
    [
        ("none.db", "none.db does not exist. Name the file with --db or SUPPORTCASES_DB."),
        (".", ". cannot be read: it is not a file."),
        ("text.db", "text.db cannot be read as a SQLite database: file is not a database."),
        ("empty.db", "empty.db holds no support cases."),
        ("a\x1b[2J.db", r"a\x1b[2J.db does not exist."),
    ],
)
def test_what_is_no_file_of_ours_is_refused_in_one_sentence(tmp_path, db, why):
    (tmp_path / "text.db").write_text("no database " * 100)
    (tmp_path / "empty.db").touch()
    done = run("check", "--db", db, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("supportcases: ")
    if "\x1b" not in db:
        assert done.stderr == f"supportcases: {why}\n"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["cases.db", "empty.db", "text.db"]


def an_older_file(path, stop_before, last_number=1):
    """Make a file with a case that is as an older version wrote it."""
    path.unlink()
    case = a_case(1, unanswered_since=None)
    with older_file(path, stop_before) as connection:
        insert(connection, "stores", {"store": "acme", "last_number": last_number})
        insert_case(connection, case, a_message(1))
        insert_event(connection, case, an_entry(actor=ACME, at=case.created_at))


@pytest.mark.parametrize("stop_before", MIGRATION_NAMES[1:])
def test_a_file_that_is_not_yet_upgraded_is_no_fault(stop_before, path, found):
    an_older_file(path, stop_before)
    pending = ", ".join(MIGRATION_NAMES[MIGRATION_NAMES.index(stop_before) :])
    note = f"note: an older version of supportcases wrote it: its next use brings it up to date ({pending})"
    assert found() == (0, [note, "nothing is wrong"])


def test_what_an_older_file_has_already_is_looked_at(path, found):
    an_older_file(path, "0005_speed", last_number=3)
    code, lines = found()
    assert (code, lines[1:]) == (1, ["wrong: next numbers: acme would go on behind 3, and its highest is 1"])


# --- notes


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        *[((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False)],
        *[((3, 45, 0), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 0), True), ((3, 51, 2), True)],
        *[((3, 51, 3), False), ((3, 53, 0), False), ((4, 0, 0), False)],
    ],
)
def test_the_versions_of_sqlite_with_the_fault_are_known(version, affected):
    assert _may_reset_a_wal(version) is affected


def test_a_version_of_sqlite_with_the_fault_is_a_note_and_no_fault(path, found, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 2))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.51.2")
    note = "note: SQLite 3.51.2 has the fault WAL-reset: where several processes write the file, take 3.51.3 or newer"
    assert found() == (0, [note, "nothing is wrong"])


def test_a_disk_with_little_room_is_a_note(path, found, monkeypatch):
    class Usage:
        free = 99_900_000

    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage)
    assert found() == (0, ["note: the disk has 99.9 MB left", "nothing is wrong"])


def test_who_may_not_write_is_told_what_was_not_looked_at(path, found, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    note = "note: its CHECK constraints were not looked at: SQLite does so only for those who may write the file"
    assert found() == (0, [note, "nothing is wrong"])


# --- what it does to others


def test_it_changes_nothing_and_leaves_nothing_behind(path, tmp_path):
    before = fingerprint(path)
    assert run("check", cwd=tmp_path).returncode == 0
    assert fingerprint(path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["cases.db"]


def test_what_a_crash_has_left_in_the_wal_stays_there_and_is_looked_at(path, tmp_path):
    crash_after_a_write(path)
    before = path.read_bytes(), (tmp_path / "cases.db-wal").read_bytes()
    assert "5 cases of 2 stores" in run("check", cwd=tmp_path).stdout
    assert (path.read_bytes(), (tmp_path / "cases.db-wal").read_bytes()) == before


def test_it_waits_for_no_writer_and_no_writer_waits_for_it(path, tmp_path):
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE supportcases_stores SET last_number = 99")  # which is not committed
        assert run("check", cwd=tmp_path).returncode == 0
        writer.execute("ROLLBACK")


def test_a_file_that_is_locked_is_refused(path, monkeypatch, capsys):
    monkeypatch.chdir(path.parent)
    for module in (connections, read_only):
        monkeypatch.setattr(module, "PATIENCE", 0.1)
    monkeypatch.setattr(connections.Connection, "patience", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as locker:
        locker.execute("PRAGMA locking_mode = EXCLUSIVE")
        locker.execute("BEGIN EXCLUSIVE")
        locker.execute("UPDATE supportcases_stores SET last_number = 99")
        code = cli.main(["check"])
    assert (code, *capsys.readouterr()) == (
        1,
        "",
        "supportcases: cases.db cannot be read: another program keeps it locked.\n",
    )


def test_a_large_file_needs_no_more_memory_than_a_small_one(tmp_path):
    peaks = []
    for cases in (50, 1_000):
        path = tmp_path / f"{cases}.db"
        with closing(SqliteRepository(path)) as repository:
            load(repository, long_dossiers(cases))
        script = """
            code = cli.main(["check", "--db", sys.argv[1]])
            (peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
            print(code, peak)
        """
        done = python(f"import sys\nfrom supportcases import cli\n{textwrap.dedent(script)}", str(path))
        code, peak = done.splitlines()[-1].split()
        assert code == "0"
        peaks.append(int(peak) / 1024)
    assert peaks[1] - peaks[0] < 10  # MiB; the larger file has 13
