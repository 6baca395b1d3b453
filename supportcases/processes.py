"""What each process, and each request, has of its own; and which signals may interrupt a thread."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Generic, TypeVar

T = TypeVar("T")

waited: Final = ContextVar("waited", default=0.0)  # seconds that the request under way has waited for a thread


class PerProcess(Generic[T]):
    """A thing that each process makes for itself when it first needs it.

    A fork copies a lock that somebody holds, but nobody to release it. And what is made so late is of the kind that
    gevent has put in its place, also where it did so after the import.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        """Make none yet."""
        self._make = make
        self._made: dict[int, T] = {}

    def __call__(self) -> T:
        """Return that of this process, the same one to all of its threads."""
        process = os.getpid()
        try:
            return self._made[process]
        except KeyError:
            made = self._made.setdefault(process, self._make())  # in one step: of several threads the first one's
            for other in self._made.keys() - {process}:
                self._made.pop(other, None)
            return made


@contextmanager
def held_back(signals: Iterable[signal.Signals]) -> Iterator[None]:
    """Let no such signal interrupt this thread, nor threads that it starts meanwhile, until the block ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
