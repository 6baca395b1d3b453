"""Another category in a file with cases: the CHECK of a STRICT table is widened by a migration."""

import json
import sqlite3
from contextlib import closing

import pytest

from supportcases import DatabaseUnusable, SqliteRepository, SupportDesk
from supportcases.storage.open import check
from supportcases.storage.sqlite import migrations
from supportcases.storage.sqlite.migrations.statements import widen
from supportcases.storage.sqlite.migrations.steps import MIGRATIONS
from supportcases.testing import support_desk
from tests.conftest import ACME, ADA
from tests.support.processes import start

SHIPPING = "UPDATE supportcases_cases SET category = 'shipping' WHERE store = 'acme' AND number = 1"
HOSTS = """
    CREATE TABLE orders (id INTEGER PRIMARY KEY, case_id TEXT REFERENCES supportcases_cases (id) ON DELETE CASCADE);
    INSERT INTO orders (case_id) SELECT id FROM supportcases_cases;
    CREATE VIEW broken AS SELECT name FROM nobody;
"""


@pytest.fixture
def filled(path):
    """The path of a file with cases, and with a table and a broken view of the host's."""
    with support_desk(path) as kit:
        kit.some_cases(40)
        kit.some_cases(3, store="globex", seed=2)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(HOSTS)
    return path


@pytest.fixture
def another_category(monkeypatch):
    """A migration more: as the recipe in docs/contributing.md has it."""
    monkeypatch.setattr(MIGRATIONS, "_migrations", [*MIGRATIONS._migrations])
    monkeypatch.setattr(migrations, "NAMES", [*migrations.NAMES, "0099_shipping"])

    @MIGRATIONS(name="0099_shipping")
    def shipping(db):
        widen(db, "supportcases_cases", "'store_builder', 'other')", "'store_builder', 'shipping', 'other')")


def everything(path) -> dict[str, object]:
    """Return all rows and all statements of the schema, but for the steps that were taken."""
    with closing(sqlite3.connect(path)) as connection:
        schema = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE name <> '_sqlite_migrations'"))
        tables = [name for name, sql in schema.items() if sql and sql.startswith("CREATE TABLE")]
        return {"schema": schema} | {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def test_all_stays_as_it_was_but_for_the_check(filled, another_category):
    before = everything(filled)
    SqliteRepository(filled).close()
    after = everything(filled)
    made = before["schema"]["supportcases_cases"].replace("'store_builder', ", "'store_builder', 'shipping', ")
    assert after.pop("schema") == before.pop("schema") | {"supportcases_cases": made}
    assert after == before
    assert check(str(filled)).faults == ()


def test_the_new_value_is_taken_and_no_other(filled, another_category, monkeypatch):
    monkeypatch.setitem(__import__("supportcases.storage.rows", fromlist=["rows"]).CATEGORIES, "shipping", "shipping")
    with closing(SqliteRepository(filled)) as repository:
        desk = SupportDesk(repository)
        before = desk.list(ACME, limit=1, status="open").count
        with repository.write() as transaction:
            transaction.connection.execute(SHIPPING)
        for wrong in ("category = 'shopping'", "status = 'asleep'", "subject = 'ab'"):
            with pytest.raises(sqlite3.IntegrityError), repository.write() as transaction:
                transaction.connection.execute(f"UPDATE supportcases_cases SET {wrong}")
        case = desk.open(ACME, body="The parcel never came.", subject="Where is Zubeneschamali?")
        assert desk.list(ACME, query="zubeneschamali").cases == (case,)
        assert desk.list(ACME, limit=1, status="open").count == before + 1
        assert desk.find(ACME, 1).category == "shipping"


OLDER = """
    import json
    repository = SqliteRepository(sys.argv[1])
    desk, acme, globex = SupportDesk(repository), Actor.merchant("acme"), Actor.merchant("globex")
    print(desk.list(globex).count, flush=True)
    sys.stdin.readline()
    count, case = desk.list(globex).count, desk.open(globex, body="The parcel never came.")
    try:
        said = desk.find(acme, 1).category
    except DatabaseUnusable as error:
        said = str(error)
    try:
        SqliteRepository(sys.argv[1])
    except DatabaseUnusable as error:
        refused = str(error)
    print(json.dumps([count, case.number, said, refused]))
"""


def test_a_process_of_the_older_version_that_was_not_stopped_reads_and_writes_on_but_for_the_new_value(
    filled, another_category
):
    older = start(OLDER, filled)
    assert older.stdout.readline() == "ready\n"
    older.stdin.write("\n")
    older.stdin.flush()
    assert older.stdout.readline() == "3\n"
    with closing(SqliteRepository(filled)) as repository, repository.write() as transaction:
        transaction.connection.execute(SHIPPING)
    answers, faults = older.communicate("\n", timeout=60)
    assert faults == ""
    assert json.loads(answers) == [
        3,
        4,
        "A newer version of supportcases wrote 'shipping'; this one cannot read it.",
        f"{filled} was written by a newer version of supportcases, which knows 0099_shipping.",
    ]


def test_cases_of_a_severity_that_only_a_newer_version_knows_are_still_counted(filled):
    with closing(sqlite3.connect(filled, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE supportcases_cases SET severity = 'urgent' WHERE store = 'acme' AND number = 1")
    with closing(SqliteRepository(filled)) as repository:
        desk = SupportDesk(repository)
        assert desk.list(ACME, offset=100).count == desk.queue(ADA, store="acme", offset=100).count > 0
        with pytest.raises(DatabaseUnusable, match="'urgent'"):
            desk.find(ACME, 1)
        for numbers in (desk.stats, desk.views):
            with pytest.raises(DatabaseUnusable, match="'urgent'"):
                numbers(ADA)


def test_a_check_that_does_not_stand_there_once_is_refused(filled):
    with (
        closing(sqlite3.connect(filled)) as connection,
        pytest.raises(LookupError, match="has 0 times 'purple'"),
    ):
        widen(connection, "supportcases_cases", "'purple'", "'red'")
