"""Quiet cases close themselves: when, which, with what word, and what happens when others write meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import Actor, AuthorKind, InvalidInput, Status, SupportDesk, cli
from supportcases.domain import times
from supportcases.formats.whole_cases import Dossier, load
from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY, T0
from tests.support.rows import ANSWERED, a_case, a_message

CRON = Actor.support("cron")
BOB = Actor.support("Bob", ["globex", "initech"])
FORTNIGHT = timedelta(days=14)
NOTICE = (
    "This case was closed because nobody has written for 14 days since it was answered. Reply, and it is open again."
)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def case(desk):
    """A case of acme, answered at T0."""
    desk.open(ACME, body=BODY)
    return desk.answer(ADA, "acme:1", body="Try again.").case


def numbers(cases) -> list[tuple[str, int]]:
    return [(case.store, case.number) for case in cases]


def idle(desk, actor=CRON, answered_for=FORTNIGHT) -> list[tuple[str, int]]:
    return numbers(desk.idle(actor, answered_for=answered_for))


def close_idle(desk, actor=CRON, answered_for=FORTNIGHT) -> list[tuple[str, int]]:
    return numbers(desk.close_idle(actor, answered_for=answered_for))


def kinds(desk, ref="acme:1") -> list[str]:
    return [str(entry.kind) for entry in desk.history(ADA, ref).entries]


# when


@pytest.mark.parametrize("late", [timedelta(0), MILLISECOND, timedelta(microseconds=1), timedelta(days=3000)])
def test_a_case_is_closed_when_it_has_been_answered_for_that_long(desk, case, clock, late):
    clock.now = T0 + FORTNIGHT + late
    assert idle(desk) == [("acme", 1)]
    assert desk.find(ADA, "acme:1") == case  # a look closes nothing
    (closed,) = desk.close_idle(CRON, answered_for=FORTNIGHT)
    assert closed == desk.find(ADA, "acme:1")
    assert closed.status is Status.CLOSED
    assert closed.closed_at == closed.last_activity_at == times.whole_milliseconds(clock.now)


@pytest.mark.parametrize("early", [MILLISECOND, timedelta(microseconds=1), timedelta(days=13), timedelta(days=30)])
def test_a_case_is_not_closed_a_moment_earlier(desk, case, clock, early):
    clock.now = T0 + FORTNIGHT - early
    assert idle(desk) == close_idle(desk) == []
    assert desk.find(ADA, "acme:1") == case
    assert kinds(desk) == ["opened", "answered"]


@pytest.mark.parametrize("span", [MILLISECOND, timedelta(microseconds=1), timedelta(microseconds=999)])
def test_the_shortest_spans_are_a_millisecond_long(desk, case, clock, span):
    assert idle(desk, answered_for=span) == []
    clock.advance(milliseconds=1)
    assert close_idle(desk, answered_for=span) == [("acme", 1)]


@pytest.mark.parametrize("now", [T0, datetime(9999, 1, 1, tzinfo=UTC)], ids=str)
@pytest.mark.parametrize("span", [timedelta(days=365 * 8000), timedelta(days=365 * 9999), timedelta.max], ids=str)
def test_the_longest_spans_close_nothing(desk, case, clock, now, span):
    clock.now = now
    assert idle(desk, answered_for=span) == close_idle(desk, answered_for=span) == []


# which


@pytest.mark.parametrize("answer", [{"kind": "elliot"}, {"kind": "support"}, None], ids=str)
def test_it_does_not_matter_who_made_the_case_answered(desk, clock, answer):
    desk.open(ACME, body=BODY)
    if answer:
        desk.answer(ADA, "acme:1", body="Try again.", **answer)
    else:
        desk.change(ADA, "acme:1", status="answered")
    clock.advance(days=14)
    assert close_idle(desk) == [("acme", 1)]


def test_a_note_and_a_triage_do_not_keep_a_case_from_going_quiet(desk, case, clock):
    clock.advance(days=10)
    desk.note(ADA, "acme:1", body="Still no word.")
    desk.change(ADA, "acme:1", severity="low", assignee="me")
    clock.advance(days=4)
    assert close_idle(desk) == [("acme", 1)]


def test_only_cases_of_the_actors_stores_are_closed(desk, case, clock):
    desk.open(GLOBEX, body=BODY)
    desk.answer(ADA, "globex:1", body="Try again.")
    clock.advance(days=14)
    assert idle(desk, Actor.support("Nobody's", [])) == close_idle(desk, Actor.support("Nobody's", [])) == []
    assert idle(desk, BOB) == close_idle(desk, BOB) == [("globex", 1)]
    assert desk.find(ADA, "acme:1") == case
    assert close_idle(desk) == [("acme", 1)]


# how


def test_of_given_cases_those_that_are_idle_are_closed(desk, case, clock):
    desk.open(GLOBEX, body=BODY)
    desk.answer(ADA, "globex:1", body="Try again.")
    clock.advance(days=14)
    desk.open(ACME, body=BODY)
    given = ["globex:1", "acme:2", "acme:9", case.id]
    for wrong in ([], ["acme:1"] * 101, ["1"]):
        with pytest.raises(InvalidInput, match="cases must be a list of 1 to 100 cases"):
            desk.close_idle(CRON, answered_for=FORTNIGHT, cases=wrong)
    assert numbers(desk.close_idle(BOB, answered_for=FORTNIGHT, cases=given)) == [("globex", 1)]
    assert numbers(desk.close_idle(CRON, answered_for=FORTNIGHT, cases=given)) == [("acme", 1)]
    assert desk.find(ADA, "acme:2").status is Status.OPEN


def test_the_desks_own_word_says_so_and_the_history_who_did_it(desk, case, clock):
    clock.advance(days=20)
    close_idle(desk)
    thread = desk.get(ACME, 1)
    word = thread.messages[-1]
    assert (word.author_kind, word.author_label, word.body) == (AuthorKind.SYSTEM, "cron", NOTICE)
    assert (word.internal, word.created_at) == (False, clock.now)
    assert len(thread.messages) == 3
    entries = desk.history(ADA, "acme:1").entries[2:]
    assert [(e.kind, e.actor_kind, e.actor_label, e.at, dict(e.was), dict(e.became)) for e in entries] == [
        ("announced", "support", "cron", clock.now, {}, {}),
        ("closed", "support", "cron", clock.now, {"status": "answered"}, {"status": "closed"}),
    ]


# how many


@pytest.fixture
def many(desk, clock):
    """1,003 cases of acme that were answered one after the other, a fortnight and more ago."""
    cases = [a_case(n, last_activity_at=T0 + n * MILLISECOND, created_at=T0, **ANSWERED) for n in range(1, 1_004)]
    load(desk.repository, (Dossier(case, (a_message(case.number),), ()) for case in cases))
    clock.advance(days=15)
    return [("acme", case.number) for case in cases]


def test_of_many_some_are_told_and_closed_at_a_time_the_longest_quiet_first(desk, many):
    assert idle(desk) == many[:1_000]
    assert numbers(desk.idle(CRON, answered_for=FORTNIGHT, limit=2, offset=1_000)) == many[1_000:1_002]
    assert numbers(desk.close_idle(CRON, answered_for=FORTNIGHT, limit=2)) == many[:2]
    assert idle(desk) == many[2:1_002]


def test_a_thousand_are_closed_at_a_time_unless_told_otherwise(desk, many):
    assert close_idle(desk) == many[:1_000]
    assert close_idle(desk) == many[1_000:]
    assert close_idle(desk) == []


def idle_in(db, count: int) -> None:
    with closing(open_repository(db)) as repository:
        load(repository, (Dossier(a_case(n, **ANSWERED), (a_message(n),), ()) for n in range(1, count + 1)))


def test_the_command_tells_of_all_however_many(db, capsys):
    idle_in(db, 1_003)
    assert cli.main(["close-idle", "--answered-for", "14d", "--db", db, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (len(set(lines)), lines[-1]) == (1_004, "1003 cases would be closed")


def test_the_command_closes_all_however_many(db, capsys, monkeypatch):
    monkeypatch.setitem(SupportDesk.close_idle.__kwdefaults__, "limit", 3)
    idle_in(db, 7)
    assert cli.main(["close-idle", "--answered-for", "14d", "--db", db]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (len(set(lines)), lines[-1]) == (8, "7 cases closed")
    assert cli.main(["close-idle", "--answered-for", "14d", "--db", db]) == 0
    assert capsys.readouterr().out == "0 cases closed\n"


# while others write


def between(monkeypatch, repository, act: Callable[[], object], turn: int = 0) -> None:
    """Let somebody act after the look and before the closing of the case whose turn it is."""
    write, turns = repository.write, iter(range(1000))

    @contextmanager
    def later():
        if next(turns) == turn:
            monkeypatch.setattr(repository, "write", write)
            act()
            monkeypatch.setattr(repository, "write", later)
        with write() as transaction:
            yield transaction

    monkeypatch.setattr(repository, "write", later)


MEANWHILE = {
    "a reply": lambda desk: desk.reply(ACME, 1, body="Wait, I am here!"),
    "a reopening": lambda desk: desk.reopen(ACME, 1),
    "a closing": lambda desk: desk.close(ACME, 1),
    "another answer": lambda desk: desk.answer(ADA, "acme:1", body="Did that help?"),
    "another run": lambda desk: desk.close_idle(ADA, answered_for=FORTNIGHT),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_comes_between_the_look_and_the_closing_wins(desk, case, clock, monkeypatch, what):
    clock.advance(days=14)
    left = []

    def act():
        MEANWHILE[what](desk)
        left.extend([desk.get(ADA, "acme:1"), desk.history(ADA, "acme:1")])

    between(monkeypatch, desk.repository, act)
    assert close_idle(desk) == []
    assert [desk.get(ADA, "acme:1"), desk.history(ADA, "acme:1")] == left


@pytest.mark.parametrize("turn", [0, 2], ids=["before the first closing", "after it"])
def test_a_reply_to_one_case_does_not_keep_the_others_from_closing(file_repository, clock, monkeypatch, turn):
    desk = SupportDesk(file_repository, clock=clock)
    for number in (1, 2, 3):
        desk.open(ACME, body=BODY)
        desk.answer(ADA, f"acme:{number}", body="Try again.")
        clock.advance(minutes=1)
    clock.advance(days=14)

    def in_another_thread():
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(desk.reply, ACME, 2, body="Wait!").result(timeout=5)

    between(monkeypatch, file_repository, in_another_thread, turn)  # the first case has two, one within the other
    assert close_idle(desk) == [("acme", 1), ("acme", 3)]
    assert desk.find(ADA, "acme:2").status == "open"


def test_a_note_in_between_does_not_keep_a_case_from_closing(desk, case, clock, monkeypatch):
    clock.advance(days=14)
    between(monkeypatch, desk.repository, lambda: desk.note(ADA, "acme:1", body="Hm"))
    assert close_idle(desk) == [("acme", 1)]
    assert kinds(desk)[-3:] == ["noted", "announced", "closed"]


def test_a_clock_that_is_set_back_between_the_look_and_the_closing_closes_nothing(repository, clock):
    moments = []

    def ticking() -> datetime:
        moments.append(clock.now)
        return clock.now if len(moments) == 1 else T0 + timedelta(days=13)

    quiet = SupportDesk(repository, clock=clock)
    quiet.open(ACME, body=BODY)
    quiet.answer(ADA, "acme:1", body="Try again.")
    clock.now = T0 + FORTNIGHT
    assert SupportDesk(repository, clock=ticking).close_idle(CRON, answered_for=FORTNIGHT) == ()
    assert len(moments) == 2
    assert quiet.find(ADA, "acme:1").status == "answered"


def test_a_run_that_fails_midway_has_closed_whole_cases(desk, clock, monkeypatch):
    for number in (1, 2, 3):
        desk.open(ACME, body=BODY)
        desk.answer(ADA, f"acme:{number}", body="Try again.")
    clock.advance(days=14)
    ids, used = desk._new_id, []

    def failing():
        used.append(1)
        if len(used) == 2:
            raise ZeroDivisionError
        return ids()

    monkeypatch.setattr(desk, "_new_id", failing)
    with pytest.raises(ZeroDivisionError):
        close_idle(desk)
    assert [desk.find(ADA, f"acme:{n}").status for n in (1, 2, 3)] == ["closed", "answered", "answered"]
    assert [len(desk.get(ADA, f"acme:{n}").messages) for n in (1, 2, 3)] == [3, 2, 2]
    assert close_idle(desk) == [("acme", 2), ("acme", 3)]
