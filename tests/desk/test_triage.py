"""The support team's side of the desk, without HTTP: answers, notes, triage, opening on a store's behalf."""

from datetime import timedelta

import pytest

from supportcases import (
    Actor,
    AuthorKind,
    CaseNotFound,
    Category,
    HistoryEntry,
    NotPermitted,
    Severity,
    Status,
)
from tests.conftest import ACME, ADA
from tests.support.desks import BOB, BODY, NOBODYS, T0, everything, names, problems, told
from tests.support.engines import events_of

# who

FOR_SUPPORT = {
    "answer": lambda desk, actor, ref: desk.answer(actor, ref, body="x"),
    "note": lambda desk, actor, ref: desk.note(actor, ref, body="x"),
    "whole_case": lambda desk, actor, ref: desk.whole_case(actor, ref),
    "change": lambda desk, actor, ref: desk.change(actor, ref, severity="low"),
    "change nothing": lambda desk, actor, ref: desk.change(actor, ref),
    "assign": lambda desk, actor, ref: desk.assign(actor, ref, "me"),
    "history": lambda desk, actor, ref: desk.history(actor, ref),
    "change late": lambda desk, actor, ref: desk.change(actor, ref, status="closed", if_revision={7}),
    "revision": lambda desk, actor, ref: desk.revision(actor, ref),
}
FOR_BOTH = {
    name: lambda desk, actor, ref, name=name: getattr(desk, name)(actor, ref)
    for name in ("find", "get", "close", "reopen")
}
OVER_ALL = {
    "queue": lambda desk, actor: desk.queue(actor),
    "stats": lambda desk, actor: desk.stats(actor),
    "stores": lambda desk, actor: desk.stores(actor),
    "views": lambda desk, actor: desk.views(actor),
    "assignees": lambda desk, actor: desk.assignees(actor),
    "idle": lambda desk, actor: desk.idle(actor, answered_for=timedelta(days=1)),
    "close_idle": lambda desk, actor: desk.close_idle(actor, answered_for=timedelta(milliseconds=1)),
}


@pytest.mark.parametrize("use", FOR_SUPPORT)
@pytest.mark.parametrize("ref", ["acme:1", "1", "own id", "globex:1", "nothing"])
def test_what_is_for_the_team_is_not_for_merchants_whatever_they_name(desk, case, use, ref):
    before = everything(desk)
    with pytest.raises(NotPermitted, match=r"^This is for the support team only\.$"):
        FOR_SUPPORT[use](desk, ACME, case.id if ref == "own id" else ref)
    assert everything(desk) == before


@pytest.mark.parametrize("use", OVER_ALL)
def test_what_goes_over_all_stores_is_not_for_merchants(desk, case, clock, use):
    desk.answer(ADA, "acme:1", body="Try again.")
    clock.advance(days=100)
    before = everything(desk)
    with pytest.raises(NotPermitted, match=r"^This is for the support team only\.$"):
        OVER_ALL[use](desk, ACME)
    assert everything(desk) == before


@pytest.mark.parametrize("use", FOR_SUPPORT | FOR_BOTH)
@pytest.mark.parametrize("actor", [BOB, NOBODYS], ids=["others", "none"])
def test_a_case_of_a_store_that_the_actor_does_not_serve_is_as_one_that_never_was(desk, case, use, actor):
    before = everything(desk)
    for ref in ("acme:1", case.id, case.id.upper(), "acme:99", "globex:1", 1, "", None):
        with pytest.raises(CaseNotFound, match=r"^There is no such support case\.$"):
            (FOR_SUPPORT | FOR_BOTH)[use](desk, actor, ref)
    assert everything(desk) == before


def test_a_faulty_word_of_a_merchant_is_not_permitted_rather_than_invalid(desk, case):
    with pytest.raises(NotPermitted):
        desk.answer(ACME, 1, body="", kind="merchant")
    with pytest.raises(NotPermitted):
        desk.queue(ACME, limit=0)


# answering


@pytest.mark.parametrize("kind", ["support", "elliot"])
def test_an_answer_makes_the_case_answered_whatever_it_was(desk, clock, in_any_status, kind):
    said = desk.answer(ADA, "acme:1", body=" Try again. ", kind=kind)
    thread = desk.get(ACME, 1)
    assert said.message == thread.messages[-1]
    assert (said.message.author_kind, said.message.author_label, said.message.body) == (kind, "Ada", "Try again.")
    assert (said.message.internal, said.message.created_at) == (False, clock.now)
    assert said.case == thread.case
    assert (said.case.status, said.case.last_activity_at) == (Status.ANSWERED, clock.now)
    assert (said.case.closed_at, said.case.waiting_since, said.case.assignee) == (None, None, "Zoë")
    was = in_any_status.status
    change = ({}, {}) if was == "answered" else ({"status": was}, {"status": "answered"})
    assert told(desk)[-1] == ("Ada", "answered", *change)


