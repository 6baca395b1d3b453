"""How the desk is doing: counts, the oldest unanswered case, and how long answers and closings take."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from supportcases.cases import Case, Severity, Status


@dataclass(frozen=True, slots=True)
class Spread:
    """How some durations are spread, in seconds; `median` and `p90` are None where there are no durations.

    Between two durations both are interpolated, as in `statistics.quantiles(..., method="inclusive")`.
    """

    count: int
    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Statistics:
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


def spread_of(milliseconds: Sequence[int]) -> Spread:
    """Return how the durations are spread."""
    if not milliseconds:
        return Spread(0, None, None)
    twice = [*milliseconds, *milliseconds] if len(milliseconds) == 1 else milliseconds  # quantiles wants two
    p90 = statistics.quantiles(twice, n=10, method="inclusive")[-1]
    return Spread(len(milliseconds), _seconds(statistics.median(milliseconds)), _seconds(p90))


def _seconds(milliseconds: float) -> float:
    return round(milliseconds / 1000, 3)
