"""The write-ahead log beside the file, kept short.

SQLite begins it anew by itself, but only at a moment when nobody reads from it: under readers that overlap without a
pause that moment never comes, and the log grows for ever.
"""

import logging
import os
import sqlite3
from typing import Final

LONG: Final = 32_000_000  # bytes from which on a writer begins it anew
MORE: Final = 4_000_000  # bytes by which it grows before that is tried again
READERS_TURN: Final = 5.0  # seconds that a writer waits for those who read from it

log: Final = logging.getLogger("supportcases.sqlite")


class Journal:
    """The write-ahead log of one file, as the writers of one process see it, one at a time."""

    def __init__(self, path: str) -> None:
        """Look after that of the database at `path`."""
        self._path = f"{path}-wal"
        self._too_long = LONG

    def keep_short(self, connection: sqlite3.Connection, patience: float) -> None:
        """Begin the log anew if it is long, once everybody who reads from it now is done.

        Whoever begins to read meanwhile reads from the file, since all of the log is there already. `patience` is the
        connection's own, in seconds.
        """
        length = self._length()
        if length < self._too_long or connection.in_transaction:
            return
        try:
            connection.execute(f"PRAGMA busy_timeout = {READERS_TURN * 1000:.0f}")
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._too_long = length + MORE if busy else LONG
        except sqlite3.Error as error:  # what was written is kept already; the next writer tries again
            log.warning("%s cannot be begun anew: %s", self._path, error)
        finally:
            connection.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")

    def _length(self) -> int:
        """Return how long it is, without opening it: closing it again would drop SQLite's locks."""
        try:
            return os.stat(self._path).st_size
        except OSError:
            return 0
