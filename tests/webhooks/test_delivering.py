"""What endpoints are told, in which order, and what follows from how it went."""

from datetime import timedelta

import pytest

from supportcases import Actor, SupportDesk
from supportcases.domain.endpoints import RETRIES
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
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def worker(desk, clock):
    """Delivers, with the pause between two attempts as it is in the middle."""
    return Worker(desk.repository, Sender(LOOPBACK), clock=clock, chance=lambda: 0.5)


def log_of(desk, webhook, actor=ADA):
    told = desk.deliveries(actor, webhook.id).deliveries
    return [(delivery.kind, delivery.attempt, delivery.state, delivery.status) for delivery in reversed(told)]


def test_a_store_is_told_what_its_merchants_see_signed_and_in_order(desk, endpoint):
    desk.open(ACME, body="Before there was an endpoint.")
    made = desk.add_webhook(ACME, url=endpoint.url)
    case = desk.open(ACME, body=BODY, subject="Blank", author="Grace")
    desk.open(GLOBEX, body=BODY)
    desk.note(ADA, "acme:2", body="A secret")
    desk.answer(ADA, "acme:2", body="Which browser?", author="The team")
    desk.change(ADA, "acme:2", assignee="Ada")
    assert Worker(desk.repository, Sender(LOOPBACK)).deliver_due() == 2  # by the true clock, which a verifier has
    opened, answered = endpoint.told
    events = desk.events(ACME).events
    message = desk.get(ACME, 2).messages[1]
    assert answered.verified_by(made.secret) == {
        "id": events[2].id,
        "type": "support_case.answered",
        "timestamp": "2024-06-15T10:30:00.000Z",
        "sequence": 3,
        "data": {
            "store": "acme",
            "case": {
                "id": case.id,
                "number": 2,
                "subject": "Blank",
                "category": "other",
                "severity": "normal",
                "status": "answered",
                "createdAt": "2024-06-15T10:30:00.000Z",
                "lastActivityAt": "2024-06-15T10:30:00.000Z",
                "closedAt": None,
            },
            "actor": {"kind": "support", "label": "The team"},
            "message": {
                "id": message.id,
                "authorKind": "support",
                "authorLabel": "The team",
                "body": "Which browser?",
                "attachments": [],
                "createdAt": "2024-06-15T10:30:00.000Z",
            },
            "change": {"status": {"from": "open", "to": "answered"}},
            "link": f"/support-cases/{case.id}",
        },
    }
    assert endpoint.ids == [events[1].id, events[2].id]
    assert opened.headers["content-type"] == "application/json"
    assert log_of(desk, made.webhook) == [("event", 1, "delivered", 200)] * 2
    assert desk.deliver_due() == 0


def test_the_desks_own_is_told_all_of_it(desk, endpoint):
    desk.add_webhook(ADA, url=endpoint.url)
    case = desk.open(ACME, body=BODY)
    desk.note(ADA, "acme:1", body="A secret")
    desk.change(ADA, "acme:1", assignee="Ada")
    desk.open(GLOBEX, body=BODY)
    desk.deliver_due()
    assert endpoint.types == ["opened", "noted", "changed", "opened"]
    noted = endpoint.told[1].json["data"]
    assert (noted["message"]["body"], noted["message"]["internal"]) == ("A secret", True)
    assert (noted["case"]["assignee"], noted["link"]) == ("Ada", f"/support/cases/{case.id}")


def test_types_can_be_chosen(desk, endpoint):
    webhook = desk.add_webhook(ACME, url=endpoint.url, types=["support_case.closed", "support_case.replied"]).webhook
    for _ in range(3):
        case = desk.open(ACME, body=BODY)
    desk.close(ACME, case.number)
    desk.reply(ACME, case.number, body="Again.")
    desk.open(ACME, body=BODY)
    desk.deliver_due()
    assert endpoint.types == ["closed", "replied"]
    desk.change_webhook(ACME, webhook.id, types=None)
    desk.close(ACME, 1)
    desk.deliver_due()
    assert endpoint.types == ["closed", "replied", "closed"]


def test_a_long_message_is_left_out_and_linked(desk, endpoint):
    desk.add_webhook(ACME, url=endpoint.url)
    case = desk.open(ACME, body="€" * 9_000)
    desk.deliver_due()
    data = endpoint.told[0].json["data"]
    assert (data["message"]["body"], data["link"]) == (None, f"/support-cases/{case.id}")
    assert len(endpoint.told[0].body) < 20_000