def test_words_of_the_desk_itself_leave_the_status_alone(desk, clock, in_any_status):
    said = desk.answer(ADA, "acme:1", body="We were down.", kind="system")
    assert said.message.author_kind is AuthorKind.SYSTEM
    assert said.case == desk.find(ADA, "acme:1")
    assert said.case.last_activity_at == said.message.created_at == clock.now
    for name in ("status", "closed_at", "waiting_since", "assignee", "severity", "subject"):
        assert getattr(said.case, name) == getattr(in_any_status, name)
    assert told(desk)[-1] == ("Ada", "announced", {}, {})


@pytest.mark.parametrize("kind", ["support", "elliot", "system"])
def test_an_answer_may_close_the_case_with_it(desk, clock, case, kind):
    said = desk.answer(ADA, "acme:1", body="Done.", kind=kind, close=True)
    assert said.case == desk.find(ADA, "acme:1")
    assert (said.case.status, said.case.closed_at, said.case.waiting_since) == (Status.CLOSED, clock.now, None)
    assert said.case.last_activity_at == said.message.created_at == clock.now
    if kind == "system":
        steps = [("Ada", "announced", {}, {}), ("Ada", "closed", {"status": "open"}, {"status": "closed"})]
    else:
        steps = [
            ("Ada", "answered", {"status": "open"}, {"status": "answered"}),
            ("Ada", "closed", {"status": "answered"}, {"status": "closed"}),
        ]
    assert told(desk) == steps


def test_what_closes_a_closed_case_is_not_written_down_as_a_closing(desk, clock, case):
    closed = desk.close(ADA, "acme:1")
    clock.advance(minutes=1)
    said = desk.answer(ADA, "acme:1", body="For the record.", kind="system", close=True)
    assert (said.case.status, said.case.closed_at) == (Status.CLOSED, closed.closed_at)
    assert [kind for _, kind, _, _ in told(desk)] == ["closed", "announced"]


def test_a_closing_that_fails_keeps_no_answer_either(desk, case, monkeypatch):
    before = everything(desk)

    def record(events, case, entry, message_id):
        if entry.kind == "closed":
            raise ZeroDivisionError
        recorded(events, case, entry, message_id)

    events = events_of(desk.repository)
    recorded = events.record
    monkeypatch.setattr(events, "record", record)
    with pytest.raises(ZeroDivisionError):
        desk.answer(ADA, "acme:1", body="Done.", close=True)
    assert everything(desk) == before


# notes


@pytest.mark.parametrize("kind", ["support", "elliot", "system"])
def test_a_note_changes_nothing_of_the_case_and_no_merchant_sees_it(desk, clock, in_any_status, kind):
    before = (desk.get(ACME, 1), desk.list(ACME), desk.list(ACME, query="secret"))
    said = desk.note(ADA, "acme:1", body=" secret ", kind=kind)
    assert (said.message.body, said.message.internal, said.message.author_kind) == ("secret", True, kind)
    assert said.message.created_at == clock.now
    assert said.case == in_any_status == desk.find(ADA, "acme:1")
    assert (desk.get(ACME, 1), desk.list(ACME), desk.list(ACME, query="secret")) == before
    assert desk.get(ACME, 1).revision is None
    assert desk.get(ADA, "acme:1").messages[-1] == said.message
    assert told(desk)[-1] == ("Ada", "noted", {}, {})
    assert names(desk.queue(ADA, query="SECRET")) == [("acme", 1)]


@pytest.mark.parametrize("say", ["answer", "note"])
def test_a_word_may_bear_another_name(desk, case, say):
    said = getattr(desk, say)(ADA, "acme:1", body="Hm", author="The team")
    assert said.message.author_label == "The team"


# triage


def test_everything_can_be_changed_at_once_and_is_one_entry(desk, case, clock):
    changed = desk.change(
        ADA,
        "acme:1",
        status="closed",
        severity="critical",
        category=Category.BILLING_PLANS,
        subject=" Declined ",
        assignee=" Zoë ",
    )
    assert changed == desk.find(ADA, "acme:1")
    became = {
        "subject": "Declined",
        "category": Category.BILLING_PLANS,
        "severity": Severity.CRITICAL,
        "status": Status.CLOSED,
        "assignee": "Zoë",
    }
    assert changed == case._replace(last_activity_at=clock.now, closed_at=clock.now, **became)  # closing is no answer
    assert told(desk) == [("Ada", "closed", {name: getattr(case, name) for name in became}, became)]


@pytest.mark.parametrize(
    "change",
    [{"severity": "low"}, {"category": "billing_plans"}, {"subject": "Declined"}, {"assignee": "Zoë 2"}],
    ids=str,
)
def test_only_a_new_status_is_activity(desk, in_any_status, change):
    changed = desk.change(ADA, "acme:1", **change)
    ((name, value),) = change.items()
    assert getattr(changed, name) == value
    for kept in ("status", "last_activity_at", "closed_at", "waiting_since", "created_at"):
        assert getattr(changed, kept) == getattr(in_any_status, kept)
    assert told(desk)[-1] == ("Ada", "changed", {name: getattr(in_any_status, name)}, change)


