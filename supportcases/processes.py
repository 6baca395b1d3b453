"""What each process, and each request, has of its own; and which signals interrupt a thread, or stop the process."""

import math
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Final, Generic, TypeVar

T = TypeVar("T")

# the seconds of a clock that no test stops, as freezegun stops `time.monotonic`; Windows has no other
ticks: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_MONOTONIC) if hasattr(time, "clock_gettime") else time.monotonic
)

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
TIME_BUDGET: Final = 5.0  # seconds that a request may take, unless the host says otherwise

waited: Final = ContextVar("waited", default=0.0)  # seconds that the request under way has waited for a thread
deadline: Final = ContextVar("deadline", default=math.inf)  # when the time of the request under way is over, in ticks

# the id of the request under way, which lines of the log may have
request_under_way: Final[ContextVar[str | None]] = ContextVar("request_under_way", default=None)


def is_overdue() -> bool:
    """Tell whether the time of the request under way is over; outside a request it never is."""
    return ticks() > deadline.get()


class OffTheClock:
    """Let what is done within the block take its time: it is none of the request's, and nothing of it is overdue."""

    __slots__ = ("_begun", "_deadline")

    def __enter__(self) -> None:
        self._deadline = deadline.get()
        self._begun = ticks()
        deadline.set(math.inf)

    def __exit__(self, *_: object) -> None:
        deadline.set(self._deadline + ticks() - self._begun)


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


@contextmanager
def stop_signals(then: Callable[[], object] = lambda: None) -> Iterator[list[int]]:
    """Yield a list that holds the first signal to stop, once it has come; each one calls `then` at once, too.

    A SIGINT that was ignored at the start, as under `nohup ... &`, stays ignored.
    """
    stopping: list[int] = []

    def stop(number: int, frame: object) -> None:
        # nothing more: an exception raised here could interrupt the sending of an answer
        stopping.append(number)
        then()

    ignored = {signal.SIGINT} if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else set()
    before = {number: signal.signal(number, stop) for number in STOP_SIGNALS if number not in ignored}
    try:
        yield stopping
    finally:
        with held_back(STOP_SIGNALS):  # Python complains of one that comes while its handler changes
            for number, handler in before.items():
                # after one the process is about to end: a launcher that passes it on too must not kill it meanwhile
                signal.signal(number, signal.SIG_IGN if stopping else handler)
