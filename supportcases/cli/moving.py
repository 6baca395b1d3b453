"""The command that carries all that a database holds into another one, of either engine."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, Final

from supportcases.cli.data import stoppable, too_late_to_stop
from supportcases.cli.options import command, file_name, flag
from supportcases.cli.streams import note, report
from supportcases.cli.tables import visible
from supportcases.cli.terminal import STOPS
from supportcases.domain.errors import DatabaseUnusable
from supportcases.domain.text import counted
from supportcases.processes import held_back, ticks
from supportcases.storage.conninfo import redacted
from supportcases.storage.open import is_postgresql, open_repository, open_to_read, place_of
from supportcases.storage.protocol import Portion, Repository

PURPOSE: Final = "carry everything into an empty database, of either engine, and write nothing more to this one"


def add_to(commands: Any) -> None:
    """Add `move`."""
    moving = command(commands, "move", move, PURPOSE)
    moving.add_argument("--from", dest="source", metavar="DB", type=file_name, help="what is moved, instead of --db")
    moving.add_argument("--to", dest="target", metavar="DB", type=file_name, help="where to: a new file, or a URL")
    flag(moving, "--undo", "let everybody write again to what was moved; nothing comes back from where it went")


def move(options: argparse.Namespace) -> None:
    """Move the database, or let everybody write to it again."""
    if options.undo == (options.target is not None):
        options.wrong("give one of --to and --undo.")
    source = options.source or options.db
    if options.undo:
        _undo(source)
    elif _is_same(source, options.target):
        options.wrong("--from and --to are the same database.")
    else:
        _move(source, options.target)


def _is_same(source: str, target: str) -> bool:
    if is_postgresql(source) or is_postgresql(target):
        return source == target
    return os.path.realpath(source) == os.path.realpath(target)


def _move(source: str, target: str) -> None:
    begun = ticks()
    with stoppable("nothing was moved"), open_to_read(source) as old:
        with held_back(STOPS):  # a file that is made gets its schema too
            new = open_repository(target)
        with closing(new):
            cases = _carry(old, new, target)
    seconds = ticks() - begun
    names = visible(redacted(source)), visible(redacted(target))
    report(
        f"moved {counted(cases, 'case')} from {names[0]} to {names[1]} in {seconds:.1f} s ({cases / seconds:,.0f}/s)\n"
        f"nothing is written to {names[0]} any more; move --undo takes that back"
    )


def _carry(old: Repository, new: Repository, target: str) -> int:
    """Carry all, whole or not at all, and return how many cases that were.

    The new one is kept first: where the machine stops between the two steps, both have everything.
    """
    with old.write() as leaving, new.write() as entering:
        leaving.moving.leave_for(place_of(target))
        if not entering.moving.is_empty():
            raise DatabaseUnusable(f"{redacted(target)} is not empty; move into a file or a database that is new.")
        count = Counter[str]()
        entering.moving.take_in(_counted(leaving.moving.portions(), count))
        too_late_to_stop()
    return count["cases"]


def _counted(portions: Iterable[Portion], count: Counter[str]) -> Iterator[Portion]:
    """Yield the portions, count their rows by the table, and tell a terminal of them."""
    shows = sys.stderr.isatty()
    for portion in portions:
        yield portion
        count[portion.table] += len(portion.rows)
        if shows:
            told = f"{counted(count['cases'], 'case')} and {counted(count['messages'], 'message')}"
            note(f"\rcarried {told}", end="")
    if shows:
        note("; indexes and all else is made")


def _undo(source: str) -> None:
    name = redacted(source)
    with open_to_read(source) as repository, repository.write() as transaction:
        if not transaction.moving.come_back():
            raise DatabaseUnusable(f"{name} was not moved.")
    report(f"{visible(name)} is written to again")
