"""Turns: requests that go one after the other, since at once each of them would only be slower.

SQLite lets go of Python's lock at each statement and each row, and threads that run at once spend their time on handing
it to and fro.
"""

import os
import threading
import time
from typing import Final

LONGEST: Final = 0.01  # seconds of a turn, after which it passes on to whoever waits


class Turns:
    """Lets one thread go after the other; beside a slow one, which goes on, the next ones have turns of their own."""

    def __init__(self) -> None:
        """Begin with nobody's turn."""
        self._begin()

    def take(self) -> threading.Lock:
        """Return a lock once it is this thread's turn; to release it is to give the turn back."""
        if self._process != os.getpid():  # a fork copies a turn that somebody has, but nobody to give it back
            self._begin()
        while True:
            turn = self._current
            if turn.acquire(timeout=LONGEST):
                if turn is self._current:
                    self._since = time.monotonic()
                    return turn
                turn.release()  # it has passed on meanwhile
            else:
                self._pass_on(turn)

    def _begin(self) -> None:
        self._process = os.getpid()
        self._current = threading.Lock()
        self._since = time.monotonic()
        self._passing = threading.Lock()

    def _pass_on(self, turn: threading.Lock) -> None:
        """Let the turn be another's unless somebody has just got it."""
        with self._passing:
            if turn is self._current and time.monotonic() - self._since >= LONGEST:
                self._current = threading.Lock()