def test_what_fails_is_tried_again_later_and_later_and_nothing_waits_for_it(desk, clock, worker):
    with Endpoint(500, 200, 404) as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        desk.open(ACME, body=BODY)
        assert worker.deliver_due() == 2
        assert worker.deliver_due() == 0
        clock.advance(seconds=4)
        assert worker.deliver_due() == 0
        clock.advance(seconds=1)
        assert worker.deliver_due() == 1
        clock.advance(minutes=4, seconds=59)
        assert worker.deliver_due() == 0
        clock.advance(seconds=1)
        assert worker.deliver_due() == 1
        first, second, third, last = endpoint.ids
        assert first == third == last != second
        assert log_of(desk, webhook) == [
            ("event", 1, "failed", 500),
            ("event", 2, "failed", 404),
            ("event", 1, "delivered", 200),
            ("event", 3, "delivered", 200),
        ]


def test_after_ten_attempts_an_event_is_given_up_and_can_be_told_by_hand(desk, clock, worker):
    with Endpoint(*[500] * 10) as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        for pause in (timedelta(), *RETRIES):
            clock.advance(seconds=pause.total_seconds())
            assert worker.deliver_due() == 1
        clock.advance(hours=48)
        assert worker.deliver_due() == 0
        assert [attempt for _, attempt, *_ in log_of(desk, webhook)] == list(range(1, 11))
        desk.redeliver(ACME, webhook.id, desk.deliveries(ACME, webhook.id).deliveries[0].id)
        assert worker.deliver_due() == 1
        assert log_of(desk, webhook)[-1] == ("redelivery", 1, "delivered", 200)
        assert len(set(endpoint.ids)) == 1


def test_the_receiver_may_ask_for_a_pause(desk, clock, worker):
    busy = b"HTTP/1.1 429 Wait\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"
    with Endpoint(busy) as endpoint:
        desk.add_webhook(ACME, url=endpoint.url)
        desk.open(ACME, body=BODY)
        desk.open(ACME, body=BODY)
        assert worker.deliver_due() == 1
        clock.advance(seconds=119)
        assert worker.deliver_due() == 0
        clock.advance(seconds=1)
        assert worker.deliver_due() == 2
        assert len(set(endpoint.ids)) == 2


def test_who_answers_410_is_told_nothing_more(desk, worker):
    with Endpoint(410) as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        desk.open(ACME, body=BODY)
        assert worker.deliver_due() == 1
        disabled = desk.webhook(ACME, webhook.id)
        assert not disabled.enabled
        assert disabled.disabled_because == "Disabled: the receiver has answered 410, which says that it wants no more."
        assert log_of(desk, webhook)[-1] == ("system", 1, "told", None)
        assert desk.deliveries(ACME, webhook.id).deliveries[0].problem == disabled.disabled_because
        again = desk.change_webhook(ACME, webhook.id, enabled=True)
        assert (again.enabled, again.disabled_because, again.failing_since) == (True, None, None)
        assert worker.deliver_due() == 1
        assert len(set(endpoint.ids)) == 2


def test_five_days_of_failures_only_disable(desk, clock, worker):
    with Endpoint(*[500] * 200) as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        begun = clock.now
        while clock.now < begun + timedelta(days=5):
            worker.deliver_due()
            assert desk.webhook(ACME, webhook.id).enabled
            clock.advance(hours=6)
            desk.open(ACME, body=BODY)
        worker.deliver_due()
        disabled = desk.webhook(ACME, webhook.id)
        assert disabled.disabled_because == "Disabled: for five days every attempt has failed."
        assert disabled.failing_since == begun
        heard = len(endpoint.told)
        desk.test_webhook(ACME, webhook.id)
        assert worker.deliver_due() == 1  # whoever mends it may try it
        endpoint.answers.clear()
        desk.change_webhook(ACME, webhook.id, enabled=True)
        worker.deliver_due()
        assert len(set(endpoint.ids[heard + 1 :])) >= 1
        assert desk.webhook(ACME, webhook.id).failing_since is None


def test_a_success_between_keeps_an_endpoint_alive(desk, clock, worker):
    answers = [500] * 14 + [200]
    with Endpoint(*answers * 10) as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        for _ in range(30):
            desk.open(ACME, body=BODY)
            worker.deliver_due()
            clock.advance(hours=6)
        assert desk.webhook(ACME, webhook.id).enabled


