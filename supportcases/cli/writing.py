"""The text of an answer or of a new case: given, read from the standard input, or written in an editor."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from supportcases.cli.streams import note, text_from_stdin
from supportcases.cli.terminal import edit, is_terminal, stops_raise
from supportcases.domain.errors import InvalidInput, SupportCasesError


def add_text(to: argparse.ArgumentParser) -> None:
    """Add the options that give a text."""
    # an option, and not an argument behind the others: argparse would refuse that one behind another option
    to.add_argument("-", dest="stdin", action="store_true", help="read the text from the standard input")
    to.add_argument("-m", "--message", metavar="TEXT", help="the text; without it a terminal opens $VISUAL or $EDITOR")


def refuse_other_than_one_text(options: argparse.Namespace) -> None:
    """End the program where there are two texts, or none and nobody to write one."""
    if options.stdin and options.message is not None:
        options.wrong("give the text with -m or - (the standard input), not both.")
    if not options.stdin and options.message is None and not is_terminal(sys.stdin, sys.stdout):
        options.wrong("give the text with -m TEXT, or - to read it from the standard input.")


@contextmanager
def text_of(options: argparse.Namespace) -> Iterator[str]:
    """Yield the text; what was written at the terminal is kept in a file where the block fails."""
    if options.message is not None:
        yield options.message
    elif options.stdin and not is_terminal(sys.stdin):
        yield text_from_stdin()
    else:
        with _draft() as path:
            if options.stdin:
                path.write_text(text_from_stdin(), "utf-8")
            else:
                edit(path)
            yield _read(path)


@contextmanager
def _draft() -> Iterator[Path]:
    """Yield the path of an empty file; where the block fails, what was written there stays, and it is told where."""
    handle, name = tempfile.mkstemp(prefix="supportcases-", suffix=".txt")
    os.close(handle)
    path = Path(name)
    posted = False
    try:
        with stops_raise():
            yield path
        posted = True
    finally:
        if not posted and path.exists() and path.read_bytes().strip():
            note(f"supportcases: your text is kept in {path}")
        else:
            path.unlink(missing_ok=True)


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig") if path.exists() else ""
    except UnicodeDecodeError:
        raise InvalidInput({"body": "Must be text in utf-8."}) from None
    if not text.strip():
        raise SupportCasesError("the text is empty, so that nothing was posted.")
    return text
