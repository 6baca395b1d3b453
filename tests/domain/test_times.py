"""Times as people and programs write them, and at both ends of the calendar."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from falcon.testing import TestClient

from supportcases import Actor, SupportDesk, create_app
from supportcases.domain import times
from supportcases.domain.fields import TIMESTAMP_FILTER
from supportcases.storage.open import open_repository
from supportcases.testing import support_desk
from tests.conftest import ACME, ADA, CASES, SUPPORT
from tests.support.desks import BODY

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(microsecond=999_000, tzinfo=UTC)
EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00.123456+00:00", datetime(2026, 1, 1, microsecond=123_000, tzinfo=UTC)),
        ("2026-01-01T00:00:00.123456 00:00", datetime(2026, 1, 1, microsecond=123_000, tzinfo=UTC)),
        ("2026-01-01T00:00:00.999999999Z", datetime(2026, 1, 1, microsecond=999_000, tzinfo=UTC)),
        ("2026-01-01T02:00:00 02:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2025-12-31T22:00:00-02:00", datetime(2026, 1, 1, tzinfo=UTC)),
        (
            datetime(2026, 1, 1, 0, 0, 0, 999_999, UTC).isoformat(),
            datetime(2026, 1, 1, microsecond=999_000, tzinfo=UTC),
        ),
        ("0001-01-01", FIRST),
        ("0001-01-01T00:00:00+14:00", FIRST),
        ("9999-12-31T23:59:59.999999Z", LAST),
        ("9999-12-31T23:59:59-12:00", LAST),
        (datetime.min.replace(tzinfo=EAST), FIRST),
        (datetime.max.replace(tzinfo=WEST), LAST),
    ],
)
def test_a_filter_takes_times_as_they_are_written_and_cuts_them_to_the_millisecond(written, moment):
    assert TIMESTAMP_FILTER.clean(written) == moment


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=14), "14 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(days=1, minutes=1), "1441 minutes"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(milliseconds=1500), "1.5 seconds"),
        (timedelta(days=14, seconds=1), "1209601 seconds"),  # and not 1.2096e+06
        (timedelta(days=12, milliseconds=500), "1036800.5 seconds"),
        (timedelta(microseconds=10), "0.00001 seconds"),
    ],
    ids=str,
)
def test_a_span_is_spelled_exactly_in_the_largest_unit_of_which_it_is_a_whole_number(span, words):
    assert times.spelled(span) == words


def test_over_http_a_plus_that_was_not_encoded_is_understood():
    with support_desk() as kit:
        kit.clock.now = datetime(2026, 1, 1, microsecond=123_000, tzinfo=UTC)
        kit.app.desk.open(ACME, body=BODY)
        ada = kit.support_client("Ada")

        def count(query):
            return ada.simulate_get(f"{SUPPORT}/cases", query_string=query).json["meta"]["count"]

        assert count("createdAfter=2026-01-01T00:00:00.123456+00:00") == 1  # cut: the case is not before it
        assert count("createdAfter=2026-01-01T00:00:00.123456%2B00:00") == 1
        assert count("createdAfter=2026-01-01T00:00:00.124+00:00") == 0
        assert count("createdAfter=0001-01-01&createdBefore=9999-12-31T23:59:59-12:00") == 1


@pytest.mark.parametrize(
    "now",
    [
        FIRST,
        FIRST + timedelta(hours=1),
        datetime.min.replace(tzinfo=EAST),
        LAST,
        LAST - timedelta(hours=1),
        datetime.max.replace(tzinfo=WEST),
    ],
    ids=str,
)
def test_a_clock_at_either_end_of_the_calendar_works(now):
    repository = open_repository(":memory:")
    app = create_app(repository, clock=lambda: now)
    merchant, _ = app.keys.create("acme")
    team, _ = app.keys.create_support(label="Ada")

    def ask(key, method, path, **more):
        head = {"Authorization": f"Bearer {key}", "Idempotency-Key": path}
        return TestClient(app).simulate_request(method, path, headers=head, **more).status_code

    assert ask(merchant, "POST", CASES, json={"body": BODY}) == 201
    assert ask(merchant, "POST", CASES, json={"body": BODY}) == 201  # its kept answer
    assert ask(team, "POST", f"{SUPPORT}/cases/acme:1/messages", json={"body": BODY}) == 201
    assert ask(merchant, "PATCH", f"{CASES}/1", json={"status": "closed"}) == 200
    assert ask(merchant, "POST", f"{CASES}/1/messages", json={"body": BODY}) == 201
    for path in ("cases", "cases/acme:1", "cases/acme:1/history", "stats", "stores"):
        assert ask(team, "GET", f"{SUPPORT}/{path}") == 200
    app.desk.answer(ADA, "acme:1", body=BODY)
    assert app.desk.close_idle(ADA, answered_for=timedelta(weeks=99_999)) == ()
    assert app.desk.close_idle(ADA, answered_for=timedelta.max) == ()


def test_an_answer_that_is_kept_at_the_beginning_is_forgotten_no_sooner():
    clock = iter([FIRST, *[FIRST + timedelta(hours=23)] * 9])
    app = create_app(":memory:", authenticate=lambda req: Actor.merchant("acme"), clock=lambda: next(clock))
    client = TestClient(app, headers={"Idempotency-Key": "1"})
    first = client.simulate_post(CASES, json={"body": BODY})
    assert client.simulate_post(CASES, json={"body": BODY}).json == first.json


def test_a_case_is_idle_at_the_end_of_a_span_that_began_at_the_beginning():
    moments = [FIRST]
    desk = SupportDesk(open_repository(":memory:"), clock=lambda: moments[-1])
    desk.open(ACME, body=BODY)
    desk.answer(ADA, "acme:1", body=BODY)
    moments.append(LAST)
    assert [case.number for case in desk.close_idle(ADA, answered_for=LAST - FIRST)] == [1]
