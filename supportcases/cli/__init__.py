"""The command line: serve the desk, keep its API keys and its file, and work on its cases from a terminal."""

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import Final

from supportcases.cli import (
    attachments,
    cases,
    close_idle,
    data,
    deliver,
    erasing,
    importing,
    keys,
    moving,
    retention,
    serve,
    triage,
    webhooks,
)
from supportcases.cli.options import Parser, add_db
from supportcases.cli.streams import can_be_written, note, prepare, silence
from supportcases.cli.tables import visible
from supportcases.domain.errors import DatabaseUnusable, SupportCasesError
from supportcases.storage.open import ENGINE
from supportcases.version import __version__

CUT_SHORT: Final = 128 + signal.SIGPIPE  # what a shell makes of a program that nobody listens to
MISSING: Final = " does not exist."
NAME_IT: Final = "Name the file with --db or SUPPORTCASES_DB."
INTERRUPTED: Final = 128 + signal.SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code, which tells of the work.

    That is 0 where it is done, or 1 with one line on stderr that names what was wrong; wrong arguments raise
    `SystemExit` with 2.
    """
    prepare()
    try:
        return _run(argv)
    finally:  # or Python would end with a code of its own
        for stream in (sys.stdout, sys.stderr):
            if not can_be_written(stream):
                silence(stream)


def _run(argv: Sequence[str] | None) -> int:
    try:
        options = arguments(argv)
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # before OSError, which it is: `supportcases cases | head` is nobody's mistake
        return CUT_SHORT
    except OSError as error:
        note(f"supportcases: {told(error)}")
        return 1
    except SupportCasesError as error:
        note(f"supportcases: {visible(str(error))}{_hint(error)}")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what the arguments ask for; the help is printed at once."""
    try:
        return parser().parse_args(argv)
    except SystemExit:
        sys.stdout.flush()  # it raises where the help cannot be written
        raise


def _hint(error: SupportCasesError) -> str:
    """Return what to do about a file that is not there, which may be another one than was meant."""
    return f" {NAME_IT}" if isinstance(error, DatabaseUnusable) and str(error).endswith(MISSING) else ""


def told(error: OSError) -> str:
    """Return the error of the operating system as a sentence."""
    if error.filename is None or error.strerror is None:
        return error.strerror or str(error)
    return visible(f"{error.filename}: {error.strerror}")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line.

    What configures a place has an environment variable, which its help names. Flags and filters have none: one that was
    forgotten would silently change what is done.
    """
    top = Parser(prog="supportcases", description="Support cases for a store platform.")
    parts = f"{ENGINE}, Python {sys.version.split()[0]}"
    top.add_argument("--version", action="version", version=f"supportcases {__version__} ({parts})")
    add_db(top)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    serve.add_to(commands)
    keys.add_to(commands)
    cases.add_to(commands)
    triage.add_to(commands)
    close_idle.add_to(commands)
    webhooks.add_to(commands)
    deliver.add_to(commands)
    attachments.add_to(commands)
    erasing.add_to(commands)
    retention.add_to(commands)
    data.add_to(commands)
    importing.add_to(commands)
    moving.add_to(commands)
    return top
