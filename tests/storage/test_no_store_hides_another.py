"""Every statement that is told a store, tried with a foreign one: no condition is safe only because another is there.

There are two databases: in one acme and globex are neighbours, in the other globex is alone. Whatever globex asks for,
with acme's own ids and numbers too, must be answered alike in both; then each single statement by which acme's question
was answered is asked again for globex, with everything else as acme had it. The neighbours also have rows that the
foreign keys would never let in, of acme but below a case of globex, so that no condition can lean on those keys.
"""

import hashlib
import inspect
import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext
from datetime import UTC, datetime

import pytest

from supportcases import SqliteRepository
from supportcases.domain.cases import CaseFilter
from supportcases.domain.errors import AlreadyThere
from supportcases.storage import protocol as protocols
from supportcases.storage.sqlite import counts, merchant_list, team_search
from supportcases.storage.sqlite.kept_figures import wrong_durations, wrong_sizes
from supportcases.storage.sqlite.search import asking_for, trigrams_of
from supportcases.storage.sqlite.transactions import SqliteTransaction
from tests.support import searching
from tests.support.neighbours import (
    move_in_alone,
    move_in_both,
    stray,
)
from tests.support.strays import (
    assert_strays_are_in_no_feed,
    assert_strays_are_not_measured,
    assert_strays_do_not_go_with_a_case,
)
from tests.support.told_a_store import READS, REFUSED, WITHOUT_EFFECT, WRITES, pages, sought

TABLES = {
    "cases": protocols.Cases,
    "whole_cases": protocols.WholeCases,
    "queue": protocols.Queue,
    "team_search": protocols.TeamSearch,
    "excerpts": protocols.Excerpts,
    "events": protocols.Events,
    "feeds": protocols.Feeds,
    "webhooks": protocols.Webhooks,
    "deliveries": protocols.Deliveries,
    "attachments": protocols.Attachments,
    "keys": protocols.Keys,
    "texts": protocols.Texts,
    "sessions": protocols.Sessions,
    "replays": protocols.Replays,
    "erasures": protocols.Erasures,
    "moving": protocols.Moving,
}
TELLS_A_STORE = {"store", "stores", "wanted", "scope", "case", "cases", "dossiers", "erasure", "tombstones"}
TABLES_OF_A_STORE = [
    *("attachments", "cases", "counts", "erasures", "events", "holds", "keys", "messages", "replays", "stores"),
    *("tombstones", "webhooks"),
]


def both() -> Iterator[SqliteRepository]:
    with closing(SqliteRepository(":memory:")) as repository:
        move_in_both(repository)
        with repository.read(once=True) as transaction:
            transaction.connection.execute("PRAGMA foreign_keys = OFF")
            stray(transaction)
            transaction.connection.execute("PRAGMA foreign_keys = ON")
        yield repository


neighbours = pytest.fixture(both, scope="module", name="neighbours")  # for whoever only reads
touched = pytest.fixture(both, name="touched")  # for whoever writes


@pytest.fixture(scope="module")
def alone():
    with closing(SqliteRepository(":memory:")) as repository:
        move_in_alone(repository)
        yield repository


def test_every_method_that_is_told_a_store_is_tried():
    told = {
        f"{table}.{name}"
        for table, protocol in TABLES.items()
        for name, method in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_") and TELLS_A_STORE & set(inspect.signature(method).parameters)
    }
    assert told == READS.keys() | WRITES.keys()


def test_every_table_of_a_transaction_is_looked_at():
    tables = {name for name, member in vars(protocols.Transaction).items() if isinstance(member, property)}
    assert tables == TABLES.keys()


def answer(repository, read, store: str):
    with repository.read() as transaction:
        return read(transaction, store)


def test_what_is_astray_is_not_measured(touched):
    with touched.write() as transaction:
        assert_strays_are_not_measured(transaction, lambda sql: [*wrong_sizes(sql), *wrong_durations(sql)])


def test_what_is_astray_does_not_go_with_a_case(touched, monkeypatch):
    with touched.write() as transaction:
        assert_strays_do_not_go_with_a_case(transaction, monkeypatch)


def test_what_is_astray_is_in_no_feed(neighbours):
    with neighbours.read() as transaction:
        assert_strays_are_in_no_feed(transaction)


@pytest.fixture(params=searching.CONSTANTS, ids=str)
def ways(request, monkeypatch):
    """Force each way of a search and of a list."""
    searching.set_constants(monkeypatch, **request.param)
    monkeypatch.setattr(merchant_list, "FAR", request.param["small"])


@pytest.mark.parametrize("name", READS)
def test_globex_is_told_what_it_would_be_told_alone(neighbours, alone, name):
    assert answer(neighbours, READS[name], "globex") == answer(alone, READS[name], "globex")
    assert answer(neighbours, READS[name], "acme") != answer(alone, READS[name], "acme")


