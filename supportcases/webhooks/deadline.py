"""The time of one attempt, and why it came to nothing."""

from typing import Final

from supportcases.domain.errors import SupportCasesError
from supportcases.processes import ticks


class NoAnswer(Exception):
    """An attempt came to nothing, for the reason that the message gives."""


class NotTried(SupportCasesError):
    """This machine lacks what an attempt needs: the receiver was not asked, and has not failed."""


class Deadline:
    """The time that one attempt has for everything, and what it is waiting for."""

    __slots__ = ("_begun", "_seconds", "awaited")

    def __init__(self, seconds: float) -> None:
        """Begin now."""
        self._seconds = seconds
        self._begun: Final = ticks()
        self.awaited = "answer"

    def left(self) -> float:
        """Return the seconds that are left, which are more than none.

        Raises:
            NoAnswer: None are left.
        """
        left = self._seconds - self.passed()
        if left <= 0:
            raise self.over()
        return left

    def passed(self) -> float:
        """Return the seconds since it began."""
        return ticks() - self._begun

    def end_within(self, seconds: float) -> None:
        """Leave no more than so many seconds."""
        self._seconds = min(self._seconds, self.passed() + seconds)

    def over(self) -> NoAnswer:
        """Return what to raise when the time is over."""
        return NoAnswer(f"There was no {self.awaited} within {self._seconds:g} seconds.")
