"""The command line: serve the desk, keep its API keys and its file, and work on its cases from a terminal."""

import argparse
import io
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from typing import Final

from supportcases.cli import cases, files, keys, serving, triage, upkeep
from supportcases.cli.options import Parser
from supportcases.errors import SupportCasesError
from supportcases.version import __version__

CUT_SHORT: Final = 128 + signal.SIGPIPE  # what a shell makes of a program that nobody listens to
INTERRUPTED: Final = 128 + signal.SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    That is 0, or 1 with one line on stderr that names what was wrong; wrong arguments raise `SystemExit` with 2.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that cannot write a character gets its escape
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parser().parse_args(argv)
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # before OSError, which it is: `supportcases cases | head` is nobody's mistake
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush when Python ends
        return CUT_SHORT
    except OSError as error:
        print(f"supportcases: {told(error)}", file=sys.stderr)
        return 1
    except SupportCasesError as error:
        print(f"supportcases: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def told(error: OSError) -> str:
    """Return the error of the operating system as a sentence."""
    if error.filename is None or error.strerror is None:
        return error.strerror or str(error)
    return f"{error.filename}: {error.strerror}"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line.

    What configures a place has an environment variable, which its help names. Flags and filters have none: one that was
    forgotten would silently change what is done.
    """
    top = Parser(prog="supportcases", description="Support cases for a store platform.")
    parts = f"SQLite {sqlite3.sqlite_version}, Python {sys.version.split()[0]}"
    top.add_argument("--version", action="version", version=f"supportcases {__version__} ({parts})")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    serving.add_to(commands)
    keys.add_to(commands)
    cases.add_to(commands)
    triage.add_to(commands)
    upkeep.add_to(commands)
    files.add_to(commands)
    return top
