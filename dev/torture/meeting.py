"""Processes that have imported the package and opened nothing, and that wait for one another before they begin.

They are forked from one that has imported all of it, which is so quick that they really meet; interpreters that import
for half a second each would not.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, Final

PATIENCE: Final = 60.0  # seconds that the last one may take
PROCESSES: Final = get_context("forkserver")
PROCESSES.set_forkserver_preload(["dev.torture.first_start", "dev.torture.wal"])

_met: Any = None  # the barrier of those who meet, in each of them


def together(count: int) -> ProcessPoolExecutor:
    """Return a pool of so many processes, for as many calls, each of which does `meet` before it begins."""
    return ProcessPoolExecutor(count, PROCESSES, initializer=_meet_at, initargs=(PROCESSES.Barrier(count),))


def meet() -> None:
    """Wait, in one of the processes, until all are there."""
    _met.wait(PATIENCE)


def _meet_at(barrier: Any) -> None:
    global _met
    _met = barrier
