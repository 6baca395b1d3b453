"""Charts: bars with their heights, for the templates to draw. A table beside each has the same numbers."""

from collections.abc import Iterable
from typing import NamedTuple


class Bar(NamedTuple):
    """How many there are of something, and how long its bar is: the longest has 100."""

    label: str
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    length: float = 0


def chart(counts: Iterable[tuple[str, int]]) -> tuple[Bar, ...]:
    """Return a bar for each label with its count."""
    counted = tuple(counts)
    most = max((count for _, count in counted), default=0) or 1
    return tuple(Bar(label, count, round(100 * count / most, 1)) for label, count in counted)
