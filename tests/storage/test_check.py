"""supportcases check: it finds each fault that was planted, names it, and changes nothing."""

import os
import sqlite3
import textwrap
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk, cli
from supportcases.storage.sqlite.checks import _may_reset_a_wal
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, GLOBEX
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
from tests.support.processes import crash_after_a_write
from tests.support.rows import a_case, a_message, an_entry

BODY = "The printer is on fire."
THINGS = (
    "the file, the schema, numbers, next numbers, messages, history, counts, threads, subjects, the search index, "
    "what happened to each case"
)


@pytest.fixture
def path(path):
    """The path of a file with three cases of acme and one of globex, which nobody uses."""
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository, clock=MovableClock())
        for subject in ("Straße", "The till is down", "Nothing happens"):
            desk.open(ACME, body=BODY, subject=subject)
        desk.open(GLOBEX, body=BODY, subject="Blank page")
        desk.answer(ADA, "acme:1", body="Use water.")
    return path


@pytest.fixture
def found(path, monkeypatch, capsys):
    """Run check on the file; return the exit code and what it printed, but for the note on the version of SQLite."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 3))

    def found(*arguments):
        code = cli.main(["check", "--db", str(path), *arguments])
        said = capsys.readouterr()
        assert said.err == (f"supportcases: {path} is not as it must be.\n" if code else "")
        return code, said.out.splitlines()[2:]

    return found


def plant(path, *statements: str) -> None:
    """Change the file behind the back of its triggers and constraints."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)


def overwrite(path, page: int, size: int = 4096) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


def root_of(path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [name]).fetchone()[0]


