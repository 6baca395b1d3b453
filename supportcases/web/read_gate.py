"""ReadGate: requests that go one after the other, since at once each of them would only be slower.

SQLite lets go of Python's lock at each statement and each row, and threads that run at once spend their time on handing
it to and fro.
"""

import os
import threading
import time
from typing import Final

LONGEST: Final = 0.01  # seconds that a turn lasts before it passes on, and that anybody waits for one


class ReadGate:
    """Lets one thread go after the other; whoever has waited for `LONGEST`, or for a turn as old as that, goes on."""

    _process: int
    _since: float  # when the turn began, as `time.monotonic` tells

    def __init__(self) -> None:
        """Begin with nobody's turn."""
        self._begin()

    def take(self) -> threading.Lock:
        """Return a lock once it is this thread's turn; to release it is to give the turn back."""
        if self._process != os.getpid():  # a fork copies a turn that somebody has, but nobody to give it back
            self._begin()
        begun = time.monotonic()
        waited = 0.0  # as asked for, since a test may have stopped the clock
        while True:
            turn = self._current
            left = min(max(0.0, self._end(begun) - time.monotonic()), LONGEST)
            if turn.acquire(timeout=left):
                if turn is self._current:
                    self._since = time.monotonic()
                    return turn
                turn.release()  # it has passed on meanwhile
                continue
            now, waited = time.monotonic(), waited + left
            if now >= self._end(begun) or waited >= LONGEST:
                return self._own(turn, now)

    def _begin(self) -> None:
        self._current = threading.Lock()
        self._since = time.monotonic()
        self._process = os.getpid()  # last, so that another thread finds the rest

    def _end(self, begun: float) -> float:
        """Return until when somebody waits who has waited since `begun`, unless it is another's turn by then."""
        return min(begun, self._since) + LONGEST

    def _own(self, turn: threading.Lock, now: float) -> threading.Lock:
        """Return a turn of this thread's own, for which the next ones wait if the one before is slow.

        Of two threads that come here at once both go on, and the next ones wait for one of them.
        """
        own = threading.Lock()
        own.acquire()
        if turn is self._current and now >= self._since + LONGEST:
            self._current, self._since = own, now
        return own
