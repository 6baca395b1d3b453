"""The schema: its migrations, each earlier one upgraded, and the rules that SQLite itself keeps."""

import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest
from sqlite_utils import Database

from supportcases import SqliteRepository
from supportcases.sqlite.migrations import MIGRATIONS
from tests.conftest import ROOT
from tests.databases import fingerprint, refusal
from tests.repository_contract import (
    a_case,
    a_key,
    a_message,
    an_answer,
    found,
    hash_of,
    id_of,
    kept,
)

BODY = "The checkout says that the card was declined."


def schema(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    return {(kind, name, " ".join((sql or "").split())) for kind, name, _, sql in rows}


with closing(sqlite3.connect(":memory:")) as empty:
    MIGRATION_NAMES = [m.name for m in MIGRATIONS.pending(Database(empty, execute_plugins=False))]


def test_the_migrations_are_numbered_in_their_order():
    assert [name[:5] for name in MIGRATION_NAMES] == [f"{n:04}_" for n in range(1, len(MIGRATION_NAMES) + 1)]


@pytest.mark.parametrize("stop_before", [*MIGRATION_NAMES, None])
def test_every_earlier_schema_becomes_the_same_one_and_keeps_its_rows(tmp_path, stop_before):
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    SqliteRepository(new).close()
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection, execute_plugins=False, strict=True), stop_before=stop_before)
        has_cases = stop_before != MIGRATION_NAMES[0]
        if has_cases:
            connection.execute("INSERT INTO supportcases_stores VALUES ('acme', 1)")
            connection.execute(
                """
                INSERT INTO supportcases_cases
                    (id, store, number, subject, subject_folded, category, severity, status, created_at,
                     last_activity_at)
                VALUES (?, 'acme', 1, 'Case 1 of acme', 'case 1 of acme', 'other', 'normal', 'open',
                        '2024-06-15T10:31:00.000Z', '2024-06-15T10:31:00.000Z')
                """,
                [id_of(1)],
            )
    repository = SqliteRepository(old)
    assert found(repository, 1) == (a_case(1) if has_cases else None)
    repository.close()
    with closing(sqlite3.connect(new)) as one, closing(sqlite3.connect(old)) as other:
        assert schema(one) == schema(other)


def test_opening_again_changes_nothing(path):
    SqliteRepository(path).close()
    before = fingerprint(path)
    SqliteRepository(path).close()
    assert fingerprint(path) == before


def test_a_migration_that_fails_leaves_the_schema_as_it_was(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection, execute_plugins=False), stop_before=MIGRATION_NAMES[1])
        connection.execute("CREATE TABLE supportcases_replays (x)")  # in the way of the third
        before = schema(connection)
    refusal(path)
    with closing(sqlite3.connect(path)) as connection:
        assert schema(connection) == before


