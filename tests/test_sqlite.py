import gc
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from supportcases import DatabaseUnusable, SqliteRepository, SupportDesk, create_app
from supportcases.sqlite.migrations import MIGRATIONS
from tests.conftest import ACME, CASES, ROOT, client_of
from tests.repository_contract import (
    RepositoryContract,
    a_case,
    a_key,
    a_message,
    an_answer,
    found,
    hash_of,
    id_of,
    kept,
    listed,
)

BODY = "The checkout says that the card was declined."


class TestSqliteInMemory(RepositoryContract):
    refused = sqlite3.IntegrityError

    @pytest.fixture
    def repository(self):
        repository = SqliteRepository(":memory:")
        yield repository
        repository.close()


class TestSqliteFile(RepositoryContract):
    refused = sqlite3.IntegrityError

    @pytest.fixture
    def repository(self, tmp_path):
        repository = SqliteRepository(tmp_path / "cases.db")
        yield repository
        repository.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cases.db"


@pytest.fixture
def file_repository(path):
    repository = SqliteRepository(path)
    yield repository
    repository.close()


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


def pragma(repository, name: str):
    with repository.read() as transaction:
        return transaction.connection.execute(f"PRAGMA {name}").fetchone()[0]


# the file


def test_a_new_app_has_no_file_of_the_database_open(path):
    app = create_app(path)
    assert open_files(path.parent) == []
    assert os.listdir(path.parent) == ["cases.db"]
    app.desk.repository.close()


def test_a_closed_repository_has_no_file_open_and_serves_again(file_repository, path):
    kept(file_repository, a_case(1))
    assert open_files(path.parent) != []
    file_repository.close()
    assert open_files(path.parent) == []
    assert os.listdir(path.parent) == ["cases.db"]
    assert found(file_repository, 1) == a_case(1)
    file_repository.close()
    file_repository.close()


def test_a_repository_that_nobody_holds_closes_its_files(path):
    repository = SqliteRepository(path)
    repository.check()
    assert open_files(path.parent) != []
    del repository
    assert open_files(path.parent) == []


def test_a_commit_is_durable_and_the_rules_of_the_schema_are_on(file_repository):
    for _ in range(2):  # a new connection, and one that was used before
        assert pragma(file_repository, "journal_mode") == "wal"
        assert pragma(file_repository, "synchronous") == 2  # FULL
        assert pragma(file_repository, "foreign_keys") == 1
        assert pragma(file_repository, "mmap_size") == 0
        assert pragma(file_repository, "busy_timeout") >= 5000


def test_the_writing_connection_is_durable_too(file_repository):
    with file_repository.write() as transaction:
        settings = [
            transaction.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]


def test_a_write_takes_the_lock_before_it_reads(path):
    statements = []
    repository = SqliteRepository(path, trace=statements.append)
    statements.clear()
    with repository.write():
        pass
    with repository.read():
        pass
    repository.close()
    assert statements == ["BEGIN IMMEDIATE", "COMMIT", "BEGIN", "COMMIT"]


def test_foreign_keys_are_on_in_memory():
    repository = SqliteRepository(":memory:")
    assert pragma(repository, "foreign_keys") == 1
    repository.close()


def test_two_databases_in_memory_know_nothing_of_each_other():
    one, other = SqliteRepository(":memory:"), SqliteRepository(":memory:")
    kept(one, a_case(1))
    assert (listed(one), listed(other)) == ([1], [])
    one.close()
    other.close()


def test_threads_that_come_and_go_leave_no_files_open(file_repository, path):
    counts = []
    for number in range(1, 201):
        thread = threading.Thread(target=kept, args=(file_repository, a_case(number)))
        thread.start()
        thread.join()
        counts.append(len(open_files(path.parent)))
    assert listed(file_repository, limit=1) == [200]
    assert set(counts) == {counts[0]}


def test_as_many_connections_stay_open_as_were_used_at_once(file_repository, path):
    together = threading.Barrier(8)

    def read():
        with file_repository.read():
            together.wait(10)

    for _ in range(3):
        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert open_files(path.parent).count(str(path)) == 8
    file_repository.close()
    assert open_files(path.parent) == []


# places


