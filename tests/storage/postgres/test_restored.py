"""A database that comes to another server with its history: whoever follows the feed goes on."""

import re
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from supportcases import CursorExpired, DatabaseUnusable, SupportDesk
from supportcases.domain.webhooks import Reach
from supportcases.storage.postgres import PostgresRepository, check
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY
from tests.support.endpoints import Endpoint
from tests.support.moving import owned_postgres
from tests.support.postgres import Cluster

__all__ = ["owned_postgres"]

LOOPBACK = Reach(http_loopback=True)
AS_ELSEWHERE = "UPDATE supportcases_events SET xid = (xid::text::bigint + 1000000000)::text::xid8 WHERE xid > '0'"
ENDPOINT = """
    INSERT INTO supportcases_webhooks (id, store, url, enabled, created_at, secret, after_xid, after_position, failures)
    VALUES (lpad(%s::text, 32, '0')::uuid, NULL, 'https://example.com', true, now(), 'whsec_x', %s, %s, 0)
"""
PLACES = "SELECT xid::text::bigint, position FROM supportcases_events ORDER BY xid, position"


def lasting(page):
    return [(event.id, event.store, event.kind, event.at, event.message_id) for event in page.events]


def live(url: str) -> list:
    """Let something happen, and return the pages of the team's feed, one event on each."""
    with closing(PostgresRepository(url)) as repository:
        desk = SupportDesk(repository)
        for store in (ACME, GLOBEX, ACME):
            desk.open(store, body=BODY)
        desk.note(ADA, "acme:1", body=BODY)
        desk.reply(ACME, 2, body=BODY)
        pages = [desk.events(ADA, limit=1)]
        while not pages[-1].end:
            pages.append(desk.events(ADA, limit=1, after=pages[-1].next))
    return pages


def goes_on(url: str, pages: list) -> None:
    """Go on behind each page, and with what happens from now on."""
    with closing(PostgresRepository(url)) as repository:
        desk = SupportDesk(repository)
        for place, page in enumerate(pages, start=1):
            assert lasting(desk.events(ADA, after=page.next)) == [each for p in pages[place:] for each in lasting(p)]
        desk.close(GLOBEX, 1)
        assert [(e.store, e.kind, e.sequence) for e in desk.events(ADA, after=pages[-1].next).events] == [
            ("globex", "closed", 2)
        ]
        assert [event.sequence for event in desk.events(ACME).events] == [1, 2, 3]


@pytest.fixture
def elsewhere():
    cluster = Cluster()
    yield cluster
    cluster.stop()


def test_from_a_server_that_has_come_further(owned_postgres, elsewhere):
    source = owned_postgres("source")
    with psycopg.connect(source, autocommit=True) as connection:
        for _ in range(3_000):  # more transactions than another server has ever had
            connection.execute("SELECT pg_current_xact_id()")
    pages = live(source)
    target = elsewhere.make("restored")
    with psycopg.connect(target) as connection:
        assert connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint < 3000").fetchone()[0]
    dump = f"{elsewhere.folder}/dump"
    elsewhere.run("pg_dump", f"--dbname={source}", "--format=custom", f"--file={dump}")
    elsewhere.run("pg_restore", f"--dbname={target}", dump)
    goes_on(target, pages)
    assert check(target).faults == ()


@pytest.fixture
def copied(owned_postgres):
    """A database with a history of a server that has come a thousand million transactions further, and its pages."""
    url = owned_postgres("copied")
    pages = live(url)
    with psycopg.connect(url, options="-c session_replication_role=replica") as connection:
        connection.execute(AS_ELSEWHERE)
    return url, pages


def test_it_is_put_in_order_once(copied):
    url, pages = copied
    assert check(url).faults == (
        "the feed: it was copied from another server, and the owner of its tables has not used it since: "
        "events are untold",
    )
    goes_on(url, pages)
    with psycopg.connect(url) as connection:
        *before, own = connection.execute(PLACES).fetchall()
        assert before == [(0, position) for position in range(6, 11)]
        assert own[0] > 0
        assert own[1] == 11
        with pytest.raises(psycopg.errors.IntegrityError, match="history is never changed"):
            connection.execute("UPDATE supportcases_events SET kind = 'x'")
        connection.rollback()
        with pytest.raises(psycopg.errors.GeneratedAlways):
            connection.execute("UPDATE supportcases_events SET position = 99 WHERE position = 11")
    PostgresRepository(url).close()
    with psycopg.connect(url) as connection:
        assert connection.execute(PLACES).fetchall() == [*before, own]
    assert check(url).faults == ()


