"""What followers and webhooks are told of what was taken out, and of what happened before it was."""

import json

import pytest

from supportcases import Actor
from supportcases.desk.feed import Feeds
from supportcases.domain.actors import ActorKind
from supportcases.domain.endpoints import Webhook
from supportcases.formats.feed_json import feed_text
from supportcases.webhooks.payload import payload
from tests.conftest import ADA
from tests.support.desks import T0
from tests.support.rows import id_of

WORD = "Zanzibar"
MARA = Actor.merchant("acme", WORD)
SIDES = {"acme": (MARA, ActorKind.MERCHANT), None: (ADA, ActorKind.SUPPORT)}


@pytest.fixture
def case(desk, clock):
    """A case of which everything that had the word was taken out: by a message, by its subject, and by its label."""
    case = desk.open(MARA, body=f"{WORD} is on fire.", subject=f"{WORD} burns")
    desk.change(ADA, case.id, subject=f"{WORD} smokes", assignee=WORD)
    desk.note(ADA, case.id, body=f"{WORD} again.")
    first, note = desk.get(ADA, case.id).messages
    for what in ({"message": first.id}, {"message": note.id}, {"subject": True}, {"label": WORD}):
        desk.redact(ADA, case.id, **what, reason="law")
    return case


def told(desk, store) -> list[str]:
    """Return what a webhook is told of each event."""
    asker, _ = SIDES[store]
    url = "https://example.com/"
    webhook = Webhook(id_of(1), store, url, None, None, enabled=True, disabled_because=None, created_at=T0)
    with desk.repository.read() as transaction:
        events = Feeds._feed(transaction, asker, None).behind((0, 0), limit=100)
        return [payload(transaction, webhook, event).decode() for event in events]


@pytest.mark.parametrize("store", SIDES)
def test_nobody_is_told_a_word_of_it_not_even_late(desk, case, store):
    asker, side = SIDES[store]
    texts = [*told(desk, store), feed_text(desk.written_events(asker), side)]
    assert [text for text in texts if WORD in text] == []


def test_merchants_are_told_what_they_have_seen_and_by_whom_it_was_taken_out_they_are_not(desk, case):
    events = [json.loads(text) for text in told(desk, "acme")]
    assert [event["type"].removeprefix("support_case.") for event in events] == [
        *("opened", "changed"),
        *("redacted", "redacted", "redacted"),
    ]
    message, subject, label = events[2:]
    assert {name: message["data"][name] for name in ("actor", "change")} == {"actor": {"kind": "support"}, "change": {}}
    assert (message["data"]["message"]["body"], message["sequence"]) == ("[redacted]", 3)
    assert ("message" in subject["data"], "message" in label["data"], label["sequence"]) == (False, False, 5)


def test_the_team_is_told_what_was_taken_out_and_why(desk, case):
    data = [json.loads(text)["data"] for text in told(desk, None)][3:]
    what = ["message", "note", "subject", "label"]
    assert [one["change"] for one in data] == [
        {"redacted": {"from": None, "to": name}, "reason": {"from": None, "to": "law"}} for name in what
    ]
    assert [one["actor"] for one in data] == [{"kind": "support", "label": "Ada"}] * 4
