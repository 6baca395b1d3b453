"""Webhooks' endpoints: who may have which, what may be said of one, and what becomes of it."""

import re
from datetime import timedelta

import pytest

from supportcases import Actor
from supportcases.domain.endpoints import Webhook
from supportcases.domain.errors import (
    NotPermitted,
    TooManyAttempts,
    TooManyWebhooks,
    WebhookNotFound,
)
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import problems

URL = "https://shop.example.com/hooks"
OF_GLOBEX = Actor.support("Gil", stores=["globex"])


def test_a_webhook_is_kept_as_its_owner_wants_it(desk, clock):
    made = desk.add_webhook(ACME, url=URL, types=["support_case.answered"], description="Our shop")
    webhook = made.webhook
    assert webhook == Webhook(
        webhook.id, "acme", URL, ("support_case.answered",), "Our shop", True, None, clock.now, None
    )
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made.secret)
    assert desk.webhook(ACME, webhook.id) == webhook
    assert desk.webhooks(ACME) == ((webhook,), 1, 0, 10)
    assert made.secret not in repr(desk.webhooks(ACME)) + repr(desk.webhook(ACME, webhook.id))


def test_the_team_makes_them_for_a_store_and_for_the_desk(desk):
    theirs = desk.add_webhook(ADA, url=URL, store="globex").webhook
    whole = desk.add_webhook(ADA, url=URL, types=["support_case.noted"]).webhook
    assert (theirs.store, whole.store) == ("globex", None)
    assert desk.webhooks(ADA).webhooks == (theirs, whole)
    assert desk.webhooks(GLOBEX).webhooks == desk.webhooks(OF_GLOBEX).webhooks == (theirs,)
    assert desk.webhooks(ADA, store="globex").webhooks == (theirs,)
    assert desk.webhooks(ACME).webhooks == ()


def test_nobody_reaches_the_webhooks_of_others(desk):
    ours, whole = desk.add_webhook(ACME, url=URL).webhook, desk.add_webhook(ADA, url=URL).webhook
    for actor, webhook in ((GLOBEX, ours), (OF_GLOBEX, ours), (ACME, whole), (OF_GLOBEX, whole)):
        for use in (desk.webhook, desk.change_webhook, desk.remove_webhook, desk.rotate_secret, desk.test_webhook):
            with pytest.raises(WebhookNotFound):
                use(actor, webhook.id)
        with pytest.raises(WebhookNotFound):
            desk.deliveries(actor, webhook.id)
        with pytest.raises(WebhookNotFound):
            desk.redeliver(actor, webhook.id, 1)
    with pytest.raises(NotPermitted, match="Only who serves all stores may have a webhook for the whole desk"):
        desk.add_webhook(OF_GLOBEX, url=URL)
    with pytest.raises(NotPermitted, match="You do not serve the store acme"):
        desk.add_webhook(OF_GLOBEX, url=URL, store="acme")
    assert problems(desk.add_webhook, ACME, url=URL, store="globex").keys() == {"store"}


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"url": "http://shop.example.com"}, "url", "Must begin with https://."),
        ({"url": "https://127.0.0.1/"}, "url", "Must lead to a public address, which 127.0.0.1 is not."),
        ({"url": "http://localhost:8000/"}, "url", "Must begin with https://."),
        ({"url": None}, "url", None),
        ({"types": []}, "types", None),
        ({"types": ["support_case.noted"]}, "types", None),
        ({"types": ["support_case.opened"] * 2}, "types", None),
        ({"types": "support_case.opened"}, "types", None),
        ({"description": ""}, "description", None),
        ({"description": "x" * 201}, "description", None),
        ({"enabled": 1}, "enabled", "Must be true or false."),
        ({"secret": "x"}, "secret", "Is not a known field."),
    ],
)
def test_what_cannot_be_said_of_one_is_told(desk, given, field, says):
    webhook = desk.add_webhook(ACME, url=URL).webhook
    told = problems(desk.change_webhook, ACME, webhook.id, **given)
    assert list(told) == [field]
    assert says in (None, told[field])
    if given.keys() <= {"url", "types", "description"} and given != {"url": None}:
        assert problems(desk.add_webhook, ACME, **{"url": URL} | given) == told
    assert desk.webhook(ACME, webhook.id) == webhook


def test_what_is_changed_is_changed_and_null_takes_away(desk):
    webhook = desk.add_webhook(ACME, url=URL, types=["support_case.opened"], description="Ours").webhook
    changed = desk.change_webhook(ACME, webhook.id, url="https://example.com", types=None, description=None)
    assert changed == webhook._replace(url="https://example.com/", types=None, description=None)
    assert desk.change_webhook(ADA, webhook.id, enabled=False) == changed._replace(enabled=False)
    assert desk.webhook(ACME, webhook.id) == changed._replace(enabled=False)


