"""What is the same every run: the time, until the test moves it, the ids and the keys."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from supportcases.domain import fields

START: Final = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)


class MovableClock:
    """A clock that stands still until the test moves it.

    Attributes:
        now: The moment that it shows; a test may set it to any other, with a time zone.
    """

    def __init__(self, now: datetime = START) -> None:
        """Show `now`."""
        self.now = now

    def __call__(self) -> datetime:
        """Return the moment that it shows."""
        return self.now

    def advance(self, **units: float) -> None:
        """Move on by a span in the units of `timedelta`, as in `advance(hours=2)`, or back by a negative one."""
        self.now += timedelta(**units)


def numbered_ids() -> Callable[[], UUID]:
    """Return a maker of UUIDs that look like version 7: ...0001, ...0002 and so on."""
    counter = itertools.count(1)
    return lambda: UUID(f"0191abc0-0000-7000-8000-{next(counter):012x}")


def numbered_keys() -> Callable[[], str]:
    """Return a maker of API keys: sck_...0001, sck_...0002 and so on."""
    counter = itertools.count(1)
    return lambda: f"{fields.KEY_PREFIX}{next(counter):0{2 * fields.KEY_BYTES}x}"
