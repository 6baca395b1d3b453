"""The commands that copy and check a database, and carry its cases to another one."""

import argparse
import signal
import sys
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

from supportcases.cli.database import add_folder, contents_of
from supportcases.cli.exporting import add_to_export, export_otherwise, is_asked_for
from supportcases.cli.options import command, default_of, file_name, new_file_name, store, variable_of
from supportcases.cli.streams import note, report
from supportcases.cli.tables import visible
from supportcases.cli.terminal import STOPS, stops_raise
from supportcases.desk.contents import contents_of as beside_database
from supportcases.domain.attachments import Upload
from supportcases.domain.cases import Case
from supportcases.domain.erasure import REDACTED
from supportcases.domain.errors import DatabaseUnusable
from supportcases.domain.text import counted, megabytes
from supportcases.domain.whole_cases import Dossier
from supportcases.formats import whole_cases
from supportcases.formats.archive import written, written_with_files
from supportcases.storage.conninfo import redacted
from supportcases.storage.folder import FolderStore
from supportcases.storage.open import back_up, check, open_to_read
from supportcases.storage.protocol import Transaction

T = TypeVar("T")

STEP: Final = 1_000  # cases between two signs of life


def add_to(commands: Any) -> None:
    """Add `backup`, `check` and `export`."""
    copying = command(commands, "backup", back_up_file, "copy a SQLite file as it is now, while others use it")
    copying.add_argument("target", metavar="FILE", type=new_file_name, help="the copy; nothing may be there yet")

    purpose = "tell what is wrong with the database, and exit with 1 if anything is"
    add_folder(command(commands, "check", check_file, purpose))

    exporting = command(commands, "export", export_cases, "write all cases to the standard output, one a line, as JSON")
    exporting.add_argument("--store", type=store, metavar="STORE", help="only cases of this store")
    exporting.add_argument(
        "--attachments",
        metavar="FOLDER",
        nargs="?",
        type=file_name,
        const=default_of("--attachments", None) or True,
        help=f"export files too, which the database or this folder keeps (environment: {variable_of('--attachments')})",
    )
    add_to_export(exporting)


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
    """Write the cases as they are at this moment, with their files where that is asked for; or what else is."""
    if is_asked_for(options):
        export_otherwise(options)
        return
    stores, name = None if options.store is None else frozenset((options.store,)), redacted(options.db)
    folder = FolderStore(options.attachments, must_exist=True) if isinstance(options.attachments, str) else None
    with open_to_read(options.db) as repository, repository.read() as transaction:
        if options.store and not transaction.queue.names(stores):
            raise DatabaseUnusable(f"{name} has no cases of {options.store}.")
        missing: list[str] = []
        files = Counter[str]()
        gone = list(whole_cases.purged(transaction, stores))
        cases = _noting_gaps(whole_cases.kept(transaction, stores), {each[:2] for each in gone}, missing)
        cases = with_progress("exported", _counting_files(cases, files))
        if options.attachments is None:
            lines = written(cases, gone)
        else:
            contents = beside_database(repository, folder)
            lines = written_with_files(
                cases,
                partial(_attached, transaction),
                lambda file: contents.read(file.content or "", 0, file.size),
                gone,
            )
        for line in lines:
            sys.stdout.write(line)
    if files["all"] and options.attachments is None:
        note(f"supportcases: left out {counted(files['all'], 'file')}; export --attachments has them too.")
    if missing:
        raise DatabaseUnusable(
            f"{name} has no case {missing[0]}, so that import will refuse this; `supportcases check` tells more."
        )


def _attached(transaction: Transaction, case: Case) -> Sequence[Upload]:
    return transaction.attachments.attached(case.store, case.id)


def _counting_files(cases: Iterable[Dossier], count: Counter[str]) -> Iterator[Dossier]:
    for dossier in cases:
        files = (file for message in dossier.messages for file in message.attachments)
        count["all"] += sum(file.name != REDACTED for file in files)
        yield dossier


def _noting_gaps(cases: Iterable[Dossier], gone: Container[tuple[str, int]], missing: list[str]) -> Iterator[Dossier]:
    """Yield the cases, and note where one is missing before another of its store that was not purged."""
    last: dict[str, int] = {}
    for dossier in cases:
        store, number = dossier.case.store, dossier.case.number
        expected = last.get(store, 0) + 1
        while (store, expected) in gone:
            expected += 1
        if number != expected:
            missing.append(f"{store} {expected}")
        last[store] = number
        yield dossier


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


def with_progress(done: str, things: Iterable[T]) -> Iterator[T]:
    """Yield the things, and tell a terminal now and then how many they were."""
    shows = sys.stderr.isatty()
    count = 0
    for count, thing in enumerate(things, start=1):
        yield thing
        if shows and count % STEP == 0:
            note(f"\r{done} {counted(count, 'case')}", end="")
    if shows and count >= STEP:
        note(f"\r{done} {counted(count, 'case')}")
