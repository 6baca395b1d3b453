"""How figures are taken: rounds of everything that is compared, one after the other, and their medians."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WARM_UP: Final = 20  # calls of each before the first that counts


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured for one target of the issue.

    Attributes:
        target: The number of the target, 1 to 15.
        name: What was measured, such as "list of 10, ours / floor".
        value: The figure.
        unit: What it is in: "x" for a ratio, "ms", "MB" and so on.
        wanted: The target in words, such as "at most 1.5"; "" where it is only printed.
        holds: Whether the figure reaches the target; None where there is none.
        detail: What the figure is made of, such as "ours 151 us, floor 92 us".
    """

    target: int
    name: str
    value: float
    unit: str = "x"
    wanted: str = ""
    holds: bool | None = None
    detail: str = ""


def at_most(target: int, name: str, value: float, limit: float, *, unit: str = "x", detail: str = "") -> Figure:
    """Return a figure that is to be no higher than `limit`."""
    return Figure(target, name, value, unit, f"at most {limit:g}", value <= limit, detail)


def at_least(target: int, name: str, value: float, limit: float, *, unit: str = "x", detail: str = "") -> Figure:
    """Return a figure that is to be no lower than `limit`."""
    return Figure(target, name, value, unit, f"at least {limit:g}", value >= limit, detail)


def medians(calls: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: int = WARM_UP) -> dict[str, float]:
    """Return the median seconds of each call, taken in rounds of all of them, so that noise meets all alike."""
    for call in calls.values():
        for _ in range(warm_up):
            call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in calls.items():
                taken[name].append(seconds_of(call))
    finally:
        gc.enable()
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def seconds_of(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def p95(seconds: Sequence[float]) -> float:
    """Return the seconds in which 95 of 100 were done."""
    return statistics.quantiles(seconds, n=20)[-1]


def spelled(seconds: float) -> str:
    """Write a duration as a person does: 85 us, 1.42 ms, 2.1 s."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"
