"""The statistics of the desk, against a naive computation over everything that was done."""

import random
import statistics
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportcases import Actor, Severity, Spread, SqliteRepository, Statistics, Status, SupportDesk
from supportcases.domain.statistics import spread_of
from supportcases.testing import MovableClock, numbered_ids
from tests.conftest import ACME, ADA

T0 = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)
BODY = "The card was declined. What can I do?"
ACTORS = {
    "all": ADA,
    "one": Actor.support("Bob", ["acme"]),
    "two": Actor.support("Bob", ["globex", "initech", "umbrella"]),
    "none": Actor.support("Nobody's", []),
}


def naive_spread(seconds: Sequence[float]) -> tuple[int, float | None, float | None]:
    """Return the count, the median and the 90th percentile: between two neighbours both are interpolated."""
    ordered = sorted(seconds)
    if not ordered:
        return 0, None, None

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

    return len(ordered), at(0.5), at(0.9)


def assert_spread(spread: Spread, seconds: Sequence[float]) -> None:
    number, median, p90 = naive_spread(seconds)
    assert spread.count == number
    if number == 0:
        assert (spread.median, spread.p90) == (None, None)
    else:
        assert spread.median == pytest.approx(median, abs=0.00051)  # to the millisecond
        assert spread.p90 == pytest.approx(p90, abs=0.00051)


class Chronicle:
    """A desk with a random past, and what a naive chronicler wrote of it."""

    def __init__(self, desk: SupportDesk, clock: MovableClock, dice: random.Random) -> None:
        self.desk, self.clock, self.dice = desk, clock, dice
        self.cases: list[dict] = []

    def pass_time(self) -> None:
        self.clock.advance(milliseconds=self.dice.choice([0, 1, 7, 999, 1000, 86_400_000, self.dice.randint(0, 10**6)]))

    def open(self) -> None:
        severity = self.dice.choice(list(Severity))
        store = self.dice.choice(["acme", "globex", "initech"])
        opened = self.desk.open(ADA, store=store, body=BODY, severity=severity)
        now = self.clock.now
        self.cases.append(
            {
                "id": opened.id,
                "store": store,
                "opened": now,
                "severity": severity,
                "status": "open",
                "answered": None,
                "closed": None,
                "waiting": now,
                "unanswered": now,
            }
        )

    def turn(self, case: dict, status: str) -> None:
        if status == "answered":
            case["unanswered"] = None
        elif status == "open":
            case["unanswered"] = case["unanswered"] or self.clock.now
        case["waiting"] = case["unanswered"] if status == "open" else None
        if status != case["status"]:
            case["closed"] = self.clock.now if status == "closed" else None
        case["status"] = status

    def write(self) -> None:
        case = self.dice.choice(self.cases)
        case_id, now = case["id"], self.clock.now
        match self.dice.randint(0, 7):
            case 0:
                self.desk.reply(Actor.merchant(case["store"]), case_id, body="More")
                self.turn(case, "open")
            case 1 | 2:
                close = self.dice.random() < 0.4
                self.desk.answer(
                    ADA, case_id, body="Try again.", kind=self.dice.choice(["support", "elliot"]), close=close
                )
                case["answered"] = case["answered"] or now
                self.turn(case, "answered")
                if close:
                    self.turn(case, "closed")
            case 3:
                close = self.dice.random() < 0.4
                self.desk.answer(ADA, case_id, body="We were down.", kind="system", close=close)
                if close:
                    self.turn(case, "closed")
            case 4:
                self.desk.note(ADA, case_id, body="Hm", kind=self.dice.choice(["support", "elliot", "system"]))
            case 5:
                status = self.dice.choice(["open", "answered", "closed"])
                self.desk.change(ADA, case_id, status=status)
                if status != case["status"]:
                    self.turn(case, status)
            case 6:
                case["severity"] = self.dice.choice(list(Severity))
                self.desk.change(ADA, case_id, severity=case["severity"])
            case 7:
                self.desk.close(Actor.merchant(case["store"]), case_id)
                if case["status"] != "closed":
                    self.turn(case, "closed")

    def assert_agrees(self, actor: Actor, store: str | None, after: datetime | None, before: datetime | None) -> None:
        """Ask for the statistics, and count again by hand."""
        found = self.desk.stats(actor, store=store, created_after=after, created_before=before)
        cases = [
            case
            for case in self.cases
            if (actor.stores is None or case["store"] in actor.stores)
            and store in (None, case["store"])
            and (after is None or case["opened"] >= after)
            and (before is None or case["opened"] < before)
        ]
        for status in Status:
            for severity in Severity:
                number = sum(case["status"] == status and case["severity"] == severity for case in cases)
                assert found.counts[status][severity] == number
        waiting = min(((case["waiting"], case["id"]) for case in cases if case["waiting"]), default=(None, None))
        oldest = found.oldest_unanswered
        assert (oldest.waiting_since, oldest.id) == waiting if oldest else waiting == (None, None)
        answers = [(case["answered"] - case["opened"]).total_seconds() for case in cases if case["answered"]]
        assert_spread(found.first_answer, answers)
        closings = [(case["closed"] - case["opened"]).total_seconds() for case in cases if case["closed"]]
        assert_spread(found.time_to_close, closings)


