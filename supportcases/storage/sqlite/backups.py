"""A copy of the file as it is at one moment, made while others read and write on."""

import errno
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from supportcases.domain.errors import DatabaseUnusable
from supportcases.storage.protocol import Copied
from supportcases.storage.sqlite.connections import OVERWRITE
from supportcases.storage.sqlite.damage import damage
from supportcases.storage.sqlite.read_only import looking_into

PART: Final = ".part"  # how the name of a copy ends until it is whole
DISK_FAILED: Final = {errno.EIO, errno.ENOSPC, errno.EDQUOT}  # all else means that a folder is not synced there
THERE_ALREADY: Final = "{} is there already; a copy replaces nothing."


def back_up(source: str, target: str) -> Copied:
    """Copy the database at `source` to `target`, which appears whole and on the disk, or not at all.

    The copy is a single file that only its owner can read, and it has passed SQLite's own checks.

    Raises:
        DatabaseUnusable: There is something at `target` already, `source` cannot be read, or its copy does not pass.
        OSError: The folder of `target` cannot be written.
    """
    place = Path(os.path.abspath(target))
    if os.path.lexists(place):
        raise DatabaseUnusable(THERE_ALREADY.format(target))
    if not place.parent.is_dir():
        raise DatabaseUnusable(f"{target} cannot be made: there is no folder {place.parent}.")
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:40]}.", suffix=PART)
    os.close(descriptor)  # before SQLite opens it: its locks would go with the descriptor
    part = Path(name)
    try:
        with looking_into(source) as original:  # no longer than it takes: the journal must grow meanwhile
            _copy(original, part)
        cases = _checked(part)
        _sync(part, os.O_RDWR)
        size = part.stat().st_size
        _name(part, place, target)
    except sqlite3.Error as error:
        raise DatabaseUnusable(f"{source} cannot be copied to {target}: {error}.") from error
    finally:
        for end in ("", "-journal", "-wal", "-shm"):
            Path(f"{part}{end}").unlink(missing_ok=True)
    _sync_folder(place.parent)
    return Copied(cases, size)


def _copy(original: sqlite3.Connection, part: Path) -> None:
    with closing(sqlite3.Connection(part, isolation_level=None)) as copy:  # sqlite3.connect may be wrapped by a tracer
        copy.execute(OVERWRITE)
        copy.execute("PRAGMA journal_mode = OFF")  # what is cut short is thrown away
        copy.execute("PRAGMA synchronous = OFF")
        original.backup(copy)  # in one step: one that pauses begins again whenever somebody writes


def _checked(part: Path) -> int:
    """Return how many cases a copy holds that is as it must be."""
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.execute(OVERWRITE)
        copy.execute("PRAGMA journal_mode = DELETE")  # WAL could not be read where nothing can be written
        if fault := next(damage(copy), None):
            raise sqlite3.DatabaseError(f"it is damaged, which `supportcases check` tells more of ({fault})")
        ((cases,),) = copy.execute("SELECT count(*) FROM supportcases_cases").fetchall()
    return int(cases)


def _name(part: Path, place: Path, target: str) -> None:
    """Give the copy its name, which nobody else may have taken meanwhile."""
    try:
        try:
            os.link(part, place)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            _rename(part, place)
    except FileExistsError:
        raise DatabaseUnusable(THERE_ALREADY.format(target)) from None


def _rename(part: Path, place: Path) -> None:
    """Rename the copy; renaming replaces what is there, so an empty file of our own takes the name first."""
    os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        part.replace(place)
    except BaseException:
        place.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    """Return once the disk has the name of the copy, or at once where no folder can be synced."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows opens no folder
        return
    try:
        _sync(folder, os.O_DIRECTORY)
    except OSError as error:
        if error.errno in DISK_FAILED:
            raise


def _sync(path: Path, how: int) -> None:
    """Return once the disk has what was written to the file, or what is named in the folder."""
    descriptor = os.open(path, how)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
