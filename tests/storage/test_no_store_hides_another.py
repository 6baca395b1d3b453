"""Every statement that is told a store, tried with a foreign one: no condition is safe only because another is there.

There are two databases: in one acme and globex are neighbours, in the other globex is alone. Whatever globex asks for,
with acme's own ids and numbers too, must be answered alike in both; then each single statement by which acme's question
was answered is asked again for globex, with everything else as acme had it. The neighbours also have rows that the
foreign keys would never let in, of acme but below a case of globex, so that no condition can lean on those keys.
"""

import hashlib
import inspect
import sqlite3
from contextlib import closing, nullcontext
from functools import partial

import pytest

from supportcases import (
    Case,
    Category,
    QueueSort,
    Severity,
    SqliteRepository,
    Status,
)
from supportcases.domain.cases import CaseFilter, CaseRef
from supportcases.domain.errors import AlreadyThere
from supportcases.domain.whole_cases import Dossier
from supportcases.storage import protocol as protocols
from supportcases.storage.sqlite import merchant_list, team_search
from supportcases.storage.sqlite.kept_figures import wrong_durations, wrong_sizes
from supportcases.storage.sqlite.search import asking_for, trigrams_of
from supportcases.storage.sqlite.transactions import SqliteTransaction
from tests.support import searching
from tests.support.neighbours import (
    ANSWERED,
    FILES_OF,
    LATE,
    OURS,
    VICTIM,
    files_of,
    move_in_alone,
    move_in_both,
    note_before_any_answer,
    stray,
)
from tests.support.rows import T0, a_case, a_message, an_answer, an_entry, id_of

TABLES = {
    "cases": protocols.Cases,
    "whole_cases": protocols.WholeCases,
    "queue": protocols.Queue,
    "team_search": protocols.TeamSearch,
    "excerpts": protocols.Excerpts,
    "events": protocols.Events,
    "attachments": protocols.Attachments,
    "keys": protocols.Keys,
    "texts": protocols.Texts,
    "sessions": protocols.Sessions,
    "replays": protocols.Replays,
    "moving": protocols.Moving,
}
TELLS_A_STORE = {"store", "stores", "wanted", "scope", "case", "dossiers"}
TABLES_OF_A_STORE = ["attachments", "cases", "counts", "events", "keys", "messages", "replays", "stores"]
FILES = [file.id for store in ("acme", "globex") for file in files_of(store)]
NOTE = id_of(101, "globex", "8").replace("0191abc0", "0191abc1")
VICTIMS, OWNS = CaseRef(id=VICTIM), CaseRef(id=OURS)


@pytest.fixture
def neighbours():
    with closing(SqliteRepository(":memory:")) as repository:
        move_in_both(repository)
        with repository.read(once=True) as transaction:
            transaction.connection.execute("PRAGMA foreign_keys = OFF")
            stray(transaction)
            transaction.connection.execute("PRAGMA foreign_keys = ON")
        yield repository


@pytest.fixture
def alone():
    with closing(SqliteRepository(":memory:")) as repository:
        move_in_alone(repository)
        yield repository


def filters(store: str):
    """Yield what may be wanted of a queue by whoever may see the store, or asks for it."""
    for seen in (
        CaseFilter(stores=frozenset({store})),
        CaseFilter(store=store),
        CaseFilter(stores=frozenset({"globex"}), store=store),
        CaseFilter(stores=frozenset({store}), store="acme"),
    ):
        for more in ({}, {"category": Category.OTHER}):
            yield seen._replace(**more)


def of_the_queue(ask):
    """Return the question for each filter."""
    return lambda t, store: [ask(t.queue, wanted) for wanted in filters(store)]


def pages(t, store: str, *, method: str = "page"):
    queries = (None, "checkout", "104", "107", "of", "hydra")
    wanted = [CaseFilter(query=query) for query in queries] + [
        CaseFilter(status=Status.OPEN),
        CaseFilter(query="checkout", status=Status.OPEN, severity=Severity.NORMAL),
    ]
    sizes = [(100, 0), (1, 0), (2, 1)]
    page = getattr(t.cases, method)
    return [page(store, want, limit=limit, offset=offset) for want in wanted for limit, offset in sizes]


def sought(t, store: str):
    queries = ("hydra", "declined", "107", "order 104", "04", "e")
    return [queued(t.team_search, wanted._replace(query=query)) for wanted in filters(store) for query in queries]


def queued(queue, wanted):
    page = [queue.page(wanted, sort, limit=100, offset=0, after=None) for sort in QueueSort]
    behind = [queue.page(wanted, QueueSort.AGE, limit=100, offset=0, after=("2024-06-15T10:31:00.000Z", ""))]
    return page + behind


def glimpsed(t, store: str):
    cases = [AS_OURS, CHANGED]
    return [t.excerpts.of(frozenset({store}), cases, query=query) for query in ("", "e", "hydra", "declined")]


