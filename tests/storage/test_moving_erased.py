"""What was erased is so wherever the desk moves to: the ledger, the tombstones and the holds go with it, both ways."""

from contextlib import closing
from datetime import timedelta

import pytest

from supportcases import CursorExpired, SupportDesk
from supportcases.domain.erasure import Hold
from supportcases.storage.open import check, open_repository
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY
from tests.support.moving import owned_postgres

__all__ = ["owned_postgres"]
DAY = timedelta(days=1)


@pytest.fixture
def places(request, tmp_path):
    """Return an empty database of an engine, with a name of its own."""

    def place(engine: str, name: str) -> str:
        return request.getfixturevalue("owned_postgres")(name) if engine == "postgres" else str(tmp_path / name)

    return place


def moved(source: str, target: str) -> None:
    with (
        closing(open_repository(source)) as old,
        closing(open_repository(target)) as new,
        old.write() as leaving,
        new.write() as entering,
    ):
        leaving.moving.leave_for("elsewhere")
        assert entering.moving.is_empty()
        entering.moving.take_in(leaving.moving.portions())


def told(desk, actor=ADA, after=None):
    return [(event.store, str(event.kind), event.sequence) for event in desk.events(actor, after=after).events]


def of_erasure(desk):
    """Return all that is kept of erasure, but for the places of the feed, which each database has of its own."""
    with desk.repository.read() as transaction:
        kept = transaction.erasures.tombstones(after=("", 0), limit=9)
        ledger = transaction.erasures.ledger(after=0, limit=9)
        holds = transaction.erasures.holds(None, limit=9, offset=0)
    return [tombstone[:6] for tombstone in kept], [erasure for _, erasure in ledger], holds


@pytest.mark.parametrize("source", ["sqlite", "postgres"])
@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_what_is_kept_of_erasure_goes_along_and_the_feed_goes_on(places, source, target):
    first, second = places(source, "first"), places(target, "second")
    clock = MovableClock()
    with closing(open_repository(first)) as repository:
        desk = SupportDesk(repository, clock=clock)
        for actor in (ACME, ACME, GLOBEX):
            desk.open(actor, body=BODY)
        before = desk.events(ADA, limit=1).next
        desk.redact(ADA, "acme:1", subject=True, reason="law")
        desk.hold(ADA, "globex")
        desk.close(ACME, 2)  # the newest event is of the case that goes
        clock.advance(days=1)
        assert desk.purge(ADA, closed_for=DAY).cases == 1
        kept, events = of_erasure(desk), told(desk)
        assert [len(part) for part in kept] == [1, 2, 1]
        assert kept[2] == (Hold("globex", None, clock() - DAY),)
    moved(first, second)
    assert check(second).faults == ()
    with closing(open_repository(second)) as repository:
        desk = SupportDesk(repository, clock=clock)
        assert of_erasure(desk) == kept
        assert told(desk) == events == []
        with pytest.raises(CursorExpired):
            desk.events(ADA, after=before)
        assert (desk.open(ACME, body=BODY).number, told(desk)) == (3, [("acme", "opened", 5)])
        assert told(desk, ACME) == [("acme", "opened", 5)]
        desk.redact(ADA, "acme:3", subject=True, reason="law")
        assert [place for place, _ in desk.erasures(ADA).erasures] == [1, 2, 3]
    assert check(second).faults == ()
