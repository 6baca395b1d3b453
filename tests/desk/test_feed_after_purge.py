"""What follows the feed after a purge: there is no gap, an old cursor is told so, and nothing is sent that is gone."""

from datetime import timedelta

import pytest

from supportcases import Actor, CursorExpired, SupportDesk
from supportcases.domain.webhooks import Reach
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.worker import Worker
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY
from tests.support.endpoints import Endpoint

DAY = timedelta(days=1)
LOOPBACK = Reach(http_loopback=True)
OF_ACME = Actor.support("Grace", stores=["acme"])


@pytest.fixture
def desk(support_desk):
    return SupportDesk(support_desk.desk.repository, clock=support_desk.clock, webhook_reach=LOOPBACK)


@pytest.fixture
def cursors(desk, clock):
    """Purge the case between two others; return the cursor behind each event that there was, by who follows."""
    for actor in (ACME, ACME, GLOBEX, ACME):
        desk.open(actor, body=BODY)
    desk.close(ACME, 2)
    clock.advance(days=2)
    desk.reply(ACME, 3, body=BODY)
    found = {actor: [event.cursor for event in desk.events(actor).events] for actor in (ACME, ADA, OF_ACME, GLOBEX)}
    assert desk.purge(ADA, closed_for=DAY).cases == 1
    return found


def told(desk, actor, **more):
    return [(event.store, event.number, event.kind, event.sequence) for event in desk.events(actor, **more).events]


@pytest.mark.parametrize("actor", [ACME, ADA, OF_ACME], ids=["merchant", "team", "team of one store"])
def test_it_begins_behind_what_was_purged_and_older_cursors_are_expired(desk, cursors, actor):
    assert told(desk, actor) == [("acme", 3, "replied", 5)]
    *old, purged, newest = cursors[actor]
    for cursor in (*old, purged):
        with pytest.raises(CursorExpired):
            desk.events(actor, after=cursor)
    desk.close(ACME, 1)
    assert told(desk, actor, after=newest) == [("acme", 1, "closed", 6)]


def test_who_follows_another_store_notices_nothing(desk, cursors):
    assert told(desk, GLOBEX) == [("globex", 1, "opened", 1)]
    assert desk.events(GLOBEX, after=cursors[GLOBEX][0]).events == ()
    of_globex = Actor.support("Linus", stores=["globex"])
    assert told(desk, of_globex) == [("globex", 1, "opened", 1)]


def test_numbers_go_on_behind_what_is_gone(desk, clock):
    desk.open(ACME, body=BODY)
    desk.close(ACME, 1)
    clock.advance(days=2)
    assert desk.purge(ADA, closed_for=DAY).cases == 1
    pages = [desk.events(actor, after="latest") for actor in (ACME, ADA)]
    assert all(page.events == () for page in pages)
    assert desk.events(ACME).events == desk.events(ADA).events == ()
    assert desk.open(ACME, body=BODY).number == 2
    for actor, page in zip((ACME, ADA), pages, strict=True):
        assert told(desk, actor, after=page.next) == [("acme", 2, "opened", 3)]
        assert told(desk, actor) == [("acme", 2, "opened", 3)]


def test_a_waiting_delivery_of_what_is_gone_ends_without_being_sent_and_is_nobodys_failure(desk, clock):
    worker = Worker(desk.repository, Sender(LOOPBACK), clock=clock, chance=lambda: 0.5)
    with Endpoint(500) as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        desk.close(ACME, 1)
        assert worker.deliver_due() == 2
        clock.advance(days=2)
        assert desk.purge(ADA, closed_for=DAY).cases == 1
        assert worker.deliver_due() == 1
        assert endpoint.types == ["opened", "closed"]
    (waited,) = [each for each in desk.deliveries(ACME, webhook.id).deliveries if each.attempt == 2]
    assert (waited.state, waited.status, waited.problem) == ("failed", None, "What it tells of is no longer there.")
    assert desk.webhook(ACME, webhook.id).failing_since is None
    clock.advance(days=2)
    assert worker.deliver_due() == 0
