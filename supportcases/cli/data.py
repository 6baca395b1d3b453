"""The commands that copy and check a database, and carry its cases to another one."""

import argparse
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import islice
from typing import Any, Final, TypeVar

from supportcases.cli.database import add_folder, contents_of
from supportcases.cli.options import command, file_name, new_file_name, store
from supportcases.cli.streams import lines_from_stdin, note, report
from supportcases.cli.tables import visible
from supportcases.cli.terminal import STOPS, stops_raise
from supportcases.domain.errors import AlreadyThere, DatabaseUnusable, InvalidInput, SupportCasesError
from supportcases.domain.text import counted, megabytes
from supportcases.domain.whole_cases import Dossier
from supportcases.formats import whole_cases
from supportcases.formats.archive import Archive, written
from supportcases.processes import held_back
from supportcases.storage.conninfo import redacted
from supportcases.storage.open import back_up, check, open_repository, open_to_read
from supportcases.storage.protocol import Repository, Transaction

T = TypeVar("T")

TWICE: Final = {  # all else of a case was looked at before it is added
    "case": "Has the id of a case that came before it.",
    "message": "Has a message with the id of one that came before it.",
}
STEP: Final = 1_000  # cases between two signs of life
TOGETHER: Final = 100  # cases that are read before they are added: quicker than one by one, and little to hold


def add_to(commands: Any) -> None:
    """Add `backup`, `check`, `export` and `import`."""
    copying = command(commands, "backup", back_up_file, "copy a SQLite file as it is now, while others use it")
    copying.add_argument("target", metavar="FILE", type=new_file_name, help="the copy; nothing may be there yet")

    purpose = "tell what is wrong with the database, and exit with 1 if anything is"
    add_folder(command(commands, "check", check_file, purpose))

    exporting = command(commands, "export", export_cases, "write all cases to the standard output, one a line, as JSON")
    exporting.add_argument("--store", type=store, metavar="STORE", help="only cases of this store")

    importing = command(commands, "import", import_cases, "take in what export wrote, where there are no cases yet")
    importing.add_argument("source", metavar="FILE", type=file_name, help="what export wrote; - is the standard input")


def back_up_file(options: argparse.Namespace) -> None:
    """Copy the file, and tell what was copied."""
    copied = back_up(options.db, options.target)
    report(f"copied {counted(copied.cases, 'case')} ({megabytes(copied.size)}) to {options.target}")


def check_file(options: argparse.Namespace) -> None:
    """Print what was looked at, and what was found."""
    findings, name = check(options.db, contents_of(options)), redacted(options.db)
    lines = [f"{name}: {findings.database}", f"looked at {', '.join(findings.looked_at)}"]
    lines += [f"note: {warning}" for warning in findings.warnings]
    lines += [f"wrong: {fault}" for fault in findings.faults]
    lines += [] if findings.faults else ["nothing is wrong"]
    report("\n".join(map(visible, lines)))
    if findings.faults:
        raise DatabaseUnusable(f"{name} is not as it must be.")


def export_cases(options: argparse.Namespace) -> None:
    """Write the cases as they are at this moment."""
    stores, name = None if options.store is None else frozenset((options.store,)), redacted(options.db)
    with open_to_read(options.db) as repository, repository.read() as transaction:
        if options.store and not transaction.queue.names(stores):
            raise DatabaseUnusable(f"{name} has no cases of {options.store}.")
        missing: list[str] = []
        for line in written(_with_progress("exported", _noting_gaps(whole_cases.kept(transaction, stores), missing))):
            sys.stdout.write(line)
    if missing:
        raise DatabaseUnusable(
            f"{name} has no case {missing[0]}, so that import will refuse this; `supportcases check` tells more."
        )


def _noting_gaps(cases: Iterable[Dossier], missing: list[str]) -> Iterator[Dossier]:
    """Yield the cases, and note where one is missing before another of its store."""
    last: dict[str, int] = {}
    for dossier in cases:
        store, number = dossier.case.store, dossier.case.number
        if number != last.get(store, 0) + 1:
            missing.append(f"{store} {last.get(store, 0) + 1}")
        last[store] = number
        yield dossier


def import_cases(options: argparse.Namespace) -> None:
    """Take all cases in, in one transaction, or none."""
    name = redacted(options.db)
    with stoppable("nothing was imported"), _opened(options.source) as source:
        try:
            archive = Archive(source)  # before the database is touched: it may be no archive at all
            with held_back(STOPS):  # a file that is made gets its schema too
                repository = open_repository(options.db)
            with closing(repository):
                count = _take_in(archive, repository, name)
        except InvalidInput as wrong:
            raise SupportCasesError(f"{options.source}: {wrong}") from None
        report(f"imported {counted(count, 'case')} into {name}")


def _take_in(archive: Archive, repository: Repository, db: str) -> int:
    count = 0
    cases = _with_progress("imported", archive)
    with repository.write() as transaction:
        if not transaction.whole_cases.are_the_first():
            raise DatabaseUnusable(f"{db} has cases already; import into a file that has none, or that is new.")
        while batch := list(islice(cases, TOGETHER)):
            try:
                with repository.write():  # a part of it that can be undone alone
                    transaction.whole_cases.add(batch)
            except AlreadyThere:
                _add_one_by_one(transaction, batch, count + 2)  # the first line is no case
            count += len(batch)
        too_late_to_stop()
    return count


def _add_one_by_one(transaction: Transaction, batch: list[Dossier], first: int) -> None:
    """Add the cases that were in the archive from line `first` on, so that one that cannot be added is named."""
    for line, dossier in enumerate(batch, start=first):
        try:
            transaction.whole_cases.add([dossier])
        except AlreadyThere as error:
            raise InvalidInput({f"line {line}": TWICE[error.thing]}) from error


@contextmanager
def stoppable(told: str) -> Iterator[None]:
    """Let a signal to stop end the block; of what is not kept by then nothing is, and that is told."""
    with stops_raise():
        try:
            yield
        except SystemExit:
            note(f"supportcases: interrupted; {told}.")
            raise


def too_late_to_stop() -> None:
    """Heed no signal to stop any more: what was done is kept in the next step."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


def _opened(source: str) -> AbstractContextManager[Iterable[bytes]]:
    return nullcontext(lines_from_stdin()) if source == "-" else open(source, "rb")


def _with_progress(done: str, things: Iterable[T]) -> Iterator[T]:
    """Yield the things, and tell a terminal now and then how many they were."""
    shows = sys.stderr.isatty()
    count = 0
    for count, thing in enumerate(things, start=1):
        yield thing
        if shows and count % STEP == 0:
            note(f"\r{done} {counted(count, 'case')}", end="")
    if shows and count >= STEP:
        note(f"\r{done} {counted(count, 'case')}")