def test_globex_lists_what_it_would_list_alone_whatever_the_way(neighbours, alone, ways):
    assert answer(neighbours, pages, "globex") == answer(alone, pages, "globex")
    assert answer(neighbours, pages, "acme") != answer(alone, pages, "acme")


@pytest.mark.parametrize("lookup", [0, 1_000_000], ids=["case by case", "along the order"])
def test_globex_counts_what_it_would_count_alone_whatever_the_way(neighbours, alone, monkeypatch, lookup):
    def counted(transaction, store):
        wanted = CaseFilter(store=store, created_after=datetime(2000, 1, 1, tzinfo=UTC))
        return counts.FilterCounts(transaction.connection, wanted).match

    monkeypatch.setattr(counts, "LOOKUP", lookup)
    assert answer(neighbours, counted, "globex") == answer(alone, counted, "globex")
    assert answer(neighbours, counted, "acme") != answer(alone, counted, "acme")


@pytest.mark.parametrize(
    "constants",
    [{"MANY": -1}, {"MANY": -1, "MOST": 2, "COMMON": 99}, {"MANY": -1, "MOST": 1, "COMMON": 0}],
    ids=["through all of a filter", "by a scan", "along the queue"],
)
def test_globex_finds_what_it_would_find_alone_whatever_the_way(neighbours, alone, monkeypatch, constants):
    for name, value in constants.items():
        monkeypatch.setattr(team_search, name, value)
    assert answer(neighbours, sought, "globex") == answer(alone, sought, "globex")
    assert answer(neighbours, sought, "acme") != answer(alone, sought, "acme")


class Recorder:
    """A connection that remembers what it was asked."""

    def __init__(self, connection) -> None:
        self.connection = connection
        self.heard = []

    def execute(self, statement, values=()):
        self.heard.append((statement, values))
        return self.connection.execute(statement, values)


GLOBEX = {"store": "globex", "stores": '["globex"]', "scope": "store:globex"}
SIZE_OF_THE_FILE = "SELECT max(rowid) FROM supportcases_cases"  # decides about the way of a search, and about no answer


def heard_from_acme(repository, read):
    """Return the statements by which acme's question is answered."""
    with repository.read() as transaction:
        recorder = Recorder(transaction.connection)
        read(SqliteTransaction(recorder, writes=False), "acme")
    return [heard for heard in recorder.heard if heard[0] != SIZE_OF_THE_FILE]


def rows_of(repository, statement, values):
    with repository.read() as transaction:
        return transaction.connection.execute(statement, values).fetchall()


def assert_each_statement_is_blind_to_acme(neighbours, alone, read) -> None:
    tried = 0
    for statement, values in heard_from_acme(neighbours, read):
        for name in GLOBEX.keys() & values.keys():
            foreign = {**values, name: GLOBEX[name]}
            assert rows_of(neighbours, statement, foreign) == rows_of(alone, statement, foreign), statement
            tried += 1
    assert tried > 0


@pytest.mark.parametrize("name", READS)
def test_each_statement_alone_is_blind_to_acme(neighbours, alone, name):
    assert_each_statement_is_blind_to_acme(neighbours, alone, READS[name])


def test_each_statement_of_a_list_is_blind_to_acme_whatever_the_way(neighbours, alone, ways):
    assert_each_statement_is_blind_to_acme(neighbours, alone, pages)


def everything_of(repository, store: str) -> str:
    """Return a hash of every row of the store, and of what the search index has in its place."""
    with repository.read() as transaction:
        sql = transaction.connection.execute
        tables = [name for (name,) in sql("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        columns = {table: {row[1] for row in sql(f"PRAGMA table_info({table})")} for table in tables}
        rows = [
            (
                table,
                sorted(map(repr, sql(f"SELECT * FROM {table} WHERE {column} IN (?, ?)", (store, f"store:{store}")))),
            )
            for table in tables
            for column in sorted({"store", "scope"} & columns[table])
        ]
        assert [table.removeprefix("supportcases_") for table, found in rows if found] == TABLES_OF_A_STORE
        index = """
            SELECT rowid
            FROM supportcases_search
            WHERE supportcases_search MATCH ?
              AND rowid >> 32 = (SELECT ordinal FROM supportcases_stores WHERE store = ?)
        """
        found = [
            (term, sql(index, (asking_for(trigrams_of(term)), store)).fetchall())
            for term in ("checkout", "acme", "globex", "hydra")
        ]
    return hashlib.sha256(repr((rows, found)).encode()).hexdigest()


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
    refused = pytest.raises((sqlite3.IntegrityError, AlreadyThere)) if name in REFUSED else nullcontext()
    with refused, touched.write() as transaction:
        (REFUSED | WITHOUT_EFFECT)[name](transaction)
    assert (everything_of(touched, "acme"), everything_of(touched, "globex")) == before
