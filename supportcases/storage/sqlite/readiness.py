"""Whether a file can be written, as far as one can tell without writing to it or opening it."""

import os
import shutil
import sqlite3
import sys
from typing import Final

from supportcases.storage.sqlite.errors import primary_code

ROOM: Final = 1_000_000  # bytes: a write takes less of the journal, and with less the next ones may not fit

READ_ONLY: Final = "This process may not write the database's file, or not its folder."
FULL: Final = "The disk of the database is full."


def hindrance_to(path: str) -> str | None:
    """Return why this process cannot write the file at `path`, if anything can be seen of it."""
    file = os.path.realpath(path)
    folder = os.path.dirname(file)
    beside = [each for each in (f"{file}-wal", f"{file}-shm") if os.path.lexists(each)]
    if not all(os.access(each, os.W_OK) for each in (folder, file, *beside)):
        return READ_ONLY
    return FULL if free_bytes(folder) < ROOM else None


def fault(path: str, error: sqlite3.Error) -> str:
    """Say what keeps SQLite from the file: on a full disk there is no room for its `-shm` file, which it must make."""
    of_disk = primary_code(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
    if of_disk and free_bytes(os.path.dirname(os.path.realpath(path))) < ROOM:
        return ": its disk is full"
    return f" as a SQLite database: {error}"


def free_bytes(folder: str) -> float:
    """Return how many bytes this process can still write there; a file system that tells no size is endless."""
    if sys.platform != "win32" and os.geteuid() == 0:  # to whom the rest that is kept back belongs too
        disk = os.statvfs(folder)
        return disk.f_bfree * disk.f_frsize if disk.f_blocks else float("inf")
    usage = shutil.disk_usage(folder)
    return usage.free if usage.total else float("inf")