def chronicle(dice: random.Random) -> Chronicle:
    clock = MovableClock()
    desk = SupportDesk(SqliteRepository(":memory:"), clock=clock, new_id=numbered_ids())
    told = Chronicle(desk, clock, dice)
    with desk.repository.write():
        for _ in range(dice.choice([0, 1, 2, 8, 20])):
            told.open()
            told.pass_time()
        for _ in range(dice.randint(0, 4 * len(told.cases))):
            told.write()
            told.pass_time()
    return told


@pytest.mark.parametrize("block", range(6))
def test_the_statistics_are_those_of_a_naive_computation(block):
    """240 desks, each asked as a whole and in ten windows, stores and actors at random."""
    for seed in range(40 * block, 40 * (block + 1)):
        dice = random.Random(seed)
        told = chronicle(dice)
        with closing(told.desk.repository):
            told.assert_agrees(ADA, None, None, None)
            edges = [None, T0, told.clock.now, *(case["opened"] for case in told.cases)]
            edges += [edge + timedelta(milliseconds=step) for edge in edges if edge for step in (-1, 1)]
            for _ in range(10):
                actor, store = ACTORS[dice.choice(list(ACTORS))], dice.choice([None, "acme", "globex", "umbrella"])
                told.assert_agrees(actor, store, dice.choice(edges), dice.choice(edges))


def test_the_random_pasts_hold_what_they_should():
    """Of the first 80 desks enough have answers, closings, waits and none at all."""
    seen = {"empty": 0, "answered": 0, "closed": 0, "waiting": 0, "many answers": 0}
    for seed in range(80):
        told = chronicle(random.Random(seed))
        told.desk.repository.close()
        answers = sum(case["answered"] is not None for case in told.cases)
        seen["empty"] += not told.cases
        seen["answered"] += answers > 0
        seen["many answers"] += answers >= 6
        seen["closed"] += any(case["closed"] for case in told.cases)
        seen["waiting"] += any(case["waiting"] for case in told.cases)
    assert min(seen.values()) >= 8, seen


NOTHING = Statistics(
    {status: dict.fromkeys(Severity, 0) for status in Status}, None, Spread(0, None, None), Spread(0, None, None)
)


def test_of_no_cases_there_is_nothing(desk):
    assert desk.stats(ADA) == NOTHING
    assert list(desk.stats(ADA).counts) == list(Status)
    assert all(list(counts) == list(Severity) for counts in desk.stats(ADA).counts.values())


def test_notes_the_desks_own_words_and_a_status_are_no_answer(desk, clock):
    desk.open(ACME, body=BODY)
    for say in (
        lambda: desk.note(ADA, "acme:1", body="Hm"),
        lambda: desk.note(ADA, "acme:1", body="Hm", kind="elliot"),
        lambda: desk.answer(ADA, "acme:1", body="Down.", kind="system"),
        lambda: desk.change(ADA, "acme:1", status="answered"),
        lambda: desk.reply(ACME, 1, body="And?"),
        lambda: desk.answer(ADA, "acme:1", body="Closed.", kind="system", close=True),
    ):
        clock.advance(minutes=1)
        say()
        assert desk.stats(ADA).first_answer == Spread(0, None, None)
    clock.advance(minutes=1)
    desk.answer(ADA, "acme:1", body="Sorry!", kind="elliot")
    clock.advance(minutes=1)
    desk.answer(ADA, "acme:1", body="Sorry, too!")
    assert desk.stats(ADA).first_answer == Spread(1, 420.0, 420.0)


def test_a_case_that_was_opened_again_is_not_closed_and_then_takes_longer(desk, clock):
    desk.open(ACME, body=BODY)
    clock.advance(minutes=1)
    desk.close(ACME, 1)
    assert desk.stats(ADA).time_to_close == Spread(1, 60.0, 60.0)
    desk.reply(ACME, 1, body="Wait!")
    assert desk.stats(ADA).time_to_close == Spread(0, None, None)
    clock.advance(minutes=1)
    desk.close(ACME, 1)
    clock.advance(minutes=1)
    desk.answer(ADA, "acme:1", body="By the way", kind="system")
    assert desk.stats(ADA).time_to_close == Spread(1, 120.0, 120.0)


# medians and percentiles


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(0, 10**12), max_size=40))
def test_a_spread_is_that_of_the_standard_library(milliseconds):
    spread = spread_of(milliseconds)
    assert_spread(spread, [duration / 1000 for duration in milliseconds])
    if len(milliseconds) >= 2:
        p90 = statistics.quantiles(milliseconds, n=10, method="inclusive")[8]
        median = statistics.quantiles(milliseconds, n=2, method="inclusive")[0]
        assert (spread.median, spread.p90) == (round(median / 1000, 3), round(p90 / 1000, 3))


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        ([], Spread(0, None, None)),
        ([0], Spread(1, 0.0, 0.0)),
        ([1], Spread(1, 0.001, 0.001)),
        ([2500], Spread(1, 2.5, 2.5)),
        ([3000, 1000], Spread(2, 2.0, 2.8)),
        ([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000], Spread(11, 5.0, 9.0)),
        ([1000] * 50, Spread(50, 1.0, 1.0)),
        ([10**14], Spread(1, 10.0**11, 10.0**11)),
    ],
    ids=str,
)
def test_what_a_spread_is(milliseconds, expected):
    assert spread_of(milliseconds) == expected
