"""What is counted of the deliveries to all endpoints, for whoever watches: `/metrics`."""

import sys

import pytest

from supportcases import SupportDesk
from supportcases.domain.endpoints import IN_A_ROW, DeliveryTally
from supportcases.domain.webhooks import Reach
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.worker import Worker
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY
from tests.support.endpoints import Endpoint

LOOPBACK = Reach(http_loopback=True)


@pytest.fixture
def desk(support_desk):
    return SupportDesk(support_desk.desk.repository, clock=support_desk.clock, webhook_reach=LOOPBACK)


@pytest.fixture
def worker(desk, clock):
    return Worker(desk.repository, Sender(LOOPBACK), clock=clock, chance=lambda: 0.5)


@pytest.fixture
def tally(desk, clock):
    def tally() -> DeliveryTally:
        with desk.repository.read() as transaction:
            return transaction.deliveries.tally(clock())

    return tally


def test_events_are_behind_until_each_endpoint_was_told_or_has_passed_them_over(desk, worker, tally):
    assert tally() == DeliveryTally(0, 0, 0, 0)
    desk.open(ACME, body="Before there was an endpoint.")
    with Endpoint() as told:
        desk.add_webhook(ADA, url=told.url)
        desk.add_webhook(ACME, url=told.url)
        desk.add_webhook(ACME, url=told.url, types=["support_case.closed"])
        desk.open(ACME, body=BODY)
        desk.note(ADA, "acme:1", body="A secret")  # which merchants' endpoints are not told
        desk.open(GLOBEX, body=BODY)
        assert tally() == DeliveryTally(behind=3 + 1 + 1, waiting=0, delivered=0, failed=0)
        worker.deliver_due()
        assert tally() == DeliveryTally(behind=0, waiting=0, delivered=3 + 1, failed=0)


def test_what_has_failed_waits_and_counts_for_an_hour(desk, worker, clock, tally):
    with Endpoint(500) as failing:
        desk.add_webhook(ACME, url=failing.url)
        desk.open(ACME, body=BODY)
        worker.deliver_due()
        assert tally() == DeliveryTally(0, waiting=1, delivered=0, failed=1)
        clock.advance(minutes=1)
        assert tally() == DeliveryTally(0, waiting=1, delivered=0, failed=1)  # the retry is due: nobody makes it
        worker.deliver_due()
    assert tally() == DeliveryTally(0, waiting=0, delivered=1, failed=1)
    clock.advance(minutes=59)
    assert tally() == DeliveryTally(0, 0, delivered=1, failed=0)
    clock.advance(minutes=1)
    assert tally() == DeliveryTally(0, 0, 0, 0)


def test_who_is_paused_disabled_or_removed_is_behind_with_nothing(desk, worker, clock, tally):
    with Endpoint(*[500] * IN_A_ROW, 410) as failing:
        paused = desk.add_webhook(ACME, url=failing.url).webhook
        for _ in range(IN_A_ROW + 2):
            desk.open(ACME, body=BODY)
        worker.deliver_due()
        assert tally() == DeliveryTally(0, waiting=IN_A_ROW, delivered=0, failed=IN_A_ROW)
        clock.advance(minutes=2)
        assert tally().behind == 2
        desk.change_webhook(ACME, paused.id, enabled=False)
        assert tally() == DeliveryTally(0, 0, 0, failed=IN_A_ROW)
        desk.change_webhook(ACME, paused.id, enabled=True)
        assert tally()[:2] == (2, IN_A_ROW)
        desk.remove_webhook(ACME, paused.id)
        assert tally() == DeliveryTally(0, 0, 0, failed=IN_A_ROW)


def test_no_more_than_so_many_are_counted(desk, worker, tally, monkeypatch):
    with desk.repository.read() as transaction:
        statements = sys.modules[type(transaction.deliveries).__module__]
    monkeypatch.setattr(statements, "MOST_COUNTED", 2)
    monkeypatch.setattr(statements, "NEWEST_COUNTED", 3)
    with Endpoint() as told:
        for asker in (ACME, ACME, ADA):
            desk.add_webhook(asker, url=told.url)
        for _ in range(5):
            desk.open(ACME, body=BODY)
        assert tally().behind == 2 + 2 + 2
        worker.deliver_due()
        assert tally() == DeliveryTally(0, 0, delivered=3, failed=0)


def test_what_the_desk_tells_an_owner_is_no_attempt(desk, worker, tally):
    with Endpoint(410) as gone:
        desk.add_webhook(ACME, url=gone.url)
        desk.open(ACME, body=BODY)
        worker.deliver_due()
    assert tally() == DeliveryTally(0, 0, 0, failed=1)
