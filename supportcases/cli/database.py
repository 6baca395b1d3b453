"""What the support team's commands share: the desk of a database that is there, who asks, and how it is answered."""

import argparse
import getpass
import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from supportcases.cli.options import file_name, flag, option, ruled
from supportcases.cli.streams import report
from supportcases.cli.tables import visible
from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.cases import Case
from supportcases.domain.fields import SUPPORT_LABEL
from supportcases.domain.webhooks import PUBLIC, Reach
from supportcases.formats.case_json import with_urls
from supportcases.storage.folder import FolderStore
from supportcases.storage.open import open_repository, open_to_read
from supportcases.storage.protocol import ContentStore

SOMEBODY: Final = "support"  # who only looks, or has no name
ROOT: Final = "root"


@contextmanager
def existing_desk(db: str, contents: ContentStore | None = None, reach: Reach = PUBLIC) -> Iterator[SupportDesk]:
    """Yield the desk of a database that is there: a mistyped path must not become a new one."""
    with closing(open_repository(db, must_exist=True)) as repository:
        yield SupportDesk(repository, attachment_store=contents, webhook_reach=reach)


@contextmanager
def desk_to_read(db: str, contents: ContentStore | None = None) -> Iterator[SupportDesk]:
    """Yield the desk of a database that is there, to read from: it need not be ours to write."""
    with open_to_read(db) as repository:
        yield SupportDesk(repository, attachment_store=contents)


def add_folder(to: argparse.ArgumentParser) -> None:
    """Add the option that names the folder of attachments."""
    option(
        to,
        "--attachments",
        metavar="FOLDER",
        type=file_name,
        shown="the database itself",
        help="the folder that keeps the bytes of attachments",
    )


def contents_of(options: argparse.Namespace) -> ContentStore | None:
    """Return the folder of attachments, if one is named, which is there: a mistyped one must not become a new one."""
    return FolderStore(options.attachments, must_exist=True) if options.attachments else None


def add_as(to: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the option that says who asks: `default`, or else whose login it is."""
    option(
        to,
        "--as",
        dest="label",
        metavar="LABEL",
        default=default or login_name(),
        shown=default or "your login name, which sudo passes on; none as root",
        type=ruled(SUPPORT_LABEL),
        help="who you are; merchants see it on what you answer",
    )


def add_json(to: argparse.ArgumentParser, help: str = "print what the HTTP API answers, as JSON") -> None:
    """Add the option for JSON."""
    flag(to, "--json", help)


def login_name() -> str | None:
    """Return the login name of whoever types: sudo tells it, and root is nobody's.

    It is a label, as `--as` is, and no proof: whoever may write the file may sign as anybody. One that no label may be
    is nobody's either: who only looks needs none.
    """
    try:
        return None if _login() == ROOT else SUPPORT_LABEL.clean(_login())
    except ValueError:
        return None


def _login() -> str:
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have none
        return SOMEBODY


def asker(options: argparse.Namespace) -> Actor:
    """Return who looks, who needs no name."""
    return Actor.support(getattr(options, "label", None) or SOMEBODY)


def signer(options: argparse.Namespace) -> Actor:
    """Return who changes something, or end the program where nobody can tell who that is."""
    if options.label is None:
        options.wrong(f"say who you are with --as or SUPPORTCASES_AS: {visible(_login())} is not the name of anybody.")
    return Actor.support(options.label)


def name_of(case: Case) -> str:
    """Return how the command line names a case, as its arguments do."""
    return f"{case.store} {case.number}"


def json_line(text: str) -> str:
    """Return JSON text as one line of ASCII, in which no character can command a terminal."""
    return json.dumps(json.loads(with_urls(text)), separators=(",", ":"))


def tell(options: argparse.Namespace, text: str, told: str) -> None:
    """Report what was done: in the JSON `text` where that is asked for, or as it is `told` to people."""
    report(json_line(text) if options.json else told)