def test_eight_processes_may_start_at_once_where_there_is_no_file(tmp_path):
    script = """
        import sys
        from supportcases import Actor, create_app
        sys.stdout.write("ready\\n")
        sys.stdout.flush()
        for line in sys.stdin:
            app = create_app(line.strip())
            number = app.desk.open(Actor.merchant("acme"), body="Opened while all of us start.").number
            app.desk.repository.close()
            sys.stdout.write(f"{number}\\n")
            sys.stdout.flush()
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(8)
    ]
    assert [p.stdout.readline() for p in processes] == ["ready\n"] * 8
    rounds = []
    for attempt in range(5):
        for process in processes:
            process.stdin.write(f"{tmp_path}/{attempt}.db\n")
            process.stdin.flush()
        rounds.append(sorted(p.stdout.readline().strip() for p in processes))
    faults = [process.communicate(timeout=30)[1] for process in processes]
    assert faults == [""] * 8
    assert rounds == [[str(number) for number in range(1, 9)]] * 5


# the rules of the schema

WHEN = "2024-06-15T10:31:00.000Z"
CASE = {
    "id": id_of(2),
    "store": "acme",
    "number": 2,
    "subject": "Lost",
    "subject_folded": "lost",
    "category": "other",
    "severity": "normal",
    "status": "open",
    "created_at": WHEN,
    "last_activity_at": WHEN,
    "closed_at": None,
}
MESSAGE = {
    "id": id_of(2, kind="6"),
    "store": "acme",
    "case_id": id_of(1),
    "author_kind": "merchant",
    "author_label": "API",
    "body": "x",
    "created_at": WHEN,
}
EVENT = {
    "store": "acme",
    "case_id": id_of(1),
    "kind": "closed",
    "actor_kind": "merchant",
    "actor_label": "API",
    "happened_at": WHEN,
    "was": "{}",
    "became": "{}",
}
KEY = {"id": "0" * 12, "key_hash": "0" * 64, "store": "acme", "label": "API", "created_at": WHEN}
REPLAY = {
    "scope": "store:acme",
    "key": "k",
    "fingerprint": "f" * 64,
    "status": 201,
    "body": "{}",
    "location": None,
    "kept_at": WHEN,
}
TABLES = {"cases": CASE, "messages": MESSAGE, "events": EVENT, "keys": KEY, "replays": REPLAY}
NO_TIME = ["2024-06-15", "2024-06-15T10:31:00Z", "2024-06-15T10:31:00.000+00:00", "2024-06-15T10:31:00.000000Z"]

BROKEN_ROWS = [
    *(("cases", {"id": value}) for value in ("x", None, id_of(2).upper(), id_of(1))),
    *(("cases", {"store": value}) for value in (None, "initech")),
    *(("cases", {"number": value}) for value in (0, -1, 1, None, "x")),
    *(("cases", {"subject": value}) for value in ("xx", "x" * 201, None)),
    ("cases", {"subject_folded": None}),
    *(("cases", {"category": value}) for value in ("Other", "", None)),
    *(("cases", {"severity": value}) for value in ("urgent", "", None)),
    *(("cases", {"status": value}) for value in ("pending", "", None)),
    ("cases", {"status": "closed"}),
    ("cases", {"closed_at": WHEN}),
    ("cases", {"status": "answered", "closed_at": WHEN}),
    *(("cases", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("cases", {"last_activity_at": value}) for value in (None, "2024-06-15T10:30:59.999Z", *NO_TIME)),
    *(("cases", {"status": "closed", "closed_at": value}) for value in NO_TIME),
    *(("cases", {"status": "closed", "closed_at": f"{year}-01-01T00:00:00.000Z"}) for year in (2023, 2025)),
    *(("messages", {"id": value}) for value in ("x", None, id_of(2).upper(), id_of(1, kind="6"))),
    *(("messages", {"store": value}) for value in (None, "globex")),
    *(("messages", {"case_id": value}) for value in (None, id_of(2), id_of(1, "globex"))),
    *(("messages", {"author_kind": value}) for value in ("robot", "", None)),
    *(("messages", {"author_label": value}) for value in ("", "x" * 121, None)),
    *(("messages", {"body": value}) for value in ("", "x" * 10_001, None)),
    *(("messages", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("events", {"store": value}) for value in (None, "globex")),
    *(("events", {"case_id": value}) for value in (None, id_of(2), id_of(1, "globex"))),
    *(("events", {"kind": value}) for value in (None, "")),
    *(("events", {"actor_kind": value}) for value in ("robot", "", None)),
    *(("events", {"actor_label": value}) for value in ("", None)),
    *(("events", {"happened_at": value}) for value in (None, *NO_TIME)),
    *(("events", {name: value}) for name in ("was", "became") for value in ("{", "", None)),
    *(("keys", {"id": value}) for value in ("0", None, a_key(1).id)),
    *(("keys", {"key_hash": value}) for value in ("0", None, hash_of(1))),
    *(("keys", {"store": value}) for value in ("", "x" * 65, None)),
    *(("keys", {"label": value}) for value in ("", "x" * 121, None)),
    *(("keys", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("keys", {name: value}) for name in ("expires_at", "revoked_at") for value in NO_TIME),
    ("replays", {"scope": None}),
    *(("replays", {"key": value}) for value in ("", "x" * 256, None, "taken")),
    *(("replays", {"fingerprint": value}) for value in ("", "f" * 63, None)),
    *(("replays", {"status": value}) for value in (199, 300, 404, 500, None)),
    *(("replays", {"body": value}) for value in ("", "{", None)),
    *(("replays", {"kept_at": value}) for value in (None, *NO_TIME)),
]


def insert(repository, table: str, row: dict) -> None:
    columns, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    with repository.write() as transaction:
        transaction.connection.execute(f"INSERT INTO supportcases_{table} ({columns}) VALUES ({places})", row)


@pytest.fixture
def filled(repository):
    """A repository with a row in every table, so that twins and foreign rows can be tried."""
    kept(repository, a_case(1), a_case(1, "globex"))
    with repository.write() as transaction:
        transaction.cases.add_message(a_case(1), a_message(1))
        transaction.keys.add(a_key(1), hash_of(1))
        transaction.replays.keep("store:acme", "taken", an_answer(), a_case(1).created_at)
    return repository


@pytest.mark.parametrize("table", TABLES)
def test_a_proper_row_is_taken(filled, table):
    insert(filled, table, TABLES[table])


@pytest.mark.parametrize(("table", "fault"), BROKEN_ROWS, ids=str)
def test_a_row_that_breaks_a_rule_is_refused_by_the_schema_itself(filled, table, fault):
    with pytest.raises(sqlite3.IntegrityError):
        insert(filled, table, TABLES[table] | fault)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM supportcases_stores WHERE store = 'acme'",
        "DELETE FROM supportcases_cases WHERE store = 'acme'",
        "UPDATE supportcases_stores SET last_number = 0 WHERE store = 'acme'",
        "UPDATE supportcases_stores SET store = '' WHERE store = 'acme'",
        "UPDATE supportcases_cases SET store = 'globex', number = 2 WHERE store = 'acme'",
        "UPDATE supportcases_cases SET number = 1.5 WHERE store = 'acme'",
        "UPDATE supportcases_cases SET status = 'closed' WHERE store = 'acme'",
    ],
)
def test_a_change_that_breaks_a_rule_is_refused_by_the_schema_itself(filled, statement):
    with pytest.raises(sqlite3.IntegrityError), filled.write() as transaction:
        transaction.connection.execute(statement)
