"""What else `export` writes: all that somebody wrote, to be handed to them, and a table of the cases."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

from supportcases.cli.options import flag, ruled
from supportcases.cli.tables import INDENT, visible, visible_lines
from supportcases.domain import times
from supportcases.domain.cases import Case, Message
from supportcases.domain.errors import DatabaseUnusable
from supportcases.domain.events import HistoryEntry
from supportcases.domain.fields import AUTHOR
from supportcases.domain.statistics import CaseFigures
from supportcases.domain.whole_cases import Dossier
from supportcases.formats import case_csv, whole_cases, written_by
from supportcases.storage.conninfo import redacted
from supportcases.storage.open import open_to_read
from supportcases.storage.protocol import Transaction

PAGE: Final = 500  # cases that are read at once


def add_to_export(exporting: Any) -> None:
    """Add the options for what else is written."""
    exporting.add_argument(
        "--author",
        type=ruled(AUTHOR),
        metavar="LABEL",
        help="instead all that is signed with this label in the cases of the --store, as one JSON object",
    )
    flag(exporting, "--text", "write that as a text for people")
    flag(exporting, "--csv", "instead a table with a row for each case, for a spreadsheet")


def is_asked_for(options: argparse.Namespace) -> bool:
    """Tell whether something else than an archive is to be written; end the program where nobody can tell what."""
    if options.text and options.author is None:
        options.wrong("--text says how to write what somebody wrote: give --author too.")
    if options.author is not None and options.store is None:
        options.wrong("--author wants the store too, with --store: the same label elsewhere may be somebody else.")
    asked = {"--author": options.author is not None, "--csv": options.csv, "--attachments": options.attachments}
    given = [name for name, is_given in asked.items() if is_given]
    if len(given) > 1:
        options.wrong(f"{given[0]} and {given[1]} exclude each other.")
    return options.csv or options.author is not None


def export_otherwise(options: argparse.Namespace) -> None:
    """Write all that somebody wrote, or a table of the cases, as they are at this moment."""
    stores, name = None if options.store is None else frozenset((options.store,)), redacted(options.db)
    with open_to_read(options.db) as repository, repository.read() as transaction:
        if options.store and not transaction.queue.names(stores):
            raise DatabaseUnusable(f"{name} has no cases of {options.store}.")
        if options.csv:
            lines = case_csv.written(_rows(transaction, stores))
        else:
            lines = _written_by(options, name, whole_cases.kept(transaction, stores))
        for line in lines:
            sys.stdout.write(line)


def _rows(transaction: Transaction, stores: frozenset[str] | None) -> Iterator[tuple[Case, CaseFigures]]:
    for store in transaction.queue.names(stores):
        number = 0
        while page := transaction.cases.following(store, number, limit=PAGE):
            figures = transaction.excerpts.figures(None, page)
            yield from ((case, told) for case, told in zip(page, figures, strict=True) if told)
            number = page[-1].number


def _written_by(options: argparse.Namespace, name: str, dossiers: Iterable[Dossier]) -> Iterator[str]:
    """Return what somebody wrote, line by line; where that is nothing, say so before anything is printed."""
    theirs = written_by.by(options.author, dossiers)
    first = list(islice(theirs, 1))
    if not first:
        raise DatabaseUnusable(
            f"{name} has nothing that is signed {visible(options.author)!r} in the cases of {options.store}; "
            "the label must be given letter by letter."
        )
    found = chain(first, theirs)
    if options.text:
        return _as_text(options.store, options.author, found)
    return written_by.written(options.store, options.author, found)


def _as_text(store: str, label: str, dossiers: Iterable[Dossier]) -> Iterator[str]:
    yield f"What {visible(label)} wrote in {store}\n"
    for case, messages, changes in dossiers:
        yield f"\n\n{store} {case.number}: {visible(case.subject)}\nOpened {times.to_text(case.created_at)}\n"
        steps = [(said.created_at, _said(said)) for said in messages] + [(one.at, _changed(one)) for one in changes]
        for _, lines in sorted(steps, key=lambda step: step[0]):
            yield "".join(f"{line}\n" for line in ("", *lines))


def _said(said: Message) -> list[str]:
    head = times.to_text(said.created_at) + ("  [internal note]" if said.internal else "")
    files = [f"Attached: {visible(file.name)} ({file.size:,} bytes), {file.id}" for file in said.attachments]
    return [head, *files, *((INDENT + line).rstrip() for line in visible_lines(said.body))]


def _changed(entry: HistoryEntry) -> list[str]:
    changes = [f"{name}: {_value(entry.was.get(name))} -> {_value(value)}" for name, value in entry.became.items()]
    return [f"{times.to_text(entry.at)}  {entry.kind}", *(INDENT + change for change in changes)]


def _value(value: str | None) -> str:
    return "-" if value is None else visible(value)
