"""What wakes those who wait for something to happen."""

from typing import Protocol


class Watch(Protocol):
    """Notices that something is written, by whichever process; for one thread."""

    def wait(self, seconds: float) -> bool:
        """Wait for so many seconds, or until something is written; tell whether something may have been.

        It raises nothing: where the database does not answer, it only waits. Now and then it may tell too much, and too
        little: look without it as well, though less often.
        """
