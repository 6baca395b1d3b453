"""The change feed: what each side sees of what happened, in which order, and from where on."""

import base64

import pytest

from supportcases import Actor, CursorExpired, InvalidInput, NotPermitted, SupportDesk
from supportcases.formats.whole_cases import kept, load
from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY
from tests.support.rows import failing_write

NOBODY = "0" * 32
OF_GLOBEX = Actor.support("Gil", stores=["globex"])


@pytest.fixture
def busy(desk, clock):
    """A case of acme to which everything happened, with one of globex between."""
    desk.open(ACME, body=BODY, author="Grace")
    clock.advance(minutes=1)
    desk.note(ADA, "acme:1", body="A secret")
    desk.open(GLOBEX, body=BODY)
    desk.answer(ADA, "acme:1", body="Which browser?", author="The team", close=True)
    desk.change(ADA, "acme:1", assignee="Ada")
    desk.change(ADA, "acme:1", assignee="Zoë", severity="high")
    desk.reply(ACME, 1, body="All of them.")
    desk.answer(ADA, "acme:1", body="We are on it.", kind="system")
    desk.close(ACME, 1)
    desk.reopen(ACME, 1)


def told(page):
    return [(event.store, str(event.kind), event.sequence) for event in page.events]


MERCHANTS = ["opened", "answered", "closed", "changed", "replied", "announced", "closed", "reopened"]


def test_a_merchant_sees_what_the_thread_and_the_case_show_numbered_without_a_gap(desk, busy):
    page = desk.events(ACME)
    assert told(page) == [("acme", kind, number) for number, kind in enumerate(MERCHANTS, start=1)]
    assert told(desk.events(GLOBEX)) == [("globex", "opened", 1)]


def test_the_team_sees_all_of_it_in_the_order_in_which_it_happened(desk, busy):
    assert told(desk.events(ADA)) == [
        ("acme", "opened", 1),
        ("acme", "noted", None),
        ("globex", "opened", 1),
        ("acme", "answered", 2),
        ("acme", "closed", 3),
        ("acme", "changed", None),
        ("acme", "changed", 4),
        ("acme", "replied", 5),
        ("acme", "announced", 6),
        ("acme", "closed", 7),
        ("acme", "reopened", 8),
    ]


def test_an_event_tells_who_did_what_to_which_case_and_what_was_said_with_it(desk, busy):
    thread = desk.get(ADA, "acme:1")
    _, answered, _, changed, *_ = desk.events(ACME).events
    assert answered.id == f"evt_{thread.case.id.replace('-', '')}_2"
    assert (answered.case_id, answered.number, answered.revision) == (thread.case.id, 1, 3)
    assert (answered.actor_label, answered.message_label) == ("Ada", "The team")
    assert answered.message_id == thread.messages[2].id
    assert answered.at == thread.messages[2].created_at
    assert (answered.was, answered.became) == ({"status": "open"}, {"status": "answered"})
    assert desk.events(ADA).events[1].id == f"evt_{thread.case.id.replace('-', '')}_n2"
    assert changed.became == {"assignee": "Zoë", "severity": "high"}
    assert changed.message_id is None


def test_each_event_that_came_with_a_message_names_it(desk, busy):
    messages = [message.id for message in desk.get(ADA, "acme:1").messages]
    named = [event.message_id for event in desk.events(ADA, store="acme").events]
    assert [name for name in named if name] == messages


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 11, 12])
@pytest.mark.parametrize("actor", [ACME, ADA, OF_GLOBEX], ids=["merchant", "team", "team of globex"])
def test_whoever_reads_page_after_page_sees_each_event_once(desk, busy, actor, limit):
    page = desk.events(actor, limit=limit)
    seen = list(page.events)
    while not page.end:
        assert len(page.events) == limit
        page = desk.events(actor, after=page.next, limit=limit)
        seen += page.events
    assert [event.id for event in seen] == [event.id for event in desk.events(actor).events]
    assert desk.events(actor, after=page.next) == ((), page.next, True)


def test_who_serves_some_stores_sees_theirs_alone(desk, busy):
    both = Actor.support("Bo", stores=["acme", "globex", "nobody"])
    assert told(desk.events(OF_GLOBEX)) == [("globex", "opened", 1)]
    assert desk.events(both) == desk.events(ADA)
    assert (
        told(desk.events(both, store="globex")) == told(desk.events(ADA, store="globex")) == [("globex", "opened", 1)]
    )
    assert desk.events(both, store="nobody") == ((), "start", True)
    assert desk.events(OF_GLOBEX, store="acme") == desk.events(OF_GLOBEX, store="nobody") == ((), "start", True)
    with pytest.raises(NotPermitted, match="This is for the support team only"):
        desk.events(ACME, store="acme")


