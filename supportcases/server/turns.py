"""Requests that are answered one after the other, since at once each of them would only be slower.

SQLite lets go of Python's lock at each statement and each row, and threads that run at once spend their time on handing
it to and fro.
"""

import threading
from typing import Final

from supportcases.processes import ticks

LONGEST: Final = 0.01  # seconds that a turn lasts before it passes on


class Turns:
    """Lets one thread go after the other; the turn of a slow request, such as a search, passes on."""

    def __init__(self) -> None:
        """Begin with nobody's turn."""
        self._turn = threading.Lock()
        self._since = ticks()

    def take(self) -> threading.Lock:
        """Return a lock once it is this thread's turn; to release it is to give the turn back."""
        turn = self._turn
        while not turn.acquire(timeout=max(0.0, self._since + LONGEST - ticks())):
            turn = self._turn
            if ticks() >= self._since + LONGEST:
                turn = self._turn = threading.Lock()  # for which the next ones wait
        self._since = ticks()
        return turn
