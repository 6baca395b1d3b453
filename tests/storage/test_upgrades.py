"""The migrations: each earlier schema becomes today's and keeps its rows, a failed one changes nothing."""

import hashlib
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from sqlite_utils import Database

from supportcases import Actor, ApiKey, EventKind, KeyRing, Severity, SqliteRepository, Status, SupportDesk
from supportcases.domain import times
from supportcases.domain.cases import CaseRef
from supportcases.storage.sqlite.migrations import applied, pending
from supportcases.storage.sqlite.migrations.steps import MIGRATIONS
from tests.support.databases import fingerprint, insert, insert_case, insert_event, older_file, refusal
from tests.support.processes import let_go, start
from tests.support.rows import T0, a_case, a_message, an_entry, found, hash_of, id_of

BODY = "The checkout says that the card was declined."


def schema(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
    return {(kind, name, " ".join((sql or "").split())) for kind, name, sql in rows}


with closing(sqlite3.connect(":memory:")) as empty:
    MIGRATION_NAMES = [m.name for m in MIGRATIONS.pending(Database(empty, execute_plugins=False))]


def test_the_migrations_are_numbered_in_their_order():
    assert [name[:5] for name in MIGRATION_NAMES] == [f"{n:04}_" for n in range(1, len(MIGRATION_NAMES) + 1)]


@pytest.mark.parametrize("stop_before", [*MIGRATION_NAMES, None])
def test_every_earlier_schema_becomes_the_same_one_and_keeps_its_rows(tmp_path, stop_before):
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    SqliteRepository(new).close()
    has_cases = stop_before != MIGRATION_NAMES[0]
    with older_file(old, stop_before) as connection:
        library = Database(connection, execute_plugins=False)
        assert applied(connection) == {step.name for step in MIGRATIONS.applied(library)}
        assert pending(connection) == [step.name for step in MIGRATIONS.pending(library)]
        if has_cases:
            insert(connection, "stores", {"store": "acme", "last_number": 1})
            insert_case(connection, a_case(1))
    repository = SqliteRepository(old)
    assert found(repository, 1) == (a_case(1) if has_cases else None)
    repository.close()
    with closing(sqlite3.connect(new)) as one, closing(sqlite3.connect(old)) as other:
        assert schema(one) == schema(other)


def test_a_database_in_memory_has_the_schema_of_a_file(repository, path):
    schemas = []
    for of in (repository, SqliteRepository(path)):
        with closing(of), of.read() as transaction:
            schemas.append(schema(transaction.connection))
            migrations = transaction.connection.execute("SELECT name FROM _sqlite_migrations").fetchall()
            assert len(migrations) == len(MIGRATION_NAMES)
    assert schemas[0] == schemas[1]


def test_opening_again_changes_nothing(path):
    SqliteRepository(path).close()
    before = fingerprint(path)
    SqliteRepository(path).close()
    assert fingerprint(path) == before


def test_a_start_waits_for_another_process_that_brings_a_large_file_up_to_date(path, monkeypatch, caplog):
    monkeypatch.setattr("supportcases.storage.sqlite.pool.PATIENCE", 0.05)
    with older_file(path, MIGRATION_NAMES[-1]) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as elsewhere:
            start = elsewhere.submit(SqliteRepository, path)
            time.sleep(0.5)
            assert not start.done()
            other.execute("ROLLBACK")
            start.result(timeout=10).close()
    assert "waiting to bring" in caplog.text


def test_four_processes_may_start_at_once_where_there_is_no_file(tmp_path):
    script = """
        import json
        numbers = []
        for attempt in range(8):
            app = create_app(f"{sys.argv[1]}/{attempt}.db")
            numbers.append(app.desk.open(Actor.merchant("acme"), body="Opened while all of us start.").number)
            app.desk.repository.close()
        print(json.dumps(numbers))
    """
    rounds = zip(*let_go([start(script, tmp_path) for _ in range(4)]), strict=True)
    assert [sorted(numbers) for numbers in rounds] == [list(range(1, 5))] * 8


# the support team's side comes to a database that has merchants already

BEFORE_SUPPORT = "0004_support"
OLD_KEY = "sck_" + "0123456789abcdef" * 3
OLD_HASH = hashlib.sha256(OLD_KEY.encode()).hexdigest()
TILL = Actor.merchant("acme", "Till", id="a" * 12)

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


def minute(minutes: int):
    return T0 + timedelta(minutes=minutes)


def fill_with_lives(connection: sqlite3.Connection) -> None:
    """Add what a desk before the support team's side kept: cases with messages and events, keys, answers."""
    cases = []
    for store in ("acme", "globex"):
        insert(connection, "stores", {"store": store, "last_number": len(LIVES)})
        for number, (status, life, _) in enumerate(LIVES, 1):
            events = life.split()
            active = minute(len(events) - 1 if events and events[-1] != "answered" else 5)
            case = a_case(
                number,
                store,
                severity=Severity.HIGH,
                status=Status(status),
                created_at=T0,
                last_activity_at=active,
                closed_at=active if status == "closed" else None,
            )
            insert_case(connection, case, *([a_message(number, f"Body {number}")] if store == "acme" else []))
            cases.append(case)
    for minutes in range(10):  # the cases in turns, so that no life stands together
        for case, (_, life, _) in zip(cases, LIVES, strict=False):
            for kind in life.split()[minutes : minutes + 1]:
                insert_event(connection, case, an_entry(EventKind(kind), at=minute(minutes)))
    till = {"id": "a" * 12, "key_hash": OLD_HASH, "store": "acme", "label": "Till", "created_at": times.to_text(T0)}
    made, expires, revoked = (times.to_text(minute(n)) for n in (1, 2, 3))
    other = {"id": "b" * 12, "key_hash": hash_of(2), "store": "globex", "label": "API", "created_at": made}
    insert(connection, "keys", till)
    insert(connection, "keys", other | {"expires_at": expires, "revoked_at": revoked})
    kept = {"fingerprint": "f" * 64, "status": 201, "body": "{}", "location": "/1", "kept_at": times.to_text(T0)}
    insert(connection, "replays", {"scope": "store:acme", "key": "k"} | kept)


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory):
    """A database that a desk before the support team's side had filled, opened by this one; whoever writes is last."""
    path = tmp_path_factory.mktemp("upgraded") / "cases.db"
    with older_file(path, BEFORE_SUPPORT) as connection:
        fill_with_lives(connection)
    with closing(SqliteRepository(path)) as repository:
        yield repository