def test_what_changes_nothing_is_not_written_down(desk, case, clock):
    before = everything(desk)
    clock.advance(days=1)
    assert desk.change(ADA, "acme:1") == case
    same = {"status": "open", "severity": "normal", "category": "other", "subject": case.subject, "assignee": None}
    assert desk.change(ADA, "acme:1", **same) == case
    assert desk.assign(ADA, "acme:1", None) == case
    assert everything(desk) == before


def test_a_case_is_assigned_to_a_label_to_me_and_to_nobody(desk, case):
    assert desk.assign(ADA, "acme:1", "Zoë").assignee == "Zoë"
    assert desk.assign(ADA, "acme:1", " me ").assignee == "Ada"
    assert desk.assign(Actor.support("Bob"), "acme:1", "me").assignee == "Bob"
    assert desk.assign(ADA, "acme:1", "Me").assignee == "Me"
    assert desk.assign(ADA, "acme:1", None).assignee is None
    assert [became["assignee"] for _, _, _, became in told(desk)] == ["Zoë", "Ada", "Bob", "Me", None]


# opening on a store's behalf


def test_a_case_opened_on_a_stores_behalf_is_the_merchants(desk, clock):
    case = desk.open(ADA, store="acme", body=BODY, severity="high", category="billing_plans")
    assert case == desk.find(ACME, 1)
    assert (case.store, case.number, case.status, case.waiting_since) == ("acme", 1, Status.OPEN, T0)
    assert (case.severity, case.category, case.subject) == ("high", "billing_plans", "The card was declined")
    (message,) = desk.get(ACME, 1).messages
    assert (message.author_kind, message.author_label, message.body) == (AuthorKind.MERCHANT, "API", BODY)
    assert desk.history(ADA, "acme:1").entries == (HistoryEntry("opened", ADA.kind, "Ada", T0, {}, {"status": "open"}),)
    assert desk.open(ACME, body=BODY).number == 2
    assert desk.open(ADA, store="acme", body=BODY, author="Zoë").number == 3
    assert desk.get(ACME, 3).messages[0].author_label == "Zoë"


def test_support_opens_cases_only_of_the_stores_that_it_serves(desk):
    assert desk.open(BOB, store="globex", body=BODY).store == "globex"
    before = everything(desk)
    for actor, store in ((BOB, "acme"), (BOB, "GLOBEX"), (NOBODYS, "globex")):
        with pytest.raises(NotPermitted, match=f"^You do not serve the store {store}"):
            desk.open(actor, store=store, body=BODY)
    assert everything(desk) == before


def test_support_names_the_store_and_a_merchant_none_but_its_own(desk):
    assert problems(desk.open, ADA, body=BODY) == {"store": "Is required."}
    assert list(problems(desk.open, ACME, store="globex", body=BODY)) == ["store"]
    assert desk.open(ACME, store="acme", body=BODY).number == 1
    assert desk.queue(ADA).count == 1


# since when a merchant waits


def test_a_merchant_waits_since_the_first_word_that_nobody_has_answered(desk, case, clock):
    def since(use, *arguments, **named):
        use(*arguments, **named)
        clock.advance(minutes=1)
        waiting = desk.find(ADA, "acme:1").waiting_since
        return None if waiting is None else round((waiting - T0).total_seconds() / 60)

    waits = [
        since(desk.reply, ACME, 1, body="1"),
        since(desk.answer, ADA, "acme:1", body="2", kind="system"),
        since(desk.note, ADA, "acme:1", body="3"),
        since(desk.answer, ADA, "acme:1", body="4"),
        since(desk.answer, ADA, "acme:1", body="5", kind="system"),
        since(desk.reply, ACME, 1, body="6"),
        since(desk.reply, ACME, 1, body="7"),
        since(desk.answer, ADA, "acme:1", body="8", kind="elliot"),
        since(desk.reopen, ADA, "acme:1"),
        since(desk.close, ACME, 1),
        since(desk.reopen, ACME, 1),
        since(desk.change, ADA, "acme:1", severity="low", status="open"),
        since(desk.change, ADA, "acme:1", status="answered"),
        since(desk.reply, ACME, 1, body="14"),
    ]
    assert waits == [0, 0, 0, None, None, 6, 6, None, 9, None, 9, 9, None, 14]


def test_a_clock_that_runs_backwards_does_not_take_activity_back(desk, case, clock):
    latest = desk.answer(ADA, "acme:1", body="One").case.last_activity_at
    clock.advance(days=-1)
    for use in (
        lambda: desk.answer(ADA, "acme:1", body="Two", kind="system"),
        lambda: desk.note(ADA, "acme:1", body="Three"),
        lambda: desk.change(ADA, "acme:1", status="open", assignee="me"),
        lambda: desk.answer(ADA, "acme:1", body="Four", close=True),
        lambda: desk.reply(ACME, 1, body="Five"),
        lambda: desk.close(ACME, 1),
        lambda: desk.reopen(ACME, 1),
    ):
        use()
        assert desk.find(ADA, "acme:1").last_activity_at == latest
    assert {m.created_at for m in desk.get(ADA, "acme:1").messages[1:]} == {latest}
    assert [entry.at for entry in desk.history(ADA, "acme:1").entries[1:]] == [latest] * 9
