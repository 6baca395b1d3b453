"""Made-up cases: believable, the same for the same seed, and through the desk's own use cases."""

from datetime import UTC, datetime, timedelta

import pytest

from supportcases import Actor, Status
from supportcases.domain import fields
from supportcases.testing import made_up_cases

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def many():
    return list(made_up_cases(5000, until=NOW))


def test_they_are_the_same_for_the_same_seed_and_others_for_another():
    again, other = (list(made_up_cases(50, until=NOW, seed=seed)) for seed in (1, 2))
    assert again == list(made_up_cases(50, until=NOW))
    assert not {case.messages for case in again} & {case.messages for case in other}


def test_subjects_and_bodies_are_as_the_desk_would_keep_them(many):
    for case in many:
        assert fields.SUBJECT.clean(case.subject) == case.subject
        for message in case.messages:
            assert fields.REPLY_BODY.clean(message.body) == message.body
            assert fields.AUTHOR.clean(message.author_label) == message.author_label


def test_time_goes_on_and_ends_with_the_present(many):
    opened = [case.messages[0].at for case in many]
    assert opened == sorted(opened)
    assert opened[0] >= NOW - timedelta(days=730)
    for case in many:
        times = [message.at for message in case.messages] + ([case.closed_at] if case.closed_at else [])
        assert times == sorted(times)
        assert times[-1] <= NOW


@pytest.mark.parametrize("count", [0, 1, 30])
def test_a_desk_is_filled_with_them_before_its_present(support_desk, count):
    now = support_desk.clock.now
    cases = support_desk.some_cases(count)
    assert [case.number for case in cases] == list(range(1, count + 1))
    assert [case.created_at for case in cases] == sorted(case.created_at for case in cases)
    assert support_desk.clock.now == now
    assert all(now - timedelta(days=30) <= case.created_at <= case.last_activity_at <= now for case in cases)
    assert support_desk.events == []
    assert support_desk.as_merchant("acme").list().count == count


def test_a_desk_keeps_them_as_they_were_made_up(support_desk):
    made_up = list(made_up_cases(30, until=support_desk.clock.now, span=timedelta(days=30)))
    for case, made in zip(support_desk.some_cases(30, store="globex"), made_up, strict=True):
        thread = support_desk.desk.get(Actor.merchant("globex"), case.id)
        assert (case.subject, case.category, case.severity) == (made.subject, made.category, made.severity)
        assert [(m.author_kind, m.author_label, m.body, m.created_at) for m in thread.messages] == [
            (m.author_kind, m.author_label, m.body, m.at.replace(microsecond=m.at.microsecond // 1000 * 1000))
            for m in made.messages
        ]
        assert (case.status is Status.CLOSED) == (made.closed_at is not None)
