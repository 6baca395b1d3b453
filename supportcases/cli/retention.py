"""The commands that delete what is old, write and apply the ledger of erasures, and make a file fit for them."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any, Final

from supportcases.cli.close_idle import DESK
from supportcases.cli.database import add_as, add_folder, asker, contents_of, desk_to_read, existing_desk, signer
from supportcases.cli.erasing import NOT_TOLD, add_yes, must_be_gone
from supportcases.cli.options import command, duration, file_name, flag, store
from supportcases.cli.streams import report
from supportcases.cli.tables import visible
from supportcases.desk import SupportDesk
from supportcases.domain.erasure import Erasure, Replayed
from supportcases.domain.errors import DatabaseUnusable, InvalidInput, SupportCasesError
from supportcases.domain.text import counted, megabytes
from supportcases.formats.erasure_json import erasure_text, read_erasure
from supportcases.storage.open import is_postgresql, open_repository

AT_ONCE: Final = 1_000  # erasures
LONGEST: Final = 100_000_000  # characters of a line


def add_to(commands: Any) -> None:
    """Add `purge`, `erasures` and `vacuum`."""
    purging = command(commands, "purge", purge, "delete the cases that have been closed for long, with all they have")
    purging.add_argument(
        "--closed-for",
        required=True,
        type=duration,
        metavar="SPAN",
        help="how long they must have been closed, as 365d, 12h, 30m or 52w",
    )
    purging.add_argument("--store", type=store, metavar="STORE", help="only cases of this store")
    flag(purging, "--dry-run", "only tell how many it would delete")
    add_folder(purging)

    telling = command(commands, "erasures", erasures, "write what was erased, one a line, to keep apart from backups")
    telling.add_argument(
        "--replay", metavar="FILE", type=file_name, help="erase in this database, a restored backup, what FILE tells of"
    )
    add_yes(telling)
    add_folder(telling)
    add_as(telling, DESK)

    command(commands, "vacuum", vacuum, "write the file anew, which one of an older version needs once before erasing")


def purge(options: argparse.Namespace) -> None:
    """Delete what has been closed for that long, or tell how much that is."""
    asked = {"closed_for": options.closed_for, "store": options.store}
    if options.dry_run:
        with desk_to_read(options.db) as desk:
            cases, held = desk.purgeable(asker(options), **asked)
        report(f"{counted(cases, 'case')} would be deleted{_held(held)}")
        return
    with existing_desk(options.db, contents_of(options)) as desk:
        cases, held, gone = desk.purge(asker(options), **asked)
    report(f"{counted(cases, 'case')} deleted{_held(held)}")
    must_be_gone(gone)


def _held(count: int) -> str:
    return f"; {counted(count, 'case')} on hold" if count else ""


def erasures(options: argparse.Namespace) -> None:
    """Write the ledger, or apply one."""
    if options.replay is not None:
        _replay(options)
        return
    if options.yes:
        options.wrong("--yes goes with --replay.")
    after: int | None = 0
    with desk_to_read(options.db) as desk:
        while after is not None:
            page, after = desk.erasures(asker(options), after=after, limit=AT_ONCE)
            sys.stdout.writelines(f"{erasure_text(erasure)}\n" for _, erasure in page)


def _replay(options: argparse.Namespace) -> None:
    """Apply a ledger, once it was told what that is; so it is read twice."""
    if os.path.exists(options.replay) and not os.path.isfile(options.replay):
        options.wrong(f"{options.replay} must be a file, which can be read twice.")
    with existing_desk(options.db, contents_of(options)) as desk:
        told = _applied(desk, options, dry_run=True)
        report(f"{options.replay}: {_told(told, 'to apply')}")
        if not options.yes:
            raise SupportCasesError(NOT_TOLD)
        done = _applied(desk, options, dry_run=False)
    report(_told(done, "applied"))
    must_be_gone(done.gone is not False)


def _applied(desk: SupportDesk, options: argparse.Namespace, *, dry_run: bool) -> Replayed:
    found = Replayed(0, 0, 0, 0)
    read = _read(options.replay)
    while some := tuple(islice(read, AT_ONCE)):
        found = found.and_also(desk.replay_erasures(signer(options), some, dry_run=dry_run))
    return found


def _read(path: str) -> Iterator[Erasure]:
    with open(path, encoding="utf-8") as ledger:
        try:
            for place, line in enumerate(iter(lambda: ledger.readline(LONGEST), ""), start=1):
                yield read_erasure(line, f"line {place}")
        except UnicodeDecodeError:
            raise SupportCasesError(f"{visible(path)}: it is no text in UTF-8.") from None
        except InvalidInput as wrong:
            raise SupportCasesError(f"{visible(path)}: {wrong}") from None


def _told(counts: Replayed, applied: str) -> str:
    of_each = ((counts.done, "done before"), (counts.unknown, "of cases that are not here"), (counts.held, "on hold"))
    more = [f"{count:,} {what}" for count, what in of_each if count]
    return ", ".join([f"{counted(counts.applied, 'erasure')} {applied}", *more])


def vacuum(options: argparse.Namespace) -> None:
    """Write the file anew, once it was told what that takes."""
    if is_postgresql(options.db):
        raise DatabaseUnusable(
            "PostgreSQL needs none before something is erased; docs/postgres.md tells what it keeps."
        )
    with closing(open_repository(options.db, must_exist=True)) as repository:
        size = os.path.getsize(options.db)
        beside, temporary = os.path.dirname(os.path.realpath(options.db)), _temporary()
        free = {folder: shutil.disk_usage(folder).free for folder in (beside, temporary)}
        report(
            f"{visible(options.db)}: {megabytes(size)}, for which it takes a second or two for each 100 MB, and as "
            f"much again of disk both there ({megabytes(free[beside])} are free) and in {visible(temporary)} "
            f"({megabytes(free[temporary])}); others read meanwhile, and whoever writes waits or is told to come again"
        )
        if min(free.values()) < 2 * size:  # both may be one disk
            raise DatabaseUnusable("the disk has too little space; nothing was done.")
        gone = repository.vacuum()
    report(f"written anew: {megabytes(os.path.getsize(options.db))}")
    must_be_gone(gone)


def _temporary() -> str:
    """Return the folder in which SQLite writes the new file first: sqlite.org/tempfiles.html."""
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108
    writable = (folder for folder in named if folder and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK))
    return next(writable, ".")
