"""What the support team's commands share: the desk of a database that is there, who asks, and how it is answered."""

import argparse
import getpass
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final

from supportcases.actors import Actor
from supportcases.cases import Case
from supportcases.cli.options import flag, option, ruled
from supportcases.desk import SupportDesk
from supportcases.fields import SUPPORT_LABEL
from supportcases.sqlite.repository import SqliteRepository

SOMEBODY: Final = "support"  # who only looks, or has no name


@contextmanager
def existing_desk(db: str) -> Iterator[SupportDesk]:
    """Yield the desk of a database that is there: a mistyped path must not become a new one."""
    with closing(SqliteRepository(db, must_exist=True)) as repository:
        yield SupportDesk(repository)


def add_as(to: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the option that says who asks: `default`, or else the login name."""
    option(
        to,
        "--as",
        dest="label",
        metavar="LABEL",
        default=default or login_name(),
        shown=default or "your login name",
        type=ruled(SUPPORT_LABEL),
        help="who you are; merchants see it on what you answer",
    )


def add_json(to: argparse.ArgumentParser, help: str = "print what the HTTP API answers, as JSON") -> None:
    """Add the option for JSON."""
    flag(to, "--json", help)


def login_name() -> str:
    """Return the name of whoever is logged in."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have none
        return SOMEBODY


def asker(options: argparse.Namespace) -> Actor:
    """Return who asks."""
    return Actor.support(getattr(options, "label", SOMEBODY))


def name_of(case: Case) -> str:
    """Return how the command line names a case, as its arguments do."""
    return f"{case.store} {case.number}"


def print_json(value: Mapping[str, Any]) -> None:
    """Print `value` as one line of ASCII, in which no character can command a terminal."""
    print(json.dumps(value, ensure_ascii=True, separators=(",", ":")))
