"""The team's feed where several write at once: none is passed over, and each store's events keep their order."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from supportcases import SupportDesk
from supportcases.formats.whole_cases import kept, load
from supportcases.storage.postgres import PostgresRepository, check
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY

BEGIN = "SELECT pg_current_xact_id()"  # a transaction is one once it writes, or asks this


@pytest.fixture
def desk(postgres_url):
    with closing(PostgresRepository(postgres_url)) as repository:
        yield SupportDesk(repository)


@pytest.fixture
def elsewhere():
    """Do something in another thread, on another connection, and wait for it."""
    with ThreadPoolExecutor() as threads:
        yield lambda do, *told, **named: threads.submit(do, *told, **named).result(timeout=30)


def told(page):
    return [(event.store, str(event.kind), event.sequence) for event in page.events]


def test_what_is_kept_before_one_that_began_before_it_is_told_after_that_one(desk, elsewhere):
    since = desk.events(ADA, after="latest").next
    with desk.repository.write() as transaction:
        transaction.connection.execute(BEGIN)
        elsewhere(desk.open, GLOBEX, body=BODY)
        assert told(elsewhere(desk.events, GLOBEX)) == [("globex", "opened", 1)]
        assert elsewhere(desk.events, ADA, after=since) == ((), since, True)
        assert elsewhere(desk.events, ADA, after="latest") == ((), since, True)
        desk.open(ACME, body=BODY)
    assert told(desk.events(ADA, after=since)) == [("acme", "opened", 1), ("globex", "opened", 1)]


def test_the_events_of_a_store_are_told_in_the_order_in_which_they_happened(desk, elsewhere):
    with desk.repository.write() as transaction:
        transaction.connection.execute(BEGIN)
        elsewhere(desk.open, ACME, body=BODY)
        elsewhere(desk.note, ADA, "acme:1", body=BODY)
        desk.reply(ACME, 1, body=BODY)
        desk.open(GLOBEX, body=BODY)
    desk.close(ACME, 1)
    whole = [("acme", "opened", 1), ("acme", "noted", None), ("acme", "replied", 2), ("acme", "closed", 3)]
    assert [event for event in told(desk.events(ADA)) if event[0] == "acme"] == whole


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        ("SET sequence = 9 WHERE store = 'acme' AND sequence = 2", "the events of acme have a gap, {} at 9"),
        ("SET xid = '0' WHERE store = 'acme' AND sequence = 2", "the events of acme have a gap, {} at 2"),
        ("SET revision = 9 WHERE revision = 3", "the history of acme 1 has a gap, {} at 9"),
        (
            "SET message_id = (SELECT id FROM supportcases_messages LIMIT 1) WHERE store = 'globex'",
            "globex 1, history[0] came with a message that the case does not have",
        ),
    ],
)
def test_check_finds_where_somebody_who_follows_it_would_miss_something(desk, owner_url, planted, told):
    desk.open(ACME, body=BODY)
    desk.note(ADA, "acme:1", body=BODY)
    desk.close(ACME, 1)
    desk.open(GLOBEX, body=BODY)
    assert check(owner_url).faults == ()
    with psycopg.connect(owner_url, options="-c session_replication_role=replica") as connection:
        connection.execute(f"UPDATE supportcases_events {planted}")
    faults = [fault for fault in check(owner_url).faults if fault.startswith("the feed: ")]
    assert faults[:1] == [f"the feed: {told.format('a twin or another order')}"]


def test_so_are_whole_cases(desk, elsewhere, lend_postgres):
    desk.open(ACME, body=BODY)
    with desk.repository.read() as transaction:
        (dossier,) = kept(transaction)
    with closing(PostgresRepository(lend_postgres())) as repository:
        other = SupportDesk(repository)
        with repository.write() as transaction:
            transaction.connection.execute(BEGIN)
            elsewhere(other.open, ACME, body=BODY)
            load(repository, [dossier._replace(case=dossier.case._replace(number=2))])
        assert [event.sequence for event in other.events(ADA).events] == [1, 2]
