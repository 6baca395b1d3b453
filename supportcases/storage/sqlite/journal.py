"""The write-ahead log beside the file, kept short.

SQLite begins it anew by itself, but only while nobody reads from it: under readers that overlap without a pause it
grows for ever. So the writer with whom it grows beyond `LONG`, and then beyond each further quarter, waits for those
who read just then. Only a reader who stays lets it grow, since what they see is in it; the waits become rare then.
"""

import logging
import math
import os
import sqlite3
from typing import Final

LONG: Final = 32_000_000  # bytes
MARK: Final = 1.25  # how much longer it is at each mark than at the one before
READERS_TURN: Final = 2.0  # seconds that a writer waits for those who read from it

log: Final = logging.getLogger("supportcases.sqlite")


class Journal:
    """The write-ahead log of one file, as the writers of one process see it, one at a time."""

    def __init__(self, path: str) -> None:
        """Look after that of the database at `path`."""
        self._path = path_of_journal(path)
        self._marks = -1  # that it had passed when the last write began

    def remember(self) -> None:
        """Note how long it is, now that nobody else writes: of all processes only one is the first beyond a mark."""
        self._marks = self._passed()

    def keep_short(self, connection: sqlite3.Connection, left: float = READERS_TURN) -> None:
        """Begin the log anew if it has passed a mark with this write, once everybody who reads from it now is done.

        Whoever begins to read once all of the log is in the file reads from there. `left` is how long the writer may
        still wait, in seconds.
        """
        if self._passed() <= self._marks or connection.in_transaction:
            return
        try:
            connection.execute(f"PRAGMA busy_timeout = {max(0.0, min(READERS_TURN, left)) * 1000:.0f}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:  # what was written is kept already
            log.warning("%s cannot be begun anew: %s", self._path, error)
        finally:
            connection.execute("PRAGMA busy_timeout = 0")

    def _passed(self) -> int:
        """Return how many marks it has passed."""
        length = length_of(self._path)
        return int(math.log(length / LONG, MARK)) if length >= LONG else -1


def path_of_journal(path: str) -> str:
    """Return where SQLite puts the log of the database at `path`, whatever links lead there."""
    return f"{os.path.realpath(path)}-wal"


def length_of_journal(path: str) -> int:
    """Return how long the log of the database at `path` is; 0 where there is none."""
    return length_of(path_of_journal(path))


def length_of(file: str) -> int:
    """Return how long a file is, without opening it: closing it again would drop SQLite's locks."""
    try:
        return os.stat(file).st_size
    except OSError:
        return 0
