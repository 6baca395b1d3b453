"""The command line: serve the desk, and make, list and revoke API keys."""

import argparse
import logging
import os
import re
import sqlite3
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from supportcases import times
from supportcases.app import create_app
from supportcases.errors import DatabaseUnusable, SupportCasesError
from supportcases.fields import AUTHOR, DEFAULT_AUTHOR, STORE, Rule
from supportcases.keys import KeyRing
from supportcases.repository import ApiKey
from supportcases.sqlite.repository import IN_MEMORY, SqliteRepository
from supportcases.version import __version__

DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([mhdw])")
UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 1 with one line on stderr that names what was wrong."""
    options = parser().parse_args(argv)
    try:
        options.run(options)
    except (SupportCasesError, OSError) as error:
        print(f"supportcases: {error}", file=sys.stderr)
        return 1
    return 0


def serve(options: argparse.Namespace) -> None:
    """Serve the desk until it is told to stop."""
    from supportcases import server

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("waitress").setLevel(logging.WARNING)  # below that it logs paths as they came
    try:
        listener = server.bind(options.host, options.port)  # first: a port in use must leave the database untouched
    except (OSError, UnicodeError) as error:
        fault = getattr(error, "strerror", None) or error
        raise OSError(f"cannot listen on {options.host}:{options.port}: {fault}") from error
    with listener:
        server.serve(create_app(options.db), listener, threads=options.threads)


def create_key(options: argparse.Namespace) -> None:
    """Print a new key, alone."""
    if options.db == IN_MEMORY:
        raise DatabaseUnusable(f"{IN_MEMORY} keeps no key: name a file.")
    keys = KeyRing(SqliteRepository(options.db))
    key, kept = keys.create(options.store, label=options.label, lifetime=options.expires)
    print(key)
    print(f"The key {kept.id} of store {kept.store} is shown only this once.", file=sys.stderr)


def list_keys(options: argparse.Namespace) -> None:
    """Print what is kept of every key, oldest first."""
    keys = existing_keys(options.db)
    print(KEY_LINE.format("ID", "STORE", "STATE", "CREATED", "EXPIRES", "LABEL"))
    for key in keys.all():
        expires = times.to_text(key.expires_at) if key.expires_at else "-"
        print(
            KEY_LINE.format(key.id, key.store, state_of(key, keys), times.to_text(key.created_at), expires, key.label)
        )


KEY_LINE: Final = "{:12}  {:20}  {:7}  {:24}  {:24}  {}"


def state_of(key: ApiKey, keys: KeyRing) -> str:
    """Return whether a key is valid, expired or revoked."""
    if key.revoked_at:
        return "revoked"
    return "valid" if keys.is_valid(key) else "expired"


def revoke_key(options: argparse.Namespace) -> None:
    """Revoke a key at once."""
    existing_keys(options.db).revoke(options.key_id)
    print(f"revoked {options.key_id}")


def existing_keys(db: str) -> KeyRing:
    """Return the keys of a database that is there: a mistyped path must not become a new one."""
    return KeyRing(SqliteRepository(db, must_exist=True))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line. Every option has an environment variable, which its help names."""
    top = argparse.ArgumentParser(prog="supportcases", description="Support cases for a store platform.")
    top.add_argument(
        "--version", action="version", version=f"supportcases {__version__} (SQLite {sqlite3.sqlite_version})"
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    serving = command(commands, "serve", serve, "serve the API over HTTP until SIGTERM or SIGINT")
    option(serving, "--host", default="127.0.0.1", help="address to listen on")
    option(serving, "--port", default="8000", type=port, help="port to listen on; 0 takes a free one")
    option(serving, "--threads", default="4", type=positive, help="worker threads")

    keys = commands.add_parser("keys", help="make, list and revoke API keys").add_subparsers(
        required=True, metavar="ACTION"
    )
    creating = command(keys, "create", create_key, "print a new key for a store; it is shown only once")
    creating.add_argument("store", metavar="STORE", type=store)
    option(creating, "--label", default=DEFAULT_AUTHOR, type=label, help="who uses the key")
    option(
        creating,
        "--expires",
        default=None,
        type=duration,
        help="how long it is valid, as 90d, 12h, 30m or 8w; for ever unless given",
    )
    command(keys, "list", list_keys, "list what is known of every key")
    revoking = command(keys, "revoke", revoke_key, "revoke a key at once")
    revoking.add_argument("key_id", metavar="KEY_ID")
    return top


def command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], purpose: str
) -> argparse.ArgumentParser:
    """Add a command that works on a database."""
    added: argparse.ArgumentParser = commands.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
    )
    added.set_defaults(run=run)
    option(added, "--db", default="cases.db", help="the SQLite file")
    return added


def option(to: argparse.ArgumentParser, name: str, *, default: str | None, help: str, **how: Any) -> None:
    """Add an option whose default is its environment variable, or else `default`."""
    variable = f"SUPPORTCASES_{name.strip('-').upper()}"
    told = f"{help} (default: {default}; environment: {variable})" if default else f"{help} (environment: {variable})"
    to.add_argument(name, default=os.environ.get(variable) or default, help=told, **how)


def store(text: str) -> str:
    """Return the name of a store."""
    return _ruled(STORE, text)


def label(text: str) -> str:
    """Return who uses a key."""
    return _ruled(AUTHOR, text)


def _ruled(rule: Rule[str], text: str) -> str:
    try:
        return rule.clean(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def port(text: str) -> int:
    """Return a port number."""
    return _whole(text, 0, 65_535)


def positive(text: str) -> int:
    """Return a number of threads."""
    return _whole(text, 1, 1_000)


def _whole(text: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdigit() and lowest <= int(text[:10]) <= highest):
        raise argparse.ArgumentTypeError(f"must be a whole number from {lowest} to {highest}, not {text!r}")
    return int(text)


def duration(text: str) -> timedelta:
    """Return a span of time written as 90d, 12h, 30m or 8w."""
    written = DURATION.fullmatch(text)
    if not written:
        raise argparse.ArgumentTypeError(
            f"must be a number of minutes, hours, days or weeks such as 90d (up to 99999), not {text!r}"
        )
    return timedelta(**{UNITS[written[2]]: int(written[1])})
