"""The support team's queue: in which order the cases of all stores come, and from which place on."""

import base64
import hashlib
import json
import re
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from supportcases.domain.cases import Case, CaseFilter
from supportcases.domain.errors import InvalidInput
from supportcases.domain.excerpts import Excerpt

ME: Final = "me"
NONE: Final = "none"


class QueueSort(StrEnum):
    """What comes first: the newest activity, the oldest case, the worst hurt, or whoever has waited longest.

    By `waiting`, those who wait come first, the critical ones of them before all others and then the longest wait; then
    those who do not wait, newest activity first. By `severity`, the older of two equals comes first.
    """

    WAITING = "waiting"
    ACTIVITY = "activity"
    AGE = "age"
    SEVERITY = "severity"


class QueuePage(NamedTuple):
    """Some of the cases that match; `count` is how many match in all, `next_cursor` where the next page begins.

    Where a `query` finds very many, `count` is how many were counted, up to 10,000, and `count_is_exact` False.
    `excerpts`, where they were asked for, has one for each case, in the same order; None for a case without a message.
    """

    cases: tuple[Case, ...]
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    offset: int
    limit: int
    next_cursor: str | None
    count_is_exact: bool = True
    excerpts: tuple[Excerpt | None, ...] | None = None


class QueueViews(NamedTuple):
    """How many cases each view of the queue has; the first four are of those that are open."""

    waiting: int
    mine: int
    unassigned: int
    critical: int
    answered: int
    closed: int
    all: int


class StoreCounts(NamedTuple):
    """A store with how many of its cases have each status, and when something last happened there."""

    store: str
    open: int
    answered: int
    closed: int
    last_activity_at: datetime


class StorePage(NamedTuple):
    """Some of the stores, newest activity first; `count` is how many there are in all."""

    stores: tuple[StoreCounts, ...]
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    offset: int
    limit: int


Place = tuple[str | int, ...]  # where a case stands in an order: the values that it is ordered by


class Found(NamedTuple):
    """Some of the cases that match, each with its place in the order; of how many, or of more where not exact."""

    cases: tuple[tuple[Case, Place], ...]
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    count_is_exact: bool = True


PLACE_TEXT: Final = re.compile(r"[ -~]{0,64}")
PLACES: Final[dict[QueueSort, tuple[type[str | int], ...]]] = {  # what a place in each order is made of
    QueueSort.WAITING: (int, str, str, str),
    QueueSort.ACTIVITY: (str, str),
    QueueSort.AGE: (str, str),
    QueueSort.SEVERITY: (int, str, str),
}
RANKS: Final = range(10)


class Cursors:
    """Writes a place in a queue as opaque text, and reads it again, for the same question only.

    It holds no more than the place, and tells whether the question is the same, the stores that may be seen included.
    """

    def __init__(self, wanted: CaseFilter, sort: QueueSort) -> None:
        """Take the question: which cases are wanted, in which order.

        A filter that is not given is no part of it: the cursors of a version that knew fewer filters stay right.
        """
        self._place = PLACES[sort]
        given = {name: value for name, value in wanted._asdict().items() if value is not None}
        asked = json.dumps([sort, given], default=_plain)
        self._question = hashlib.sha256(asked.encode()).hexdigest()[:16]

    def write(self, place: Place) -> str:
        """Return `place` as text for a URL."""
        written = json.dumps([self._question, *place], separators=(",", ":"))
        return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")

    def read(self, text: str) -> Place:
        """Return the place that `write` wrote.

        Raises:
            InvalidInput: It is none, or a place in the answer to another question.
        """
        try:
            question, *place = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
            if question == self._question and all(map(_is_a, place, self._place)) and len(place) == len(self._place):
                return tuple(place)
        except (ValueError, TypeError, RecursionError):
            pass
        raise InvalidInput({"cursor": "Must be the nextCursor of a page with the same filters and sort."})


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)


def _is_a(value: object, kind: type[str | int]) -> bool:
    """Tell whether that may be a part of a place: a text of ASCII, or a rank."""
    if kind is int:
        return type(value) is int and value in RANKS
    return isinstance(value, str) and PLACE_TEXT.fullmatch(value) is not None
