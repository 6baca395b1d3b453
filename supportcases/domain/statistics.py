"""How the desk is doing: counts, the oldest unanswered case, and how long answers and closings take."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from supportcases.domain.cases import Case, Severity, Status


class Spread(NamedTuple):
    """How some durations are spread, in seconds; `median` and `p90` are None where there are no durations.

    Between two durations both are interpolated, as in `statistics.quantiles(..., method="inclusive")`.
    """

    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    median: float | None
    p90: float | None


class Statistics(NamedTuple):
    """What there is to count of the cases opened in a window.

    Attributes:
        counts: How many cases have each status and severity.
        oldest_unanswered: The case whose merchant has waited longest, or None.
        first_answer: From the opening to the first public word of support or elliot, of the cases that have one.
        time_to_close: From the opening to the closing, of the cases that are closed now.
    """

    counts: Mapping[Status, Mapping[Severity, int]]
    oldest_unanswered: Case | None
    first_answer: Spread
    time_to_close: Spread


class CaseFigures(NamedTuple):
    """What there is to count of one case.

    Attributes:
        first_answer: From the opening to the first public word of support or elliot; None without one.
        messages: How many messages it has.
        notes: How many notes it has.
    """

    first_answer: timedelta | None
    messages: int
    notes: int


def spread(count: int, nth: Callable[[int], int]) -> Spread:
    """Return how so many durations are spread, of which `nth` gives each in milliseconds: 0 is the shortest."""
    return Spread(count, _quantile(count, nth, 5), _quantile(count, nth, 9))


def _quantile(count: int, nth: Callable[[int], int], tenths: int) -> float | None:
    """Return the duration that so many tenths of them do not exceed, in seconds."""
    if not count:
        return None
    below, rest = divmod(tenths * (count - 1), 10)
    above = min(below + 1, count - 1)
    return round((nth(below) * (10 - rest) + nth(above) * rest) / 10 / 1000, 3)