def test_where_all_is_well_it_says_what_it_looked_at(path, tmp_path, found):
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    done = run("check", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first, second, *rest = done.stdout.splitlines()
    assert first == (f"cases.db: 4 cases of 2 stores, {size}, journal mode wal, SQLite {sqlite3.sqlite_version}")
    assert second == f"looked at {THINGS}"
    assert rest[-1] == "nothing is wrong"
    assert found() == (0, ["nothing is wrong"])


CASES = "what happened to each case"
NOT_THE_FIRST = "messages[0] must be the one of which history[0] tells, by merchant, at 2024-06-15T10:30:00.000Z"
FAULTS = {
    "gap": (
        [
            "DELETE FROM supportcases_messages WHERE case_id = (SELECT id FROM supportcases_cases WHERE number = 2)",
            "DELETE FROM supportcases_events WHERE case_id = (SELECT id FROM supportcases_cases WHERE number = 2)",
            "INSERT INTO supportcases_search (supportcases_search, rowid, subject)"
            " SELECT 'delete', 1 << 32 | 2, subject_folded FROM supportcases_cases WHERE number = 2",
            "DELETE FROM supportcases_cases WHERE number = 2",
            "UPDATE supportcases_counts SET cases = cases - 1 WHERE store = 'acme' AND status = 'open'",
        ],
        ["numbers: those of acme have gaps: 2 cases, and the highest is 3"],
    ),
    "counter": (
        ["UPDATE supportcases_stores SET last_number = 4 WHERE store = 'acme'"],
        ["next numbers: acme would go on behind 4, and its highest is 3"],
    ),
    "counter of a store without cases": (
        ["INSERT INTO supportcases_stores (store, last_number, ordinal) VALUES ('initech', 1, 3)"],
        ["next numbers: initech would go on behind 1, and its highest is 0"],
    ),
    "counts": (
        ["UPDATE supportcases_counts SET cases = 7 WHERE store = 'acme' AND status = 'open'"],
        ["counts: acme is said to have 7 that are open and normal, and has 2"],
    ),
    "counts that are missing": (
        ["DELETE FROM supportcases_counts WHERE store = 'globex'"],
        ["counts: globex is said to have 0 that are open and normal, and has 1"],
    ),
    "no message": (
        ["DELETE FROM supportcases_messages WHERE store = 'globex'"],
        ["messages: globex 1 has none"],
    ),
    "no history": (
        ["DELETE FROM supportcases_events WHERE store = 'globex'"],
        ["history: globex 1 has none"],
    ),
    "reference": (
        ["UPDATE supportcases_messages SET case_id = id WHERE position = 2"],
        [
            "the file: row 2 of supportcases_messages belongs to a row of supportcases_cases that is not there",
            "messages: acme 2 has none",
        ],
    ),
    "CHECK": (
        ["UPDATE supportcases_messages SET author_label = '' WHERE position = 2"],
        ["the file: CHECK constraint failed in supportcases_messages"],
    ),
    "open and nobody waits": (
        ["UPDATE supportcases_cases SET unanswered_since = NULL WHERE store = 'globex'"],
        [f"{CASES}: globex 1, unansweredSince must be 2024-06-15T10:30:00.000Z, as the history tells"],
    ),
    "a message before the opening": (
        ["UPDATE supportcases_messages SET created_at = '2024-06-14T10:30:00.000Z' WHERE store = 'globex'"],
        [f"{CASES}: globex 1, {NOT_THE_FIRST}"],
    ),
    "a merchant's note": (
        ["UPDATE supportcases_messages SET internal = 1 WHERE store = 'globex'"],
        [f"{CASES}: globex 1, {NOT_THE_FIRST}"],
    ),
    "a history without an opening": (
        ["UPDATE supportcases_events SET kind = 'replied' WHERE store = 'globex'"],
        [f"{CASES}: globex 1, history[0] must tell that the case was opened, at its createdAt"],
    ),
    "folded subject": (
        ["UPDATE supportcases_cases SET subject = 'Ways' WHERE subject = 'Straße'"],
        ["subjects: acme 1 is looked for by another subject than it has"],
    ),
    "index": (
        ["DROP INDEX supportcases_cases_by_status"],
        ["the schema: the index supportcases_cases_by_status is missing"],
    ),
    "newer": (
        ["INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('supportcases', '0099_x', '2030')"],
        ["the schema: a newer version of supportcases wrote it, which knows 0099_x"],
    ),
}
WRONG_INDEX = "the search index: it does not hold exactly the subjects, so a search may miss cases or find others"
FORGET = (
    "INSERT INTO supportcases_search (supportcases_search, rowid, subject)"
    " SELECT 'delete', 1 << 32 | number, subject_folded FROM supportcases_cases WHERE store = 'acme' AND number = 2"
)
INDEX_FAULTS = {
    "a subject is missing": [FORGET],
    "a subject is another one": [
        FORGET,
        "INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 2, 'the till is drawn')",
    ],
    "a subject is there twice": ["INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 2, 'the till')"],
    "a subject is of a case that is not there": [
        "INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 9, 'the till')"
    ],
    "a trigram is at another place": [
        FORGET,
        "INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 2, 'is downthe till ')",
    ],
    "two subjects have changed places": [
        FORGET,
        FORGET.replace("= 2", "= 3"),
        "INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 2, 'nothing happens')",
        "INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 3, 'the till is down')",
    ],
    "its own tables are damaged": [
        "UPDATE supportcases_search_data SET block = zeroblob(length(block)) WHERE id > 1000"
    ],
    "its own tables lack a part": ["DELETE FROM supportcases_search_docsize WHERE id = 1 << 32 | 2"],
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_in_plain_words(name, path, found):
    statements, told = FAULTS[name]
    plant(path, *statements)
    assert found() == (1, [f"wrong: {line}" for line in told])


@pytest.mark.parametrize("name", INDEX_FAULTS)
def test_a_search_index_that_is_not_what_the_subjects_make_is_found(name, path, found):
    plant(path, *INDEX_FAULTS[name])
    assert found() == (1, [f"wrong: {WRONG_INDEX}"])


def test_a_trigger_that_is_missing_is_named(path, found):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER supportcases_events_are_not_edited")
    assert found() == (1, ["wrong: the schema: the trigger supportcases_events_are_not_edited is missing"])


def test_a_trigger_that_does_something_else_is_named(path, found):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER supportcases_events_are_not_edited")
        connection.execute(
            "CREATE TRIGGER supportcases_events_are_not_edited BEFORE UPDATE ON supportcases_events BEGIN SELECT 1; END"
        )
        connection.commit()
    assert found() == (1, ["wrong: the schema: the trigger supportcases_events_are_not_edited is not as it was made"])


def only_the_host_knows(connection):
    connection.create_function("regexp", 2, lambda pattern, text: True, deterministic=True)
    connection.create_collation("german", lambda one, other: (one > other) - (one < other))


HOSTS = {
    "a function in a CHECK": ["CREATE TABLE orders (id INTEGER PRIMARY KEY, mail TEXT CHECK (mail REGEXP '.+@.+'))"],
    "a collation in an index": [
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, mail TEXT COLLATE german)",
        "CREATE INDEX orders_by_mail ON orders (mail)",
    ],
    "a function in an index": [
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, mail TEXT)",
        "CREATE INDEX orders_by_form ON orders (regexp('a', mail))",
    ],
    "a CHECK that fails": ["CREATE TABLE orders (id INTEGER PRIMARY KEY, mail TEXT CHECK (mail LIKE '%@%'))"],
}


