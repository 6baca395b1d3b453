"""As `tests/storage/test_no_store_hides_another.py`: every statement that is told a store, tried with a foreign one."""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext

import pytest
from psycopg import IntegrityError

from supportcases.domain.errors import AlreadyThere
from supportcases.storage.postgres import PostgresRepository
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.kept_figures import wrong_durations, wrong_sizes
from supportcases.storage.postgres.transactions import PostgresTransaction
from tests.storage.test_no_store_hides_another import answer
from tests.support.erasing import SAID, erasure
from tests.support.neighbours import OURS, move_in_alone, move_in_both, stray
from tests.support.rows import a_message
from tests.support.strays import (
    assert_strays_are_in_no_feed,
    assert_strays_are_not_measured,
    assert_strays_do_not_go_with_a_case,
)
from tests.support.told_a_store import READS, REFUSED, WITHOUT_EFFECT, WRITES

GLOBEX = {"store": "globex", "stores": ["globex"], "scope": "store:globex"}
FIRST_PLACE = "SELECT setval(pg_get_serial_sequence('supportcases_events', 'position'), 1, false)"
SAME_ORDER = "UPDATE supportcases_events SET xid = '0'"  # transactions are never those of another database
COLUMNS = """
    SELECT table_name, column_name
    FROM information_schema.columns
    WHERE table_name ~ '^supportcases_' AND column_name IN ('store', 'scope')
    ORDER BY 1, 2
"""


def of_the_superuser(url: str, *, unguarded: bool = False) -> PostgresRepository:
    """Return the same database for somebody who may do everything, also without foreign keys and triggers."""
    more = "&options=-c%20session_replication_role%3Dreplica" if unguarded else ""
    return PostgresRepository(url.replace("user=supportcases", "user=postgres") + more)


def begin_anew(url: str) -> None:
    """Let the places of events begin at 1, as in the other database."""
    with closing(of_the_superuser(url)) as repository, repository.write() as transaction:
        transaction.connection.execute(FIRST_PLACE)


@contextmanager
def both_in(url: str) -> Iterator[PostgresRepository]:
    begin_anew(url)
    with closing(PostgresRepository(url)) as repository:
        move_in_both(repository)
        with closing(of_the_superuser(url, unguarded=True)) as unguarded, unguarded.write() as transaction:
            stray(transaction)
            transaction.connection.execute(SAME_ORDER)
        yield repository


@pytest.fixture(scope="module")
def neighbours(lend_postgres_to_all):
    """Both, for whoever only reads."""
    with both_in(lend_postgres_to_all()) as repository:
        yield repository


@pytest.fixture
def touched(postgres_url):
    """Both, for whoever writes."""
    with both_in(postgres_url) as repository:
        yield repository


@pytest.fixture(scope="module")
def alone(lend_postgres_to_all):
    url = lend_postgres_to_all()
    begin_anew(url)
    with closing(of_the_superuser(url)) as repository:
        move_in_alone(repository)
    with closing(of_the_superuser(url, unguarded=True)) as unguarded, unguarded.write() as transaction:
        transaction.connection.execute(SAME_ORDER)
    with closing(PostgresRepository(url)) as repository:
        yield repository


@pytest.mark.parametrize("name", READS)
def test_globex_is_told_what_it_would_be_told_alone(neighbours, alone, name):
    assert answer(neighbours, READS[name], "globex") == answer(alone, READS[name], "globex")
    assert answer(neighbours, READS[name], "acme") != answer(alone, READS[name], "acme")


def test_globex_finds_to_change_it_what_it_would_find_alone(neighbours, alone):
    def found(repository, store):
        with repository.write() as transaction:
            return READS["cases.find"](transaction, store)

    assert found(neighbours, "globex") == found(alone, "globex")
    assert found(neighbours, "acme") != found(alone, "acme")


