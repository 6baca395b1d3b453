"""The schema: its migrations, each earlier one upgraded, and the rules that SQLite itself keeps."""

import hashlib
import sqlite3
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from sqlite_utils import Database

from supportcases import Actor, ApiKey, KeyRing, SqliteRepository, SupportDesk
from supportcases.domain import times
from supportcases.domain.cases import CaseRef
from supportcases.storage.sqlite.migrations import MIGRATIONS
from tests.conftest import ROOT
from tests.support.databases import fingerprint, refusal
from tests.support.rows import T0, a_case, a_key, a_message, an_answer, an_entry, found, hash_of, id_of, kept

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
            connection.execute("INSERT INTO supportcases_stores (store, last_number) VALUES ('acme', 1)")
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
        if stop_before not in MIGRATION_NAMES[:4]:  # the fourth finds it out by itself
            connection.execute("UPDATE supportcases_cases SET unanswered_since = created_at")
    repository = SqliteRepository(old)
    assert found(repository, 1) == (a_case(1) if has_cases else None)
    repository.close()
    with closing(sqlite3.connect(new)) as one, closing(sqlite3.connect(old)) as other:
        assert schema(one) == schema(other)


def test_a_database_in_memory_has_the_schema_of_a_file(repository, file_repository):
    schemas = []
    for of in (repository, file_repository):
        with of.read() as transaction:
            schemas.append(transaction.connection.execute("SELECT * FROM sqlite_master ORDER BY name").fetchall())
            migrations = transaction.connection.execute("SELECT name FROM _sqlite_migrations").fetchall()
            assert len(migrations) == len(MIGRATION_NAMES)
    assert [row[:3] + row[4:] for row in schemas[0]] == [row[:3] + row[4:] for row in schemas[1]]


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


