"""The clock by which clients are timed: it stands still while the server does, and nobody can set it."""

from typing import Final

from supportcases.processes import ticks

LONGEST: Final = 2.0  # seconds that a turn of the loop counts for, at most: it rests for one


class Clock:
    """Seconds for which the server was there for its clients.

    A machine that is suspended, or a process that is stopped, takes nothing meanwhile, and no client is too slow for
    that. The time of day may be set at any moment, so it is not used.
    """

    def __init__(self) -> None:
        """Begin with 0."""
        self.now = 0.0
        self._last = ticks()

    def turn(self) -> None:
        """Note that the loop makes one more turn."""
        last, self._last = self._last, ticks()
        self.now += min(self._last - last, LONGEST)
