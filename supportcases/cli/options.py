"""What the commands' arguments are made of: commands, options with an environment variable, and types."""

import argparse
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn, TypeVar

from supportcases.cli.streams import note
from supportcases.desk.keys import without_keys
from supportcases.domain import times
from supportcases.domain.cases import parse_number
from supportcases.domain.fields import STORE, TIMESTAMP_FILTER, Rule
from supportcases.storage.conninfo import redacted
from supportcases.storage.open import without_passwords

T = TypeVar("T")

DATABASE: Final = "cases.db"
DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([mhdw])")
UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Parser(argparse.ArgumentParser):
    """A parser that may have the option `-`."""

    def __init__(self, *given: Any, **how: Any) -> None:
        super().__init__(*given, **how)
        self.color = False  # from Python 3.14 on argparse would colour what goes to a file, too

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, but repeat no key that stands where none belongs, and no password."""
        super().error(without_passwords(without_keys(message)))

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print the help, or raise where it cannot be printed, which argparse would pass over."""
        if file is sys.stderr:
            note(message, end="")
        else:
            print(message, end="", file=file)

    def parse_known_args(  # type: ignore[override]  # one of its overloads, which is what argparse calls
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Refuse what argparse would take for `-` with a value, and stumble over."""
        for text in args or ():
            if text.startswith("-="):
                self.error(f"unrecognized arguments: {text}")
        found, left = super().parse_known_args(args, namespace)
        if "words" in found and not any(text.startswith("-") for text in left):
            return argparse.Namespace(**{**vars(found), "words": found.words + left}), []  # they stood between options
        return found, left


def program() -> str:
    """Return how this program was started, to be typed again."""
    started = sys.argv[0]
    if os.path.basename(started) == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m supportcases"
    on_path = shutil.which("supportcases") == os.path.abspath(started)
    return "supportcases" if on_path else shlex.quote(started)


def typed_again(options: argparse.Namespace, words: str, names: Sequence[str], more: str) -> list[str]:
    """Return the lines that tell the command for what comes next: `words`, what was given of `names`, and `more`."""
    given = [
        (name, redacted(str(getattr(options, name)))) for name in names if getattr(options, name) != options.usual(name)
    ]
    told = [
        f"--{'as' if name == 'label' else name}{'=' if value.startswith('-') else ' '}{quoted(value)}"
        for name, value in given
    ]
    return ["The next:", " ".join([program(), words, *told, more])]


def quoted(text: str) -> str:
    r"""Return `text` as a shell reads it: in bytes such as \xe9 where it cannot be printed, or is no text."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(f"\\x{byte:02x}" for byte in os.fsencode(text)) + "'"


def command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], purpose: str
) -> argparse.ArgumentParser:
    """Add a command that works on a database.

    Its options have `wrong`, which ends the program as wrong arguments do, with a sentence that says what is wrong, and
    `usual`, which returns the default of an option.
    """
    added: argparse.ArgumentParser = commands.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
    )

    def usual(name: str) -> Any:
        return default_of("db", DATABASE) if name == "db" else added.get_default(name)

    added.set_defaults(run=run, wrong=added.error, usual=usual)
    add_db(added, again=True)
    return added