def test_a_removed_one_is_gone(desk):
    webhook = desk.add_webhook(ACME, url=URL).webhook
    assert desk.remove_webhook(ACME, webhook.id) == webhook
    with pytest.raises(WebhookNotFound):
        desk.webhook(ACME, webhook.id)
    with pytest.raises(WebhookNotFound):
        desk.remove_webhook(ACME, webhook.id)


def test_a_store_has_10_and_the_desk_100(desk):
    for _ in range(10):
        desk.add_webhook(ACME, url=URL)
    with pytest.raises(TooManyWebhooks, match=r"This store has as many webhooks as it may have \(10\)"):
        desk.add_webhook(ADA, url=URL, store="acme")
    desk.add_webhook(GLOBEX, url=URL)
    for _ in range(100):
        desk.add_webhook(ADA, url=URL)
    with pytest.raises(TooManyWebhooks, match=r"The desk has as many webhooks as it may have \(100\)"):
        desk.add_webhook(ADA, url=URL)
    page = desk.webhooks(ADA, limit=100, offset=50)
    assert (page.count, len(page.webhooks)) == (111, 61)


def test_the_list_has_pages(desk):
    made = [desk.add_webhook(ACME, url=URL).webhook for _ in range(3)]
    assert desk.webhooks(ACME, limit=2, offset=1) == (tuple(made[1:]), 3, 1, 2)
    assert problems(desk.webhooks, ACME, limit=0).keys() == {"limit"}


def test_a_test_and_a_redelivery_wait_to_be_made(desk, clock):
    webhook = desk.add_webhook(ACME, url=URL).webhook
    test = desk.test_webhook(ACME, webhook.id)
    assert (test.kind, test.type, test.attempt, test.due_at, test.state) == (
        *("test", "webhook.test", 1),
        *(clock.now, "waiting"),
    )
    again = desk.redeliver(ACME, webhook.id, test.id)
    assert (again.kind, again.event_id) == ("redelivery", test.event_id)
    assert desk.deliveries(ACME, webhook.id) == ((again, test), None)
    assert desk.deliveries(ACME, webhook.id, limit=1) == ((again,), again.id)
    assert desk.deliveries(ACME, webhook.id, limit=1, before=again.id) == ((test,), None)
    with pytest.raises(WebhookNotFound):
        desk.redeliver(ACME, webhook.id, again.id + 1)


def test_the_number_of_a_delivery_tells_nothing_of_other_webhooks(desk, clock):
    ours, theirs = desk.add_webhook(ACME, url=URL).webhook, desk.add_webhook(ADA, url=URL).webhook
    for _ in range(3):
        desk.test_webhook(ADA, theirs.id)
    clock.advance(minutes=2)
    assert [desk.test_webhook(ACME, ours.id).id for _ in range(2)] == [1, 2]
    assert [delivery.id for delivery in desk.deliveries(ACME, ours.id).deliveries] == [2, 1]
    assert desk.redeliver(ACME, ours.id, 2).event_id == desk.deliveries(ACME, ours.id).deliveries[1].event_id
    with pytest.raises(WebhookNotFound):
        desk.redeliver(ACME, ours.id, 4)


def test_ten_attempts_a_minute_are_made_by_hand(desk, clock):
    webhook, other = (desk.add_webhook(ACME, url=URL).webhook for _ in range(2))
    test = desk.test_webhook(ACME, webhook.id)
    for _ in range(9):
        desk.redeliver(ACME, webhook.id, test.id)
    for use in (lambda: desk.test_webhook(ACME, webhook.id), lambda: desk.redeliver(ACME, webhook.id, test.id)):
        with pytest.raises(TooManyAttempts):
            use()
    desk.test_webhook(ACME, other.id)
    clock.advance(minutes=1)
    with pytest.raises(TooManyAttempts):
        desk.test_webhook(ACME, webhook.id)
    clock.advance(seconds=1)
    desk.test_webhook(ACME, webhook.id)


def test_a_new_secret_takes_the_place_of_the_old_one(desk):
    made = desk.add_webhook(ACME, url=URL)
    rotated = desk.rotate_secret(ACME, made.webhook.id)
    assert rotated.webhook == made.webhook
    assert rotated.secret != made.secret
    with desk.repository.read() as transaction:
        secrets = transaction.webhooks.secrets(made.webhook.id)
    now = made.webhook.created_at
    assert secrets.signing(now) == (rotated.secret, made.secret)
    assert secrets.signing(now + timedelta(hours=24)) == (rotated.secret,)
    assert rotated.secret not in repr(secrets)


@pytest.mark.parametrize("name", ["", "x", "1", "../x"])
def test_no_webhook_has_such_an_id(desk, name):
    with pytest.raises(WebhookNotFound):
        desk.webhook(ACME, name)