def plant_host(path, host):
    """Put a table of the storefront's into the file, with more rows than faults are told, each as no CHECK allows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        only_the_host_knows(connection)
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in HOSTS[host]:
            connection.execute(statement)
        for number in range(9):
            connection.execute("INSERT INTO orders VALUES (?, 'nobody')", [number])


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_s_own_schema_is_the_host_s_and_ours_is_looked_at(path, found, host):
    plant_host(path, host)
    assert found() == (0, ["nothing is wrong"])
    statements, told = FAULTS["CHECK"]
    plant(path, *statements)
    assert found() == (1, [f"wrong: {line}" for line in told])


def test_a_page_of_a_host_s_table_that_was_overwritten_is_a_fault_of_the_file(path, found):
    plant_host(path, "a CHECK that fails")
    overwrite(path, root_of(path, "orders"))
    code, lines = found()
    assert code == 1
    assert lines[0].startswith("wrong: the file: ")


def test_of_many_faults_of_one_kind_five_are_told(path, found):
    with closing(SqliteRepository(path)) as repository:
        for _ in range(9):
            SupportDesk(repository).open(ACME, body=BODY)
    plant(path, "DELETE FROM supportcases_messages WHERE store = 'acme'")
    lines = [f"wrong: messages: acme {number} has none" for number in range(1, 6)]
    assert found() == (1, [*lines, "wrong: messages: there may be more"])


@pytest.mark.parametrize(
    "name", ["supportcases_messages", "supportcases_cases", "supportcases_stores", "supportcases_counts"]
)
def test_a_page_that_was_overwritten_becomes_sentences(name, path, found):
    overwrite(path, root_of(path, name))
    code, lines = found()
    assert code == 1
    assert all(line.startswith("wrong: ") for line in lines)
    assert any(line.startswith("wrong: the file: ") for line in lines)


def test_no_page_that_is_overwritten_makes_it_break_down(path, tmp_path, found):
    whole = path.read_bytes()
    for page in range(1, len(whole) // 4096 + 1):
        path.write_bytes(whole)
        overwrite(path, page)
        code = cli.main(["check", "--db", str(path)])
        assert code in (0, 1), page  # a free page is nobody's


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
        assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.db", "text.db"]


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


def test_a_file_that_is_locked_is_refused(path, tmp_path):
    with closing(sqlite3.connect(path, isolation_level=None)) as locker:
        locker.execute("PRAGMA locking_mode = EXCLUSIVE")
        locker.execute("BEGIN EXCLUSIVE")
        locker.execute("UPDATE supportcases_stores SET last_number = 99")
        done = run("check", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "supportcases: cases.db cannot be read: another program keeps it locked.\n"


def test_a_large_file_needs_no_more_memory_than_a_small_one(tmp_path):
    from dev.benchmarks.data import dossiers
    from supportcases.formats.whole_cases import load

    peaks = []
    for cases in (200, 6_000):
        path = tmp_path / f"{cases}.db"
        with closing(SqliteRepository(path)) as repository:
            load(repository, dossiers("acme", cases))
        script = """
            code = cli.main(["check", "--db", sys.argv[1]])
            (peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
            print(code, peak)
        """
        done = python(f"import sys\nfrom supportcases import cli\n{textwrap.dedent(script)}", str(path))
        code, peak = done.splitlines()[-1].split()
        assert code == "0"
        peaks.append(int(peak) / 1024)
    assert peaks[1] - peaks[0] < 10  # MiB; the larger file has 14