# what is asked for `store`, of acme's cases and of globex's own
READS = {
    "cases.find": lambda t, store: [t.cases.find(store, ref) for ref in (VICTIMS, CaseRef(number=107))],
    "cases.thread": lambda t, store: [t.cases.thread(store, ref) for ref in (VICTIMS, CaseRef(number=107), OWNS)],
    "cases.written_thread": lambda t, store: [t.cases.written_thread(store, ref) for ref in (VICTIMS, OWNS)],
    "cases.thread_size": lambda t, store: [t.cases.thread_size(store, ref) for ref in (VICTIM, OURS)],
    "cases.thread_with_notes": lambda t, store: [t.cases.thread_with_notes(store, ref) for ref in (VICTIM, OURS)],
    "cases.following": lambda t, store: t.cases.following(store, 102, limit=100),
    "cases.page": pages,
    "cases.written_page": partial(pages, method="written_page"),
    "queue.count": of_the_queue(lambda queue, wanted: queue.count(wanted)),
    "queue.page": of_the_queue(queued),
    "queue.answered_before": lambda t, store: t.queue.answered_before(frozenset({store}), LATE),
    "queue.stores": lambda t, store: t.queue.stores(frozenset({store}), limit=9, offset=0),
    "queue.count_stores": lambda t, store: t.queue.count_stores(frozenset({store, "initech"})),
    "queue.names": lambda t, store: t.queue.names(frozenset({store, "initech"})),
    "queue.counts": of_the_queue(lambda queue, wanted: queue.counts(wanted)),
    "queue.oldest_unanswered": of_the_queue(lambda queue, wanted: queue.oldest_unanswered(wanted)),
    "queue.first_answers": of_the_queue(lambda queue, wanted: queue.first_answers(wanted)),
    "queue.closings": of_the_queue(lambda queue, wanted: queue.closings(wanted)),
    "team_search.page": sought,
    "excerpts.of": glimpsed,
    "events.history": lambda t, store: [t.events.history(store, ref, limit=9, offset=0) for ref in (VICTIM, OURS)],
    "events.count": lambda t, store: [t.events.count(store, ref) for ref in (VICTIM, OURS)],
    "attachments.of": lambda t, store: t.attachments.of(store, FILES_OF, FILES),
    "attachments.pending": lambda t, store: t.attachments.pending(store, T0),
    "attachments.attached_bytes": lambda t, store: t.attachments.attached_bytes(store),
    "attachments.attached": lambda t, store: [t.attachments.attached(store, ref) for ref in (VICTIM, OURS)],
    "keys.page": lambda t, store: [
        t.keys.page(stores=frozenset((store,)), limit=100, offset=0),
        t.keys.page(store=store, limit=100, offset=0),
    ],
    "keys.count": lambda t, store: [t.keys.count(stores=frozenset(names)) for names in ((store,), (store, "initech"))],
    "keys.labels": lambda t, store: t.keys.labels(frozenset((store,)), T0, limit=100),
    "replays.find": lambda t, store: t.replays.find(f"store:{store}", "k"),
}

AS_OURS = a_case(101, "globex", id=VICTIM, subject="Hydra in the checkout", severity=Severity.LOW, **ANSWERED)
CHANGED = AS_OURS._replace(id=OURS)
BEFORE = a_case(101, subject="", category=Category.STORE_BUILDER, severity=Severity.HIGH, closed_at=T0, assignee="Bo")


def whole(case: Case) -> Dossier:
    return Dossier(case, (a_message(902),), (an_entry(),))


# what globex writes, at its own cases and elsewhere
WRITES = {
    "cases.next_number": lambda t: t.cases.next_number("globex"),
    "cases.add": lambda t: t.cases.add(CHANGED._replace(id=id_of(104, "globex"), number=104)),
    "cases.add_message": lambda t: t.cases.add_message(CHANGED, a_message(901)),
    "cases.update": lambda t: t.cases.update(CHANGED, before=BEFORE),
    "attachments.attach": lambda t: t.attachments.attach(CHANGED, NOTE, FILES[::2]),
    "whole_cases.add": lambda t: t.whole_cases.add([whole(CHANGED._replace(id=id_of(900, "globex"), number=900))]),
    "events.record": lambda t: t.events.record(CHANGED, an_entry()),
    "replays.keep": lambda t: t.replays.keep("store:globex", "another", an_answer("e" * 64), LATE),
}

# what it writes as if acme's case were its own
REFUSED = {
    "a case": lambda t: t.cases.add(AS_OURS._replace(number=104)),
    "a message": lambda t: t.cases.add_message(AS_OURS, a_message(901)),
    "an event": lambda t: t.events.record(AS_OURS, an_entry()),
    "a whole case": lambda t: t.whole_cases.add([whole(AS_OURS._replace(number=104))]),
}
WITHOUT_EFFECT = {
    "an update": lambda t: t.cases.update(AS_OURS, before=BEFORE),
    "an update with a number of its own": lambda t: t.cases.update(AS_OURS._replace(number=102), before=BEFORE),
}


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


def test_sizes_and_durations_are_held_against_the_messages_of_the_same_case_alone(neighbours):
    with neighbours.write() as transaction:
        note_before_any_answer(transaction)
        assert [*wrong_sizes(transaction.connection), *wrong_durations(transaction.connection)] == []


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
def test_whatever_globex_writes_acme_stays_as_it_was(neighbours, name):
    before = everything_of(neighbours, "acme"), everything_of(neighbours, "globex")
    with neighbours.write() as transaction:
        WRITES[name](transaction)
    assert everything_of(neighbours, "acme") == before[0]
    assert everything_of(neighbours, "globex") != before[1]


@pytest.mark.parametrize("name", REFUSED | WITHOUT_EFFECT)
def test_nothing_is_added_to_acmes_case_or_changed_as_if_it_were_globexs(neighbours, name):
    before = everything_of(neighbours, "acme"), everything_of(neighbours, "globex")
    refused = pytest.raises((sqlite3.IntegrityError, AlreadyThere)) if name in REFUSED else nullcontext()
    with refused, neighbours.write() as transaction:
        (REFUSED | WITHOUT_EFFECT)[name](transaction)
    assert (everything_of(neighbours, "acme"), everything_of(neighbours, "globex")) == before