def test_a_webhook_goes_on_where_it_stood(owned_postgres):
    url = owned_postgres("hooked")
    with Endpoint() as endpoint, closing(PostgresRepository(url)) as repository:
        desk = SupportDesk(repository, webhook_reach=LOOPBACK)
        desk.add_webhook(ADA, url=endpoint.url)
        desk.add_webhook(ACME, url=endpoint.url, types=["support_case.closed"])
        desk.open(ACME, body=BODY)
        assert desk.deliver_due() == 1
        desk.note(ADA, "acme:1", body=BODY)
    with psycopg.connect(url, options="-c session_replication_role=replica") as connection:
        connection.execute(AS_ELSEWHERE)
        connection.execute("UPDATE supportcases_webhooks SET after_xid = after_xid + 1000000000 WHERE after_xid > 0")
    with Endpoint() as endpoint, closing(PostgresRepository(url)) as repository:
        desk = SupportDesk(repository, webhook_reach=LOOPBACK)
        for webhook in desk.webhooks(ADA).webhooks:
            desk.change_webhook(ADA, webhook.id, url=endpoint.url)
        desk.open(GLOBEX, body=BODY)
        desk.close(ACME, 1)
        assert desk.deliver_due() == 4
        assert sorted(endpoint.types) == ["closed", "closed", "noted", "opened"]


def test_whoever_is_told_of_it_goes_on_where_they_were(copied):
    url, pages = copied
    far = 1_000_000_000
    with psycopg.connect(url) as connection:
        for number, page in enumerate(pages):
            xid, position = page.events[0].place
            connection.execute(ENDPOINT, [number, xid + far, position])
        connection.execute(ENDPOINT.replace("NULL", "'acme'"), [99, 0, 2])
        connection.execute(ENDPOINT, [98, 0, 0])
    PostgresRepository(url).close()
    with psycopg.connect(url) as connection:
        told = connection.execute("SELECT after_xid, after_position FROM supportcases_webhooks ORDER BY id").fetchall()
    assert told == [(0, place) for place in (6, 7, 8, 9, 10, 0, 2)]


@pytest.mark.parametrize("left", [True, False], ids=["some are left", "none is left"])
def test_what_was_purged_keeps_its_place(owned_postgres, left):
    url = owned_postgres("purged")
    clock = MovableClock()
    with closing(PostgresRepository(url)) as repository:
        desk = SupportDesk(repository, clock=clock)
        desk.open(ACME, body=BODY)
        desk.close(ACME, 1)
        clock.advance(days=2)
        cursors = [event.cursor for event in desk.events(ADA).events]
        if left:
            desk.open(ACME, body=BODY)
        newest = desk.events(ADA, after="latest").next
        assert desk.purge(ADA, closed_for=timedelta(days=1)).cases == 1
    with psycopg.connect(url, options="-c session_replication_role=replica") as connection:
        connection.execute(AS_ELSEWHERE)
        connection.execute("UPDATE supportcases_tombstones SET last_xid = last_xid + 1000000000")
    with closing(PostgresRepository(url)) as repository:
        desk = SupportDesk(repository, clock=clock)
        assert [event.number for event in desk.events(ADA).events] == [2] * left
        for cursor in cursors:
            with pytest.raises(CursorExpired):
                desk.events(ADA, after=cursor)
        desk.open(GLOBEX, body=BODY)
        after = newest if left else None
        assert [event.store for event in desk.events(ADA, after=after).events] == ["globex"]
    assert check(url).faults == ()


def test_only_the_owner_can_and_others_are_told(copied, postgres_url):
    url, _ = copied
    told = (
        r" was copied from another server: let the owner of its tables use it once, as after an upgrade, so that the "
    )
    with psycopg.connect(url) as connection:
        connection.execute("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO supportcases")
        before = connection.execute(PLACES).fetchall()
    with pytest.raises(DatabaseUnusable, match=told) as refused:
        PostgresRepository(re.sub("user=[a-z]+", "user=supportcases", url))
    assert "\n" not in str(refused.value)
    with psycopg.connect(url) as connection:
        assert connection.execute(PLACES).fetchall() == before