def test_what_is_astray_is_not_measured(touched):
    with touched.write() as transaction:
        assert_strays_are_not_measured(transaction, lambda sql: [*wrong_sizes(sql), *wrong_durations(sql)])


def test_only_the_case_from_which_something_is_taken_out_is_measured_anew(touched, postgres_url):
    with closing(of_the_superuser(postgres_url, unguarded=True)) as unguarded, unguarded.write() as transaction:
        transaction.connection.execute("UPDATE supportcases_cases SET characters = 999")
    stray = a_message(900).id
    with touched.write() as transaction:
        for store, case_id, measured in (("acme", OURS, []), ("globex", OURS, [OURS])):
            assert transaction.erasures.apply(erasure(store, case_id, bodies=(stray, *SAID)))
            anew = transaction.connection.execute("SELECT id::text FROM supportcases_cases WHERE characters <> 999")
            assert [case_id for (case_id,) in anew.fetchall()] == measured


def test_what_is_astray_does_not_go_with_a_case(touched, monkeypatch):
    with touched.write() as transaction:
        assert_strays_do_not_go_with_a_case(transaction, monkeypatch)


def test_what_is_astray_is_in_no_feed(neighbours):
    with neighbours.read() as transaction:
        assert_strays_are_in_no_feed(transaction)


class Recorder(Connection):
    """A connection of somebody else's that remembers what it was asked."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.heard = []

    def execute(self, statement, values=None, **how):
        self.heard.append((statement, values or {}))
        return self.connection.execute(statement, values, **how)


def rows_of(repository, statement, values):
    with repository.read() as transaction:
        found = sorted(transaction.connection.execute(statement, values).fetchall(), key=repr)  # some have no order
    return [row for row in found if row[:1] != (None,)]  # a size, which decides about the way of a search and no answer


@pytest.mark.parametrize("name", READS)
def test_each_statement_alone_is_blind_to_acme(neighbours, alone, name):
    with neighbours.read() as transaction:
        recorder = Recorder(transaction.connection)
        READS[name](PostgresTransaction(recorder, writes=False), "acme")
    tried = 0
    for statement, values in recorder.heard:
        for told in (name for name in GLOBEX.keys() & values.keys() if f"%({name})s" in statement):
            foreign = {**values, told: GLOBEX[told]}
            assert rows_of(neighbours, statement, foreign) == rows_of(alone, statement, foreign), statement
            tried += 1
    assert tried > 0


def everything_of(repository, store: str) -> str:
    """Return a hash of every row of the store."""
    with repository.read() as transaction:
        sql = transaction.connection.execute
        rows = [
            (table, sql(f"SELECT t::text FROM {table} AS t WHERE {column} IN (%(store)s, %(scope)s) ORDER BY 1", of))
            for of in [{"store": store, "scope": f"store:{store}"}]
            for table, column in sql(COLUMNS).fetchall()
        ]
        found = [(table, some.fetchall()) for table, some in rows]
    assert sum(bool(some) for _, some in found) >= 7
    return hashlib.sha256(repr(found).encode()).hexdigest()


@pytest.mark.parametrize("name", WRITES)
def test_whatever_globex_writes_acme_stays_as_it_was(touched, name):
    before = everything_of(touched, "acme"), everything_of(touched, "globex")
    with touched.write() as transaction:
        WRITES[name](transaction)
    assert everything_of(touched, "acme") == before[0]
    assert everything_of(touched, "globex") != before[1]


@pytest.mark.parametrize("name", REFUSED | WITHOUT_EFFECT)
def test_nothing_is_added_to_acmes_case_or_changed_as_if_it_were_globexs(touched, name):
    before = everything_of(touched, "acme"), everything_of(touched, "globex")
    refused = pytest.raises((IntegrityError, AlreadyThere)) if name in REFUSED else nullcontext()
    with refused, touched.write() as transaction:
        (REFUSED | WITHOUT_EFFECT)[name](transaction)
    assert (everything_of(touched, "acme"), everything_of(touched, "globex")) == before
