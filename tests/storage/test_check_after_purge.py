"""`check` knows the numbers of what was purged, and misses a tombstone that is not there."""

from contextlib import closing
from datetime import timedelta

import pytest

from supportcases import SupportDesk
from supportcases.storage.open import check, open_repository
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA
from tests.support.desks import BODY
from tests.support.moving import owned_postgres

__all__ = ["owned_postgres"]

WRONG = {
    "DELETE FROM supportcases_tombstones WHERE number = 2": (
        "numbers: those of acme have gaps: 3 cases, and the highest is 4",
        "the feed: the events of acme have a gap, a twin or another order at 7",
    ),
    "UPDATE supportcases_tombstones SET sequences = 1 WHERE number = 2": (
        "the feed: the events of acme have a gap, a twin or another order at 7",
    ),
    "UPDATE supportcases_tombstones SET number = 5 WHERE number = 2": (
        "numbers: those of acme have gaps: 4 cases, and the highest is 5",
        "next numbers: acme would go on behind 4, and its highest is 5",
    ),
    "UPDATE supportcases_stores SET last_number = 5": (
        "next numbers: acme would go on behind 5, and its highest is 4",
    ),
}


@pytest.fixture(params=["file", "PostgreSQL"])
def place(request, tmp_path):
    """A database of which cases 2 and 4 of four were purged."""
    place = request.getfixturevalue("owned_postgres")("purged") if request.param != "file" else str(tmp_path / "db")
    clock = MovableClock()
    with closing(open_repository(place)) as repository:
        desk = SupportDesk(repository, clock=clock)
        for _ in range(4):
            desk.open(ACME, body=BODY)
        for number in (2, 4):
            desk.close(ACME, number)
        clock.advance(days=2)
        desk.reply(ACME, 1, body=BODY)
        assert desk.purge(ADA, closed_for=timedelta(days=1)).cases == 2
        desk.close(ACME, 1)
    return place


def test_a_purge_leaves_nothing_wrong(place):
    assert check(place).faults == ()


@pytest.mark.parametrize("statement", WRONG)
def test_what_is_wrong_with_a_tombstone_is_found(place, statement):
    with closing(open_repository(place)) as repository, repository.write() as transaction:
        transaction.connection.execute(statement)
    assert check(place).faults == WRONG[statement]