@pytest.mark.parametrize(
    "name", ["a b.db", "a?mode=ro", "a#b.db", "a%20b.db", "Größe 数.db", "a'b;\"c.db", ":x:", "-x"]
)
def test_any_file_name_will_do(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    for _ in range(2):
        repository = SqliteRepository(folder / name)
        desk = SupportDesk(repository)
        desk.open(ACME, body=BODY)
        repository.close()
        assert os.listdir(folder) == [name]
    repository = SqliteRepository(str(folder / name))
    assert SupportDesk(repository).list(ACME).count == 2
    repository.close()


@pytest.mark.parametrize("name", ["cases.db", "./cases.db", "sub/../cases.db"])
def test_a_relative_path_means_the_same_file_after_a_change_of_folder(tmp_path, monkeypatch, name):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    repository = SqliteRepository(name)
    kept(repository, a_case(1))
    repository.close()
    monkeypatch.chdir(tmp_path / "sub")
    kept(repository, a_case(2))
    repository.close()
    assert os.listdir(tmp_path / "sub") == []
    repository = SqliteRepository(tmp_path / "cases.db")
    assert listed(repository) == [2, 1]
    repository.close()


def test_a_link_to_a_file_is_that_file(tmp_path, file_repository, path):
    kept(file_repository, a_case(1))
    link = tmp_path / "link.db"
    link.symlink_to(path)
    repository = SqliteRepository(link)
    assert listed(repository) == [1]
    repository.close()


def test_an_empty_file_becomes_a_database(path):
    path.touch()
    repository = SqliteRepository(path)
    assert listed(repository) == []
    repository.close()


def test_the_file_of_another_application_keeps_its_tables(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE products (name TEXT)")
        connection.execute("INSERT INTO products VALUES ('Mug')")
        connection.commit()
    repository = SqliteRepository(path)
    kept(repository, a_case(1))
    repository.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM products").fetchall() == [("Mug",)]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    ours = {name for name in tables if name.startswith("supportcases_")}
    assert tables == ours | {"products", "_sqlite_migrations"}


def refusal(place: Path) -> str:
    with pytest.raises(DatabaseUnusable) as refused:
        create_app(place)
    sentence = str(refused.value)
    assert str(place) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_a_missing_folder_is_refused_and_not_made(tmp_path):
    assert "no folder" in refusal(tmp_path / "missing" / "cases.db")
    assert os.listdir(tmp_path) == []


def test_a_folder_is_refused(tmp_path):
    assert "not a file" in refusal(tmp_path)


def test_a_device_is_refused():
    assert "not a file" in refusal(Path("/dev/null"))


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "not a file" in refusal(tmp_path / "pipe")


@pytest.mark.parametrize(
    "content",
    [b"name,price\nMug,12\n" * 50, b"\0" * 4096, b"SQLite format 3\0" + b"\xff" * 4080],
    ids=["text", "zeros", "only the header"],
)
def test_what_is_no_database_is_refused_and_stays_as_it_was(path, content):
    path.write_bytes(content)
    before = fingerprint(path)
    refusal(path)
    assert fingerprint(path) == before


def test_a_truncated_database_is_refused_and_stays_as_it_was(path):
    repository = SqliteRepository(path)
    kept(repository, *(a_case(number) for number in range(1, 101)))
    repository.close()
    os.truncate(path, 4096)
    before = fingerprint(path)
    refusal(path)
    assert fingerprint(path) == before


def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_was(path):
    SqliteRepository(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('supportcases', '9999_x', 'now')"
        )
        connection.commit()
    before = fingerprint(path)
    sentence = refusal(path)
    assert "newer version" in sentence
    assert "9999_x" in sentence
    assert fingerprint(path) == before


def test_migrations_of_somebody_else_are_none_of_our_business(path):
    SqliteRepository(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('storefront', '9999_x', 'now')"
        )
        connection.commit()
    SqliteRepository(path).close()


def test_a_file_with_a_table_of_our_name_that_is_not_ours_is_refused_and_stays_as_it_was(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE supportcases_cases (id INTEGER)")
    before = fingerprint(path)
    refusal(path)
    assert fingerprint(path) == before


def test_a_refused_file_is_not_held_open(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE supportcases_cases (id INTEGER)")
    with pytest.raises(DatabaseUnusable) as refused:
        SqliteRepository(path)
    assert open_files(path.parent) == []
    assert str(path) in str(refused.value)


def test_a_place_where_no_file_can_be_made_is_refused():
    refusal(Path("/proc/cases.db"))


def test_a_file_that_cannot_be_written_is_refused_and_stays_as_it_was(path):
    """Permission bits do not stop root; a limit of zero bytes a file does."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE products (name TEXT)")
    before = fingerprint(path)
    result = python(
        """
        import resource, sys
        from supportcases import DatabaseUnusable, SqliteRepository
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        try:
            SqliteRepository(sys.argv[1])
        except DatabaseUnusable as error:
            sentence = str(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(sentence)
        """,
        str(path),
    )
    assert str(path) in result
    assert fingerprint(path) == before


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


# a disk that fails later


def test_a_full_disk_is_unavailable_and_heals_by_itself(path):
    out = python(
        """
        import json, resource, sys
        from supportcases import Actor, DatabaseUnavailable, SqliteRepository, SupportDesk
        acme, body = Actor.merchant("acme"), "x" * 9000
        repository = SqliteRepository(sys.argv[1])
        desk = SupportDesk(repository)
        kept, refused = 0, 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        for _ in range(60):
            try:
                desk.open(acme, body=body)
                kept += 1
            except DatabaseUnavailable:
                refused += 1
            assert desk.list(acme, limit=1).count == kept
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        number = desk.open(acme, body=body).number
        repository.close()
        print(json.dumps([kept, refused, number]))
        """,
        str(path),
    )
    kept_cases, refused, number = json.loads(out)
    assert kept_cases > 0
    assert refused > 0
    assert number == kept_cases + 1


# migrations


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


# how many statements


@pytest.fixture
def traced(clock):
    statements = []
    repository = SqliteRepository(":memory:", trace=statements.append)
    app = create_app(repository, clock=clock)
    client = client_of(app, "acme")
    yield statements, client, app.desk
    repository.close()


NEW = {"body": BODY}
REQUESTS = {
    "list": (7, "GET", CASES, {}),
    "list with query": (7, "GET", f"{CASES}?query=declined&status=open&severity=normal", {}),
    "list past the end": (7, "GET", f"{CASES}?offset=100000", {}),
    "get by number": (7, "GET", f"{CASES}/1", {}),
    "create": (9, "POST", CASES, {"json": NEW}),
    "create with a key for retries": (17, "POST", CASES, {"json": NEW, "headers": {"Idempotency-Key": "k"}}),
    "reply": (9, "POST", f"{CASES}/1/messages", {"json": NEW}),
    "close": (8, "PATCH", f"{CASES}/1", {"json": {"status": "closed"}}),
    "reopen what is open": (6, "PATCH", f"{CASES}/1", {"json": {"status": "open"}}),
    "get what is not there": (6, "GET", f"{CASES}/100000", {}),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("cases", [1, 200])
def test_a_request_takes_the_same_few_statements_however_much_is_kept(traced, name, cases):
    statements, client, desk = traced
    expected, method, path, how = REQUESTS[name]
    with desk.repository.write():
        for _ in range(cases):
            desk.open(ACME, body=BODY)
        for _ in range(cases):
            desk.reply(ACME, 1, body="Anything new?")
    statements.clear()
    answer = client.simulate_request(method, path, **how)
    assert answer.status_code == {"POST": 201}.get(method, 404 if name == "get what is not there" else 200)
    assert len(statements) == expected, "\n".join(statements)


def test_a_list_and_a_search_read_no_messages(traced):
    statements, client, desk = traced
    desk.open(ACME, body=BODY)
    statements.clear()
    client.simulate_get(CASES, params={"query": "card"})
    assert not any("supportcases_messages" in statement for statement in statements)


@pytest.mark.parametrize("condition", ["", "AND status = 'open'"])
def test_a_page_is_read_from_an_index_without_sorting(repository, condition):
    with repository.read() as transaction:
        plan = transaction.connection.execute(
            f"""
            EXPLAIN QUERY PLAN
            SELECT id
            FROM supportcases_cases
            WHERE store = 'acme' {condition}
            ORDER BY last_activity_at DESC, number DESC
            LIMIT 10
            """
        ).fetchall()
    assert len(plan) == 1
    assert "INDEX supportcases_cases_by_" in plan[0][3]


def test_a_connection_that_comes_back_with_a_transaction_open_is_not_lent_again(tmp_path):
    with closing(SqliteRepository(tmp_path / "cases.db")) as repository:
        with repository._connections.writer() as connection:
            connection.execute("BEGIN IMMEDIATE")  # as where a ROLLBACK failed
            connection.execute("INSERT INTO supportcases_stores (store, last_number) VALUES ('acme', 41)")
        assert SupportDesk(repository).open(ACME, body=BODY).number == 1


def test_tables_that_another_process_makes_while_we_look_are_not_taken_for_foreign_ones(tmp_path, monkeypatch):
    path = tmp_path / "cases.db"
    path.touch()
    applied = MIGRATIONS.applied

    def other_starts_meanwhile(database):
        monkeypatch.setattr(MIGRATIONS, "applied", applied)
        found = applied(database)
        SqliteRepository(path).close()
        return found

    monkeypatch.setattr(MIGRATIONS, "applied", other_starts_meanwhile)
    with closing(SqliteRepository(path)) as repository:
        assert SupportDesk(repository).open(ACME, body=BODY).number == 1
