"""What happened as JSON text: what the schemas of the OpenAPI document make of the same events."""

import json
import re

import pytest

from dev.tools import openapi_feed_answers as answers
from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import CHANGEABLE
from supportcases.domain.events import SEEN
from supportcases.formats.case_json import FOR_MERCHANTS, to_json
from supportcases.formats.feed_json import feed_text
from tests.conftest import ACME, ADA
from tests.support.desks import BODY

SUBJECT = 'Straße "7" \\ \u2028 & <b>'


@pytest.fixture
def busy(desk):
    """Everything happens to a case."""
    desk.open(ACME, body=BODY, author=SUBJECT)
    desk.note(ADA, "acme:1", body="A secret")
    desk.answer(ADA, "acme:1", body="Which browser?", author="The team", close=True)
    desk.change(ADA, "acme:1", assignee=SUBJECT)
    desk.change(ADA, "acme:1", assignee=None, severity="high", subject=SUBJECT, category="other", status="answered")
    desk.reply(ACME, 1, body="All of them.")
    desk.answer(ADA, "acme:1", body="We are on it.", kind="system")
    desk.close(ACME, 1)
    desk.reopen(ACME, 1)
    return desk


def members(event, team):
    """Return the event as the schemas take it."""
    label = event.actor_label if team else event.message_label
    change = {
        name: {"from": event.was.get(name), "to": to} for name, to in event.became.items() if team or name in SEEN
    }
    return {
        "id": event.id,
        "type": f"support_case.{event.kind}",
        "sequence": event.sequence,
        "timestamp": event.at,
        "store": event.store,
        "case": {"id": event.case_id, "number": event.number},
        "actor": {"kind": event.actor_kind, **({} if label is None else {"label": label})},
        "change": change,
        **({"messageId": event.message_id} if event.message_id else {}),
    }


def test_merchants_are_told_of_changes_of_all_that_their_cases_show(busy):
    shown = json.loads(FOR_MERCHANTS.case(busy.find(ACME, 1)))
    assert {name for name in CHANGEABLE if re.sub("_(.)", lambda part: part[1].upper(), name) in shown} == SEEN


@pytest.mark.parametrize(
    ("actor", "schema", "side"),
    [(ACME, answers.Feed(), ActorKind.MERCHANT), (ADA, answers.SupportFeed(), ActorKind.SUPPORT)],
)
@pytest.mark.parametrize("limit", [1, 100])
def test_a_page_is_written_as_its_schema_writes_it(busy, actor, schema, side, limit):
    page = busy.events(actor, limit=limit)
    team = side is ActorKind.SUPPORT
    told = {"data": [members(event, team) for event in page.events], "meta": {"next": page.next, "end": page.end}}
    text = feed_text(busy.written_events(actor, limit=limit), side)
    assert json.loads(text) == schema.dump(told)
    assert text == to_json(json.loads(text))


def test_what_is_written_down_reads_as_what_is_returned(busy):
    for actor in (ACME, ADA):
        page, written = busy.events(actor), busy.written_events(actor)
        assert [event.read() for event in written.events] == list(page.events)
        assert [(event.id, event.cursor, event.place) for event in written.events] == [
            (event.id, event.cursor, event.place) for event in page.events
        ]