@pytest.mark.parametrize("actor", [ACME, ADA, OF_GLOBEX], ids=["merchant", "team", "team of globex"])
def test_latest_is_what_happens_from_now_on(desk, busy, actor):
    assert desk.events(actor, after="latest") == ((), desk.events(actor).next, True)
    since = desk.events(actor, after="latest").next
    desk.open(GLOBEX if actor is OF_GLOBEX else ACME, body=BODY)
    assert [str(event.kind) for event in desk.events(actor, after=since).events] == ["opened"]


@pytest.mark.parametrize("actor", [ACME, ADA, OF_GLOBEX], ids=["merchant", "team", "team of globex"])
@pytest.mark.parametrize("first", [None, "latest", "start"])
def test_a_feed_in_which_nothing_has_happened_yet_has_a_cursor_too(desk, actor, first):
    page = desk.events(actor, after=first)
    assert page == ((), "start", True)
    desk.open(GLOBEX if actor is OF_GLOBEX else ACME, body=BODY)
    assert [event.revision for event in desk.events(actor, after=page.next).events] == [1]


def a_cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "first",
        "AAAA",
        a_cursor("0.1"),
        a_cursor(f"0.1.evt_{NOBODY}_1"),
        a_cursor("0.1.evt_x_1"),
        a_cursor("0.1.evt_" + "0" * 32 + "_n1"),
    ],
)
@pytest.mark.parametrize("actor", [ACME, ADA], ids=["merchant", "team"])
def test_a_cursor_that_nobody_was_given_is_unknown(desk, busy, actor, after):
    with pytest.raises(CursorExpired, match="begin again without after"):
        desk.events(actor, after=after)


def test_what_somebody_may_not_see_is_no_cursor_for_them(desk, busy):
    of_team = desk.events(ADA).events
    note, others = of_team[1], of_team[2]
    for actor, event in ((ACME, note), (ACME, others), (GLOBEX, note), (OF_GLOBEX, note)):
        with pytest.raises(CursorExpired):
            desk.events(actor, after=event.cursor)
    assert desk.events(ADA, after=others.cursor, store="acme").events == of_team[3:]


@pytest.mark.parametrize("after", ["", "a b", "ä", "x" * 201, 7])
def test_a_cursor_that_can_be_none_is_told_so(desk, after):
    with pytest.raises(InvalidInput) as refused:
        desk.events(ACME, after=after)
    assert refused.value.problems == {"after": "Must be the meta.next of a page, or latest."}


@pytest.mark.parametrize("limit", [0, 1_001, None, "1"])
def test_a_page_has_a_limit(desk, limit):
    with pytest.raises(InvalidInput) as refused:
        desk.events(ACME, limit=limit)
    assert list(refused.value.problems) == ["limit"]


def test_what_changes_nothing_and_what_fails_is_no_event(desk, busy):
    before = desk.events(ADA), desk.events(ACME)
    desk.reopen(ACME, 1)
    desk.change(ADA, "acme:1", severity="high")
    with pytest.raises(InvalidInput):
        desk.reply(ACME, 1, body="")
    with failing_write(desk.repository):
        desk.reply(ACME, 1, body="Never kept.")
    assert (desk.events(ADA), desk.events(ACME)) == before
    desk.reply(ACME, 1, body="Kept.")
    assert desk.events(ACME, after=before[1].next).events[0].sequence == 9


def test_whole_cases_that_come_in_go_on_behind_what_was_there(desk, busy, clock, db):
    with desk.repository.read() as transaction:
        dossiers = list(kept(transaction))
    other = SupportDesk(open_repository(db), clock=clock)
    other.open(Actor.merchant("initech"), body=BODY)
    since = other.events(ADA).next
    load(other.repository, dossiers)
    events = other.events(ADA, after=since).events
    assert [(event.id, event.message_id) for event in events if event.store == "acme"] == [
        (event.id, event.message_id) for event in desk.events(ADA, store="acme").events
    ]
    assert told(other.events(ACME)) == told(desk.events(ACME))
    other.reply(ACME, 1, body="And on.")
    assert told(other.events(ACME))[-1] == ("acme", "replied", 9)