def test_tests_and_redeliveries_count_for_nothing(desk, clock, worker):
    with Endpoint(200, 500, 410, 500) as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        worker.deliver_due()
        told = desk.deliveries(ACME, webhook.id).deliveries[0]
        desk.test_webhook(ACME, webhook.id)
        desk.redeliver(ACME, webhook.id, told.id)
        desk.test_webhook(ACME, webhook.id)
        assert worker.deliver_due() == 3
        after = desk.webhook(ACME, webhook.id)
        assert (after.enabled, after.failing_since) == (True, None)
        clock.advance(days=1)
        assert worker.deliver_due() == 0
        assert endpoint.types == ["opened", "webhook.test", "opened", "webhook.test"]
        assert endpoint.ids[0] == endpoint.ids[2]
        assert endpoint.told[1].json["data"] == {"store": "acme"}


def test_a_disabled_one_is_told_nothing_and_goes_on_where_it_stopped(desk, endpoint, worker):
    webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
    desk.open(ACME, body=BODY)
    worker.deliver_due()
    desk.change_webhook(ACME, webhook.id, enabled=False)
    desk.close(ACME, 1)
    assert worker.deliver_due() == 0
    desk.change_webhook(ACME, webhook.id, enabled=True)
    desk.reopen(ACME, 1)
    assert worker.deliver_due() == 2
    assert endpoint.types == ["opened", "closed", "reopened"]


def test_for_a_day_both_secrets_sign(desk, clock, endpoint, worker):
    made = desk.add_webhook(ACME, url=endpoint.url)
    rotated = desk.rotate_secret(ACME, made.webhook.id)
    desk.open(ACME, body=BODY)
    worker.deliver_due()
    assert len(endpoint.told[0].headers["webhook-signature"].split()) == 2
    clock.advance(hours=24)
    desk.close(ACME, 1)
    worker.deliver_due()
    assert len(endpoint.told[1].headers["webhook-signature"].split()) == 1
    assert rotated.secret != made.secret


def test_many_failures_in_a_row_let_new_events_wait_a_little(desk, clock, worker):
    with Endpoint(*[500] * 100) as endpoint:
        desk.add_webhook(ACME, url=endpoint.url)
        for _ in range(30):
            desk.open(ACME, body=BODY)
        assert worker.deliver_due() == 10
        clock.advance(seconds=4)
        assert worker.deliver_due() == 0
        assert len(set(endpoint.ids)) == 10


def test_nobody_else_serves_an_endpoint_whose_lease_runs(desk, clock, endpoint, worker):
    webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
    desk.open(ACME, body=BODY)
    moment = clock.now
    with desk.repository.write() as transaction:
        turn = transaction.webhooks.take_turn(webhook.id, moment, moment + timedelta(seconds=60), "killed")
        assert transaction.webhooks.take_turn(webhook.id, moment, moment + timedelta(seconds=60), "other") is None
    clock.advance(seconds=59)
    assert worker.deliver_due() == 0
    clock.advance(seconds=1)
    assert worker.deliver_due() == 1
    with desk.repository.write() as transaction:
        assert transaction.webhooks.keep_turn(turn, moment) is None


def test_a_removed_one_is_told_nothing_more(desk, clock, worker):
    with Endpoint(500) as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        worker.deliver_due()
        desk.remove_webhook(ACME, webhook.id)
        clock.advance(days=1)
        assert worker.deliver_due() == 0
        assert len(endpoint.told) == 1


def test_the_log_is_kept_for_30_days(desk, clock, endpoint, worker):
    webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
    desk.open(ACME, body=BODY)
    worker.deliver_due()
    clock.advance(days=30)
    worker.deliver_due()
    assert len(log_of(desk, webhook)) == 1
    clock.advance(hours=2)
    worker.deliver_due()
    assert log_of(desk, webhook) == []


def test_every_endpoint_has_its_turn(desk, worker):
    actors = [Actor.merchant(f"store-{number}") for number in range(4)]
    with Endpoint() as endpoint:
        for actor in actors:
            desk.add_webhook(actor, url=endpoint.url)
            for _ in range(3):
                desk.open(actor, body=BODY)
        assert worker.deliver_due() == 12
        assert sorted({told.json["data"]["store"] for told in endpoint.told}) == [actor.store for actor in actors]