def add_db(to: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Add the option that names the database, before the command or, `again`, behind it."""
    option(
        to,
        "--db",
        default=DATABASE,
        again=again,
        type=file_name,
        help="the SQLite file, or a PostgreSQL URL",
    )


def option(
    to: argparse.ArgumentParser,
    name: str,
    *,
    default: str | int | None = None,
    help: str,
    shown: str | None = None,
    required: bool = False,
    again: bool = False,
    **how: Any,
) -> None:
    """Add an option whose default is its environment variable, or else `default`.

    Args:
        to: The command.
        name: The option, with its hyphens.
        default: What it is unless given.
        help: What it is for.
        shown: What the help tells of the default; the default itself unless given.
        required: Whether it must be given, here or in the environment.
        again: Whether it may stand before the command too, and keeps what was given there.
        how: What else `add_argument` takes.
    """
    variable = variable_of(name)
    usual = shown or default
    told = f"{help} (default: {usual}; environment: {variable})" if usual else f"{help} (environment: {variable})"
    value = default_of(name, default)
    to.add_argument(
        name,
        default=argparse.SUPPRESS if again else value,
        help=told,
        required=required and value is None,
        **how,
    )


def variable_of(name: str) -> str:
    """Return the environment variable of an option."""
    return f"SUPPORTCASES_{name.strip('-').replace('-', '_').upper()}"


def default_of(name: str, default: str | int | None) -> str | int | None:
    """Return what an option is unless given: its environment variable, or else `default`."""
    return os.environ.get(variable_of(name)) or default


def choice(to: argparse.ArgumentParser, name: str, names: tuple[str, ...], **how: Any) -> None:
    """Add an option that takes one of `names`; no environment variable sets it."""
    to.add_argument(name, choices=[str(each) for each in names], **how)


def flag(to: argparse.ArgumentParser, name: str, help: str) -> None:
    """Add an option that is given or not; no environment variable sets it."""
    to.add_argument(name, action="store_true", help=help)


def ruled(rule: Rule[T]) -> Callable[[str], T]:
    """Return the type of an argument for which `rule` says what is allowed."""

    def clean(text: str) -> T:
        try:
            return rule.clean(text)
        except ValueError as problem:
            raise argparse.ArgumentTypeError(str(problem)) from None

    return clean


store: Final = ruled(STORE)


def file_name(text: str) -> str:
    """Return the name of a file, which is not empty."""
    if not text:
        raise argparse.ArgumentTypeError("must be the name of a file, not empty")
    return text


def new_file_name(text: str) -> str:
    """Return the name of a file to be made: neither a folder's nor the standard output's."""
    if text == "-" or text.endswith(os.sep):
        raise argparse.ArgumentTypeError(f"must be the name of a file to be made, not {text!r}")
    return file_name(text)


def stores(text: str) -> tuple[str, ...]:
    """Return the names of stores that `text` lists with commas."""
    return tuple(store(name) for name in text.split(","))


def number(text: str) -> int:
    """Return the number of a case, written in any of its forms."""
    found = parse_number(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"must be the number of a case such as 42, 000042 or #42, not {text!r}")
    return found


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """Return the type of an argument that is a whole number from `lowest` to `highest`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 10 and lowest <= int(text) <= highest):
            raise argparse.ArgumentTypeError(f"must be a whole number from {lowest} to {highest}, not {text!r}")
        return int(text)

    return read


def add_page(to: argparse.ArgumentParser, most: int) -> None:
    """Add the options that say which of many to print, at most `most`."""
    to.add_argument(
        "--limit", type=whole(1, most), default=most, metavar="N", help=f"how many at the most (default: {most})"
    )
    to.add_argument(
        "--offset", type=whole(0, 999_999_999), default=0, metavar="N", help="how many to pass over first (default: 0)"
    )


def expiry(text: str) -> timedelta | datetime:
    """Return a span of time, or the time that is written as 2027-01-01 (its beginning in UTC) or with a zone."""
    if not re.match("[0-9]{4}-", text):
        try:
            return duration(text)
        except argparse.ArgumentTypeError:
            raise argparse.ArgumentTypeError(
                f"must be a span such as 90d, 12h, 30m or 8w, or a date such as 2027-01-01, not {text!r}"
            ) from None
    end = ruled(TIMESTAMP_FILTER)(text)
    if end <= times.now():
        raise argparse.ArgumentTypeError(f"must be in the future, which {text!r} is not")
    return end


def duration(text: str) -> timedelta:
    """Return a span of time written as 90d, 12h, 30m or 8w."""
    written = DURATION.fullmatch(text)
    if not written:
        raise argparse.ArgumentTypeError(
            f"must be a number of minutes, hours, days or weeks such as 90d (up to 99999), not {text!r}"
        )
    return timedelta(**{UNITS[written[2]]: int(written[1])})
