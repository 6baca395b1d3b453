"""Webhooks in the console: added with a secret that is shown once, changed, tried, and what was delivered."""

import re
from datetime import timedelta

import pytest

from supportcases.domain.endpoints import Delivery
from tests.conftest import ACME, ADA
from tests.support.console import Agent, noticed, text_of

URL = "https://shop.example.com/hooks"
SECRET = re.compile(r"<code>(whsec_[A-Za-z0-9+/=]{44})</code>")


@pytest.fixture
def webhook(desk):
    return desk.add_webhook(ACME, url=URL, description="Our <shop>").webhook


def test_one_is_added_and_its_secret_is_shown_once(agent, desk):
    made = agent.post("/webhooks", [("types", "support_case.opened")], store=" acme ", url=URL, description=" Ours ")
    assert made.status_code == 201
    secret = SECRET.search(made.text)[1]
    (webhook,) = desk.webhooks(ACME).webhooks
    assert (webhook.url, webhook.types, webhook.description) == (URL, ("support_case.opened",), "Ours")
    with desk.repository.read() as transaction:
        assert transaction.webhooks.secrets(webhook.id).secret == secret
    for page in ("/webhooks", f"/webhooks/{webhook.id}"):
        assert secret not in agent.get(page).text
    assert agent.post("/webhooks", url=URL).status_code == 201
    assert [webhook.store for webhook in desk.webhooks(ADA).webhooks] == ["acme", None]


def test_what_is_refused_is_kept_in_the_form(agent, desk):
    answer = agent.post("/webhooks", store="acme", url="https://10.0.0.1/", description="Ours")
    assert answer.status_code == 422
    assert "Url must lead to a public address, which 10.0.0.1 is not." in text_of(answer.text)
    assert 'value="https://10.0.0.1/"' in answer.text
    assert desk.webhooks(ADA).count == 0


def test_a_page_shows_its_state_and_its_deliveries(agent, desk, clock, webhook):
    at, moment = f"/webhooks/{webhook.id}", clock.now
    told = Delivery(0, webhook.id, "event", "evt_x_1", "support_case.opened", 1, moment, moment, 503, None, 12)
    with desk.repository.write() as transaction:
        transaction.deliveries.add(told)
        transaction.deliveries.add(told._replace(attempt=2, due_at=moment + timedelta(seconds=5), finished_at=None))
    said = text_of(agent.get(at).text)
    assert "Of the store acme. Enabled." in said
    assert "Event support_case.opened Failed 503 in 12 ms 1 Tell again" in said
    assert "Event support_case.opened Waiting" in said
    assert "Our &lt;shop&gt;" in agent.get("/webhooks").text


def test_its_buttons_do_what_they_say(agent, desk, clock, webhook):
    at = f"/webhooks/{webhook.id}"
    for button, notice in (
        ({"do": "test"}, "A test is on its way; how it went stands below in a moment."),
        ({"do": "disable"}, "The webhook is disabled: it is told nothing more."),
        ({"do": "enable"}, "The webhook is enabled, and goes on where it stopped."),
        ({"do": "save", "url": "https://example.com/", "description": ""}, "The webhook is saved."),
    ):
        assert agent.post(at, **button).headers["Location"] == f"/console{at}"
        assert noticed(agent, at) == notice
    (test,) = desk.deliveries(ADA, webhook.id).deliveries
    assert agent.post(at, again=str(test.id)).status_code == 303
    assert [delivery.kind for delivery in desk.deliveries(ADA, webhook.id).deliveries] == ["redelivery", "test"]
    assert desk.webhook(ADA, webhook.id)._replace(created_at=None)[2:6] == ("https://example.com/", None, None, True)
    with desk.repository.read() as transaction:
        before = transaction.webhooks.secrets(webhook.id).secret
    rotated = agent.post(at, do="rotate")
    assert (rotated.status_code, SECRET.search(rotated.text)[1] != before) == (200, True)
    assert agent.post(at, do="remove").headers["Location"] == "/console/webhooks"
    assert noticed(agent, "/webhooks") == "The webhook is removed."
    assert agent.get(at).status_code == 404


def test_what_cannot_be_is_said_and_nothing_is_changed(agent, desk, webhook):
    at = f"/webhooks/{webhook.id}"
    refused = agent.post(at, do="save", url="http://shop.example.com")
    assert (refused.status_code, 'value="http://shop.example.com"' in refused.text) == (422, True)
    for again in ("", "x", "9" * 30, "7"):
        assert agent.post(at, again=again).status_code == 404
    for _ in range(10):
        agent.post(at, do="test")
    assert "wait a minute" in text_of(agent.post(at, do="test").text)
    assert desk.webhook(ADA, webhook.id) == webhook


def test_who_serves_some_stores_sees_theirs_alone(app, support_desk, desk, webhook):
    gil = Agent(app, support_desk.support_key("Gil", ["globex"]))
    assert webhook.id not in gil.get("/webhooks").text
    assert gil.get(f"/webhooks/{webhook.id}").status_code == 404
    assert gil.post("/webhooks", url=URL).status_code == 403
    assert gil.post("/webhooks", url=URL, store="acme").status_code == 403
