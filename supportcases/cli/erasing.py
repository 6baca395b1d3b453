"""The commands that take something out of cases for good, and hold what must stay."""

import argparse
from typing import Any, Final

from supportcases.cli.database import (
    add_as,
    add_folder,
    add_json,
    asker,
    contents_of,
    desk_to_read,
    existing_desk,
    name_of,
    signer,
    tell,
)
from supportcases.cli.naming import add_case, reference
from supportcases.cli.options import choice, command, flag, number, store
from supportcases.cli.streams import report
from supportcases.cli.tables import table, terminal_width, visible
from supportcases.domain import times
from supportcases.domain.erasure import Reason
from supportcases.domain.errors import SupportCasesError
from supportcases.domain.text import counted
from supportcases.formats.case_json import FOR_TEAM

MOST_HOLDS: Final = 100
NOT_YET: Final = (
    "what was erased may still be in the journal, since somebody has read the database for longer than a few seconds; "
    "run this again once that has ended."
)
NOT_TOLD: Final = "nothing was erased, for it cannot be taken back; say --yes to do it."


def add_to(commands: Any) -> None:
    """Add `redact`, `erase-author` and `hold`."""
    redacting = command(commands, "redact", redact, "take one thing out of a case for good; [redacted] takes its place")
    add_case(redacting)
    what = redacting.add_mutually_exclusive_group(required=True)
    what.add_argument("--message", metavar="ID", help="the text of a message or note")
    what.add_argument("--subject", action="store_true", help="the subject, and each that the case had before")
    what.add_argument(
        "--label", dest="author", metavar="LABEL", help="somebody's label, wherever it stands in this case"
    )
    what.add_argument("--attachment", metavar="ID", help="the bytes and the name of a file")
    add_reason(redacting)
    add_folder(redacting)
    add_as(redacting)
    add_json(redacting)

    erasing = command(commands, "erase-author", erase_author, "take all that somebody wrote, and their label, for good")
    erasing.add_argument("--store", required=True, type=store, metavar="STORE", help="the store in which they wrote")
    erasing.add_argument(
        "--label", dest="author", required=True, metavar="LABEL", help="their label, as it stands under their words"
    )
    add_reason(erasing)
    add_yes(erasing)
    add_folder(erasing)
    add_as(erasing)

    holding = command(commands, "hold", hold, "let nothing of a store or a case be erased; alone: list what is on hold")
    holding.add_argument("store", nargs="?", type=store, metavar="STORE", help="the store")
    holding.add_argument("number", nargs="?", type=number, metavar="NUMBER", help="only this case of it")
    flag(holding, "--release", "hold it no more")
    add_as(holding)


def add_reason(to: argparse.ArgumentParser) -> None:
    """Add why something is erased, which the history and the ledger tell."""
    choice(to, "--reason", tuple(Reason), required=True, help="why: somebody asked for it, the law does, by mistake")


def add_yes(to: argparse.ArgumentParser) -> None:
    """Add the option without which only counts are told."""
    flag(to, "--yes", "do it; without this only tell the counts")


def redact(options: argparse.Namespace) -> None:
    """Take one thing out of a case."""
    with existing_desk(options.db, contents_of(options)) as desk:
        case, gone = desk.redact(
            signer(options),
            reference(options),
            reason=options.reason,
            message=options.message,
            subject=options.subject,
            label=options.author,
            attachment=options.attachment,
        )
    tell(options, FOR_TEAM.case(case), f"redacted {name_of(case)}")
    must_be_gone(gone)


def erase_author(options: argparse.Namespace) -> None:
    """Take somebody out of a store, or tell how much that would be."""
    name = visible(options.author)
    with existing_desk(options.db, contents_of(options)) as desk:
        agent, who = signer(options), {"store": options.store, "label": options.author}
        places = desk.author_places(agent, **who)
        report(f"{name} of {options.store}: {_counts(*places)}")
        if not options.yes:
            raise SupportCasesError(NOT_TOLD)
        *counts, gone = desk.erase_author(agent, **who, reason=options.reason)
    report(f"erased {name}: {_counts(*counts)}")
    must_be_gone(gone)


def _counts(cases: int, messages: int, keys: int) -> str:
    return f"{counted(messages, 'message')} in {counted(cases, 'case')}, {counted(keys, 'key')}"


def hold(options: argparse.Namespace) -> None:
    """Hold or release a store or a case, or list what is on hold."""
    if options.store is None:
        if options.release:
            options.wrong("name the store, or the case, to release.")
        _list_holds(options)
        return
    name = options.store if options.number is None else f"{options.store} {options.number}"
    with existing_desk(options.db) as desk:
        if not options.release:
            desk.hold(signer(options), options.store, options.number)
            report(f"{name} is on hold")
        elif desk.release(signer(options), options.store, options.number):
            report(f"{name} is on hold no more")
        else:
            raise SupportCasesError(f"{name} was not on hold by itself.")


def _list_holds(options: argparse.Namespace) -> None:
    offset, rows = 0, [("STORE", "NUMBER", "SINCE")]
    with desk_to_read(options.db) as desk:
        while some := desk.holds(asker(options), limit=MOST_HOLDS, offset=offset):
            rows += [
                (of.store, "all" if of.number is None else str(of.number), times.to_text(of.held_at)) for of in some
            ]
            offset += len(some)
    report("\n".join(table(rows, terminal_width())) if offset else "nothing is on hold")


def must_be_gone(gone: bool) -> None:
    """Raise where something may be left of what was erased."""
    if not gone:
        raise SupportCasesError(NOT_YET)