def test_a_start_waits_for_another_process_that_brings_a_large_file_up_to_date(path, monkeypatch, caplog):
    monkeypatch.setattr("supportcases.storage.sqlite.pool.PATIENCE", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        MIGRATIONS.apply(Database(other, execute_plugins=False), stop_before=MIGRATION_NAMES[-1])
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as elsewhere:
            start = elsewhere.submit(SqliteRepository, path)
            time.sleep(0.5)
            assert not start.done()
            other.execute("ROLLBACK")
            start.result(timeout=10).close()
    assert "waiting to bring" in caplog.text


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
    "unanswered_since": WHEN,
    "assignee": None,
}
MESSAGE = {
    "id": id_of(2, kind="6"),
    "store": "acme",
    "case_id": id_of(1),
    "author_kind": "merchant",
    "author_label": "API",
    "body": "x",
    "created_at": WHEN,
    "internal": 0,
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
KEY = {
    "id": "0" * 12,
    "key_hash": "0" * 64,
    "kind": "merchant",
    "store": "acme",
    "stores": None,
    "label": "API",
    "created_at": WHEN,
}
SUPPORT_KEY = {"kind": "support", "store": None, "stores": '["acme"]'}
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
    ("cases", {"status": "closed", "unanswered_since": None}),
    ("cases", {"closed_at": WHEN}),
    ("cases", {"status": "answered", "unanswered_since": None, "closed_at": WHEN}),
    *(("cases", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("cases", {"last_activity_at": value}) for value in (None, "2024-06-15T10:30:59.999Z", *NO_TIME)),
    *(("cases", {"status": "closed", "unanswered_since": None, "closed_at": value}) for value in NO_TIME),
    *(
        ("cases", {"status": "closed", "unanswered_since": None, "closed_at": f"{year}-01-01T00:00:00.000Z"})
        for year in (2023, 2025)
    ),
    ("cases", {"status": "answered"}),
    *(("cases", {"unanswered_since": value}) for value in ("", *NO_TIME)),
    *(("cases", {"unanswered_since": f"2024-06-15T10:{moment}Z"}) for moment in ("30:59.999", "31:00.001")),
    *(("cases", {"assignee": value}) for value in ("", "x" * 121, "me", "none")),
    *(("messages", {"id": value}) for value in ("x", None, id_of(2).upper(), id_of(1, kind="6"))),
    *(("messages", {"store": value}) for value in (None, "globex")),
    *(("messages", {"case_id": value}) for value in (None, id_of(2), id_of(1, "globex"))),
    *(("messages", {"author_kind": value}) for value in ("robot", "", None)),
    *(("messages", {"author_label": value}) for value in ("", "x" * 121, None)),
    *(("messages", {"body": value}) for value in ("", "x" * 10_001, None)),
    *(("messages", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("messages", {"internal": value}) for value in (2, -1, None, "yes", 0.5)),
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
    *(("keys", {"kind": value}) for value in (None, "", "robot", "support")),
    ("keys", {"stores": '["acme"]'}),
    *(("keys", SUPPORT_KEY | {"stores": value}) for value in ("", "acme", '["acme"')),
    *(("keys", SUPPORT_KEY | {"store": value}) for value in ("acme", "")),
    ("keys", SUPPORT_KEY | {"kind": "merchant"}),
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


def everything(repository) -> list[str]:
    with repository.read() as transaction:
        return list(transaction.connection.iterdump())


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
        transaction.events.record(a_case(1), an_entry())
        transaction.keys.add(a_key(1), hash_of(1))
        transaction.replays.keep("store:acme", "taken", an_answer(), a_case(1).created_at)
    return repository


@pytest.mark.parametrize("table", TABLES)
def test_a_proper_row_is_taken(filled, table):
    insert(filled, table, TABLES[table])


OTHER_ROWS = [
    ("cases", {"status": "answered", "unanswered_since": None}),
    ("cases", {"status": "closed", "unanswered_since": None, "closed_at": WHEN}),
    ("cases", {"status": "closed", "closed_at": WHEN}),  # closing is no answer
    ("cases", {"unanswered_since": None}),
    ("cases", {"last_activity_at": "2024-06-15T10:32:00.000Z", "unanswered_since": "2024-06-15T10:32:00.000Z"}),
    *(("cases", {"assignee": value}) for value in ("x", "é" * 120, "Me", "nobody")),
    ("messages", {"internal": 1, "author_kind": "support"}),
    *(("events", {"kind": value, "actor_kind": "support"}) for value in ("noted", "announced", "changed")),
    *(("keys", SUPPORT_KEY | {"stores": value}) for value in (None, "[]", '["acme", "globex"]')),
]


@pytest.mark.parametrize(("table", "other"), OTHER_ROWS, ids=str)
def test_a_row_that_is_unlike_and_breaks_no_rule_is_taken(filled, table, other):
    insert(filled, table, TABLES[table] | other)


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
        "UPDATE supportcases_cases SET status = 'answered' WHERE store = 'acme'",
        "UPDATE supportcases_cases SET assignee = 'me' WHERE store = 'acme'",
        "UPDATE supportcases_cases SET unanswered_since = '2024-06-15T10:30:59.999Z' WHERE store = 'acme'",
        "UPDATE supportcases_messages SET internal = 2",
        "UPDATE supportcases_keys SET kind = 'support'",
        "UPDATE supportcases_keys SET store = NULL",
        "UPDATE supportcases_events SET actor_label = 'Eve'",
        "UPDATE supportcases_events SET was = was",
        "UPDATE OR IGNORE supportcases_events SET position = 99",
        "UPDATE OR REPLACE supportcases_events SET store = 'globex', case_id = '' WHERE position = 1",
        "DELETE FROM supportcases_events",
        "DELETE FROM supportcases_events WHERE position = 1",
        f"REPLACE INTO supportcases_events SELECT 1, store, case_id, 'noted', actor_kind, actor_label, "
        f"'{WHEN}', was, became FROM supportcases_events",
    ],
)
def test_a_change_that_breaks_a_rule_is_refused_by_the_schema_itself(filled, statement):
    before = everything(filled)
    with pytest.raises(sqlite3.IntegrityError), filled.write() as transaction:
        transaction.connection.execute(statement)
    assert everything(filled) == before


# the support team's side comes to a database that has merchants already


def moment(minutes: int) -> str:
    return times.to_text(T0 + timedelta(minutes=minutes))


# for each case its status, its events (one a minute, from its opening on) and since when its merchant waits
LIVES = [
    ("open", "opened", 0),
    ("open", "opened replied replied", 0),
    ("answered", "opened answered", None),
    ("open", "opened answered replied replied", 2),
    ("open", "opened replied answered reopened replied", 3),
    ("closed", "opened closed", None),
    ("open", "opened closed reopened", 0),
    ("open", "opened closed replied", 0),
    ("closed", "opened answered replied answered closed", None),
    ("open", "opened answered replied answered replied closed reopened replied replied", 4),
    ("open", "", 5),  # nothing is known of it but its last activity, five minutes after its opening
    ("open", "opened answered", 5),  # its last event does not tell why it is open
    ("closed", "", None),
    ("answered", "opened replied", None),
]


def fill_with_lives(connection: sqlite3.Connection) -> None:
    """Add what a desk before the support team's side kept: cases with messages and events, keys, answers."""
    for store in ("acme", "globex"):
        connection.execute("INSERT INTO supportcases_stores VALUES (?, ?)", [store, len(LIVES)])
    for number, (status, life, _) in enumerate(LIVES, 1):
        events = life.split()
        active = moment(len(events) - 1 if events and events[-1] != "answered" else 5)
        closed = active if status == "closed" else None
        for store in ("acme", "globex"):
            connection.execute(
                """
                INSERT INTO supportcases_cases
                    (id, store, number, subject, subject_folded, category, severity, status, created_at,
                     last_activity_at, closed_at)
                VALUES (?, ?, ?, 'Lost', 'lost', 'other', 'high', ?, ?, ?, ?)
                """,
                [id_of(number, store), store, number, status, moment(0), active, closed],
            )
        connection.execute(
            """
            INSERT INTO supportcases_messages (id, store, case_id, author_kind, author_label, body, created_at)
            VALUES (?, 'acme', ?, 'merchant', 'API', ?, ?)
            """,
            [id_of(number, kind="6"), id_of(number), f"Body {number}", moment(0)],
        )
    for minutes in range(10):  # the cases in turns, so that no life stands together
        for number, (_, life, _) in enumerate(LIVES, 1):
            for kind in life.split()[minutes : minutes + 1]:
                connection.execute(
                    """
                    INSERT INTO supportcases_events
                        (store, case_id, kind, actor_kind, actor_label, happened_at, was, became)
                    VALUES ('acme', ?, ?, 'merchant', 'API', ?, '{}', '{"status": "open"}')
                    """,
                    [id_of(number), kind, moment(minutes)],
                )
    connection.execute(
        "INSERT INTO supportcases_keys VALUES (?, ?, 'acme', 'Till', ?, NULL, NULL)", ["a" * 12, OLD_HASH, moment(0)]
    )
    connection.execute(
        "INSERT INTO supportcases_keys VALUES (?, ?, 'globex', 'API', ?, ?, ?)",
        ["b" * 12, hash_of(2), moment(1), moment(2), moment(3)],
    )
    connection.execute(
        "INSERT INTO supportcases_replays VALUES ('store:acme', 'k', ?, 201, '{}', '/1', ?)", ["f" * 64, moment(0)]
    )


OLD_KEY = "sck_" + "0123456789abcdef" * 3
OLD_HASH = hashlib.sha256(OLD_KEY.encode()).hexdigest()


@pytest.fixture
def upgraded(path):
    """A database that a desk before the support team's side had filled, opened by this one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        MIGRATIONS.apply(Database(connection, execute_plugins=False, strict=True), stop_before="0004_support")
        fill_with_lives(connection)
    repository = SqliteRepository(path)
    yield repository
    repository.close()


@pytest.mark.parametrize(("number", "status", "since"), [(n, s, w) for n, (s, _, w) in enumerate(LIVES, 1)])
def test_an_upgrade_tells_since_when_a_merchant_has_waited(upgraded, number, status, since):
    case = found(upgraded, number)
    assert (case.status, case.assignee) == (status, None)
    assert case.waiting_since == (None if since is None else T0 + timedelta(minutes=since))


def test_an_upgrade_looks_at_the_events_of_the_case_alone(upgraded):
    for number, (status, _, _) in enumerate(LIVES, 1):
        case = found(upgraded, number, "globex")  # which has no events
        assert case.waiting_since == (case.last_activity_at if status == "open" else None)


def test_an_upgrade_keeps_every_message_public_every_event_and_every_answer(upgraded):
    with upgraded.read() as transaction:
        for number, (_, life, _) in enumerate(LIVES, 1):
            (message,) = transaction.cases.thread_with_notes("acme", id_of(number))
            assert (message.body, message.internal) == (f"Body {number}", False)
            assert transaction.cases.thread("acme", CaseRef(number=number)).messages == (message,)
            history = transaction.events.history("acme", id_of(number), limit=100, offset=0)
            assert [entry.kind for entry in history] == life.split()
        assert transaction.replays.find("store:acme", "k").answer.location == "/1"


def test_an_upgrade_keeps_merchants_keys_working_as_they_were(upgraded):
    ring = KeyRing(upgraded, clock=lambda: T0)
    assert ring.recognise(OLD_KEY) == Actor.merchant("acme", "Till", id="a" * 12)
    assert ring.all() == (
        ApiKey("a" * 12, Actor.merchant("acme", "Till", id="a" * 12), T0),
        ApiKey(
            "b" * 12,
            Actor.merchant("globex", id="b" * 12),
            *(T0 + timedelta(minutes=minutes) for minutes in (1, 2, 3)),
        ),
    )


def test_an_upgraded_database_serves_both_sides_and_its_rows_break_no_rule(upgraded):
    desk, ada = SupportDesk(upgraded), Actor.support("Ada")
    assert desk.queue(ada, store="acme", limit=1).count == len(LIVES)
    assert desk.note(ada, "acme:1", body="Seen.").case == desk.find(ada, "acme:1")
    assert desk.answer(ada, "acme:1", body="Try again.").case.status == "answered"
    assert desk.open(Actor.merchant("acme"), body=BODY).number == len(LIVES) + 1
    with upgraded.read() as transaction:
        assert transaction.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert transaction.connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("in_the_way", ["supportcases_old_keys", "supportcases_cases_by_age"])
def test_an_upgrade_that_fails_leaves_everything_as_it_was(path, in_the_way):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection, execute_plugins=False, strict=True), stop_before="0004_support")
        fill_with_lives(connection)
        connection.execute(f"CREATE TABLE {in_the_way} (x)")
        before = list(connection.iterdump())
    refusal(path)
    with closing(sqlite3.connect(path)) as connection:
        assert list(connection.iterdump()) == before


@pytest.mark.parametrize(
    "of_the_host",
    [
        "CREATE VIEW v AS SELECT * FROM nosuch",
        "CREATE VIEW v AS SELECT id, label FROM supportcases_keys",
        "CREATE TRIGGER t AFTER INSERT ON orders BEGIN INSERT INTO nosuch VALUES (1); END",
    ],
)
def test_an_upgrade_does_not_stumble_over_what_is_broken_in_the_host_s_file(path, of_the_host):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection, execute_plugins=False, strict=True), stop_before="0004_support")
        fill_with_lives(connection)
        connection.execute("CREATE TABLE orders (id INTEGER)")
        connection.execute(of_the_host)
    repository = SqliteRepository(path)
    assert KeyRing(repository).recognise(OLD_KEY) == Actor.merchant("acme", "Till", id="a" * 12)
    repository.close()
