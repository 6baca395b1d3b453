"""The statistics of the desk: what counts as an answer and as a closing, and what a spread is.

test_state_machine.py compares them with a model in windows, stores and actors at random.
"""

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportcases import Severity, Spread, Statistics, Status
from tests.conftest import ACME, ADA
from tests.support.desks import BODY
from tests.support.rows import spread_of

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


@settings(max_examples=100)
@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=40))
def test_a_spread_is_that_of_the_standard_library(milliseconds):
    spread = spread_of(milliseconds)
    p90 = statistics.quantiles(milliseconds, n=10, method="inclusive")[8]
    median = statistics.quantiles(milliseconds, n=2, method="inclusive")[0]
    assert spread == Spread(len(milliseconds), round(median / 1000, 3), round(p90 / 1000, 3))


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
