"""The command that takes in what `export` wrote: all of it, or nothing."""

import argparse
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import chain, islice
from typing import Any, Final

from supportcases.cli.data import stoppable, too_late_to_stop, with_progress
from supportcases.cli.database import add_folder
from supportcases.cli.options import command, file_name
from supportcases.cli.streams import lines_from_stdin, report
from supportcases.cli.terminal import STOPS
from supportcases.desk.contents import DatabaseStore
from supportcases.desk.signatures import new_secret
from supportcases.domain.attachments import Upload, shown_as
from supportcases.domain.cases import Case
from supportcases.domain.errors import AlreadyThere, DatabaseUnusable, InvalidInput, SupportCasesError
from supportcases.domain.ids import uuid7
from supportcases.domain.text import counted
from supportcases.domain.whole_cases import Dossier
from supportcases.formats.archive import Archive
from supportcases.processes import held_back
from supportcases.storage.conninfo import redacted
from supportcases.storage.folder import FolderStore
from supportcases.storage.open import open_repository
from supportcases.storage.protocol import ContentStore, Repository, Transaction

TWICE: Final = {  # all else of a case was looked at before it is added
    "case": "Has the id of a case that came before it.",
    "message": "Has a message with the id of one that came before it.",
    "file": "Has a file with the id of one that came before it.",
}
TOGETHER: Final = 100  # cases that are read before they are added: quicker than one by one, and little to hold


def add_to(commands: Any) -> None:
    """Add `import`."""
    importing = command(commands, "import", import_cases, "take in what export wrote, where there are no cases yet")
    importing.add_argument("source", metavar="FILE", type=file_name, help="what export wrote; - is the standard input")
    add_folder(importing)


def import_cases(options: argparse.Namespace) -> None:
    """Take all cases in, in one transaction, or none."""
    name = redacted(options.db)
    with stoppable("nothing was imported"), _opened(options.source) as source:
        try:
            archive = Archive(source)  # before the database is touched: it may be no archive at all
            with held_back(STOPS):  # a file that is made gets its schema too
                repository = open_repository(options.db)
            with closing(repository), _contents(repository, options.attachments) as contents:
                cases, files = _take_in(archive, repository, contents, name)
        except InvalidInput as wrong:
            raise SupportCasesError(f"{options.source}: {wrong}") from None
        told = f" with {counted(files, 'file')}" if files else ""
        report(f"imported {counted(cases, 'case')}{told} into {name}")


def _opened(source: str) -> AbstractContextManager[Iterable[bytes]]:
    return nullcontext(lines_from_stdin()) if source == "-" else open(source, "rb")


@contextmanager
def _contents(repository: Repository, folder: str | None) -> Iterator[ContentStore]:
    """Yield what keeps the bytes of files; where the block fails a folder loses them again, as the database does."""
    if folder is None:
        yield DatabaseStore(repository)
        return
    contents = Noting(FolderStore(folder))
    try:
        yield contents
    except BaseException:
        for name in contents.written:
            contents.remove(name)
        raise


class Noting:
    """A store that notes what was written to it."""

    def __init__(self, store: ContentStore) -> None:
        """Write to `store`."""
        self.written: list[str] = []
        self.read, self.remove, self.names = store.read, store.remove, store.names
        self._write = store.write

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Keep the chunks."""
        self.written.append(name)
        self._write(name, chunks)


def _take_in(archive: Archive, repository: Repository, contents: ContentStore, db: str) -> tuple[int, int]:
    """Return how many cases were taken in, and how many files."""
    count, files = 0, 0
    cases = with_progress("imported", archive)
    with repository.write() as transaction:
        if not transaction.whole_cases.are_the_first():
            raise DatabaseUnusable(f"{db} has cases already; import into a file that has none, or that is new.")
        if transaction.erasures.tombstones(after=("", 0), limit=1):
            raise DatabaseUnusable(f"{db} has had cases, which were purged; import into a file that is new.")
        while batch := list(_together(archive, cases)):
            try:
                with repository.write():  # a part of it that can be undone alone
                    transaction.whole_cases.add([dossier for _, dossier in batch])
            except AlreadyThere:
                _add_one_by_one(transaction, batch)
            count += len(batch)
            for file in archive.files:
                line, dossier = batch[-1]
                _keep(transaction, contents, archive, file, dossier.case, line)
                files += 1
        transaction.erasures.bury(archive.purged)
        too_late_to_stop()
    return count, files


def _together(archive: Archive, cases: Iterator[Dossier]) -> Iterator[tuple[int, Dossier]]:
    """Yield some cases, each with its line, up to one that has files: their bytes come next."""
    for dossier in islice(cases, TOGETHER):
        yield archive.line, dossier
        if archive.files:
            return


def _add_one_by_one(transaction: Transaction, batch: list[tuple[int, Dossier]]) -> None:
    """Add the cases so that one that cannot be added is named."""
    for line, dossier in batch:
        try:
            transaction.whole_cases.add([dossier])
        except AlreadyThere as error:
            raise InvalidInput({f"line {line}": TWICE[error.thing]}) from error


def _keep(
    transaction: Transaction, contents: ContentStore, archive: Archive, file: Upload, case: Case, line: int
) -> None:
    """Keep a file of a message, as an upload is kept: first its name, then its bytes, then that they are there."""
    upload = file._replace(content=str(uuid7()), message_id=None)
    begun = upload._replace(attempted_at=file.created_at, sha256=None)
    try:
        transaction.attachments.add(begun, new_secret())
    except AlreadyThere as error:
        raise InvalidInput({f"line {line}": TWICE[error.thing]}) from error
    pieces = archive.content(file)
    first = next(pieces)
    contents.write(upload.content or "", chain([first], pieces))
    transaction.attachments.update(upload._replace(finished_at=file.created_at, shown_as=shown_as(first)))
    transaction.attachments.attach(case, file.message_id or "", [file.id])