@pytest.mark.parametrize(("number", "status", "since"), [(n, s, w) for n, (s, _, w) in enumerate(LIVES, 1)])
def test_an_upgrade_tells_since_when_a_merchant_has_waited(upgraded, number, status, since):
    case = found(upgraded, number)
    assert (case.status, case.assignee) == (status, None)
    assert case.waiting_since == (None if since is None else minute(since))


def test_an_upgrade_looks_at_the_events_of_the_case_alone(upgraded):
    for number, (status, _, _) in enumerate(LIVES, 1):
        case = found(upgraded, number, "globex")  # which has no events
        assert case.waiting_since == (case.last_activity_at if status == "open" else None)


def test_an_upgrade_looks_only_at_events_of_the_store(path):
    with older_file(path, BEFORE_SUPPORT) as connection:
        fill_with_lives(connection)
        connection.execute("PRAGMA foreign_keys = OFF")
        for number in range(1, len(LIVES) + 1):
            for kind, minutes in ((EventKind.OPENED, -1), (EventKind.ANSWERED, 9)):  # strays below each case of acme
                stray = a_case(number)._replace(store="globex")
                insert_event(connection, stray, an_entry(kind, at=minute(minutes)))
    with closing(SqliteRepository(path)) as repository:
        waits = [found(repository, number).waiting_since for number in range(1, len(LIVES) + 1)]
    assert waits == [None if since is None else minute(since) for _, _, since in LIVES]


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
    assert ring.recognise(OLD_KEY) == TILL
    other = ApiKey("b" * 12, Actor.merchant("globex", id="b" * 12), minute(1), minute(2), minute(3))
    assert ring.all() == (ApiKey("a" * 12, TILL, T0), other)


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
    with older_file(path, BEFORE_SUPPORT) as connection:
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
        "CREATE VIEW v AS SELECT nosuch FROM supportcases_events",
        "CREATE TRIGGER t AFTER INSERT ON orders BEGIN INSERT INTO nosuch VALUES (1); END",
    ],
)
def test_an_upgrade_does_not_stumble_over_what_is_broken_in_the_host_s_file(path, of_the_host):
    with older_file(path, BEFORE_SUPPORT) as connection:
        fill_with_lives(connection)
        connection.execute("CREATE TABLE orders (id INTEGER)")
        connection.execute(of_the_host)
    with closing(SqliteRepository(path)) as repository:
        assert KeyRing(repository).recognise(OLD_KEY) == TILL
