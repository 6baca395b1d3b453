"""What the host is told: every event once it is kept, in nobody's transaction, and nothing that was taken back."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from supportcases import Actor, CaseMoved, EventKind, InvalidInput, create_app
from supportcases.testing import support_desk
from tests.conftest import ACME, ADA, CASES, SUPPORT
from tests.support.rows import failing_write

BODY = "The checkout shows a blank page."


def kinds(desk) -> list[str]:
    return [str(event.kind) for event in desk.events]


def test_each_thing_that_happens_is_told_with_who_did_it_and_what_was_said(support_desk):
    mara, ada = support_desk.as_merchant("acme", "Mara"), support_desk.as_support("Ada")
    mara.open(body=BODY)
    ada.note("acme:1", body="Third one this week.")
    ada.answer("acme:1", body="Which browser?", close=True)
    mara.reply(1, body="Safari.")
    ada.assign("acme:1", "me")
    mara.close(1)
    mara.reopen(1)
    told = [
        (str(e.kind), e.actor.label, dict(e.was), dict(e.became), e.message and e.message.body)
        for e in support_desk.events
    ]
    assert told == [
        ("opened", "Mara", {}, {"status": "open"}, BODY),
        ("noted", "Ada", {}, {}, "Third one this week."),
        ("answered", "Ada", {"status": "open"}, {"status": "answered"}, "Which browser?"),
        ("closed", "Ada", {"status": "answered"}, {"status": "closed"}, None),
        ("replied", "Mara", {"status": "closed"}, {"status": "open"}, "Safari."),
        ("changed", "Ada", {"assignee": None}, {"assignee": "Ada"}, None),
        ("closed", "Mara", {"status": "open"}, {"status": "closed"}, None),
        ("reopened", "Mara", {"status": "closed"}, {"status": "open"}, None),
    ]
    last = support_desk.events[-1]
    assert (last.case, last.at) == (mara.find(1), support_desk.clock.now)


def test_the_events_are_those_of_the_history(support_desk):
    ada = support_desk.as_support("Ada")
    support_desk.as_merchant("acme").open(body=BODY)
    ada.answer("acme:1", body="Which browser?")
    support_desk.clock.advance(days=20)
    ada.close_idle(answered_for=timedelta(days=14))
    assert kinds(support_desk) == [str(entry.kind) for entry in ada.history("acme:1").entries]
    assert kinds(support_desk) == ["opened", "answered", "announced", "closed"]


def test_what_changes_nothing_or_is_refused_is_no_event(support_desk):
    mara, ada = support_desk.as_merchant("acme"), support_desk.as_support("Ada")
    mara.open(body=BODY)
    mara.reopen(1)
    ada.change("acme:1", severity="normal")
    with pytest.raises(InvalidInput):
        mara.reply(1, body=" ")
    with pytest.raises(CaseMoved):
        ada.answer("acme:1", body="Late.", if_revision=[7])
    assert kinds(support_desk) == ["opened"]


def test_it_is_told_over_http_before_the_answer_and_once_for_a_retried_request(support_desk):
    client, ada = support_desk.client("acme"), support_desk.support_client("Ada")
    for _ in range(2):
        client.post(CASES, json={"body": BODY}, headers={"Idempotency-Key": "k"})
        client.post(f"{CASES}/1/messages", json={"body": "Safari."}, headers={"Idempotency-Key": "l"})
        client.patch(f"{CASES}/1", json={"status": "closed"})
        ada.post(f"{SUPPORT}/cases/acme:1/messages", json={"body": "Fixed."}, headers={"Idempotency-Key": "m"})
    assert kinds(support_desk) == ["opened", "replied", "closed", "answered", "closed"]


def test_it_may_use_the_desk_itself(db):
    def welcome(event):
        if event.kind is EventKind.OPENED:
            app.desk.answer(Actor.support("Robot"), event.case.id, body="We have it.", kind="elliot")

    app = create_app(db, on_event=welcome)
    app.desk.open(ACME, body=BODY)
    assert [m.author_label for m in app.desk.get(ACME, 1).messages] == ["API", "Robot"]
    app.desk.repository.close()


def test_what_it_does_itself_is_told_after_the_rest_of_the_commit(db):
    heard = []

    def thank(event):
        heard.append(event.kind)
        if event.kind is EventKind.ANSWERED:
            app.desk.note(ADA, event.case.id, body="Answered.")

    app = create_app(db, on_event=thank)
    app.desk.open(ACME, body=BODY)
    app.desk.answer(ADA, "acme:1", body="Fixed.", close=True)
    app.desk.repository.close()
    assert heard == ["opened", "answered", "closed", "noted"]


def test_nothing_is_told_of_what_the_host_takes_back(support_desk):
    mara = support_desk.as_merchant("acme")
    repository = support_desk.desk.repository
    with failing_write(repository):
        mara.open(body=BODY)
        assert kinds(support_desk) == []
    with repository.write():
        mara.open(body=BODY)
        with failing_write(repository):
            mara.reply(1, body="Never mind.")
        mara.close(1)
        assert kinds(support_desk) == []
    assert kinds(support_desk) == ["opened", "closed"]


@pytest.mark.parametrize("over_http", [True, False])
def test_an_exception_in_it_is_logged_and_changes_nothing(over_http, caplog):
    def fail(event):
        raise RuntimeError("the mail server is down")

    with support_desk(on_event=fail) as desk:
        if over_http:
            answer = desk.client("acme").post(CASES, json={"body": BODY})
            assert (answer.status_code, answer.json["number"]) == (201, 1)
        else:
            assert desk.as_merchant("acme").open(body=BODY).number == 1
        assert desk.as_merchant("acme").list().count == 1
    (record,) = [r for r in caplog.records if r.name == "supportcases.desk"]
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "on_event failed for opened of acme:1")
    assert str(record.exc_info[1]) == "the mail server is down"


def test_of_threads_that_write_at_once_each_event_is_told_once(db):
    with support_desk(db) as desk:
        mara = desk.as_merchant("acme")
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: mara.open(body=BODY), range(80)))
        assert sorted(event.case.number for event in desk.events) == list(range(1, 81))
