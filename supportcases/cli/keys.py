"""The commands that make, list and revoke API keys."""

import argparse
import sys
from datetime import datetime
from typing import Any, Final

from supportcases.cli.options import add_page, command, expiry, flag, option, ruled, store, stores, typed_again
from supportcases.cli.streams import note, report, silence
from supportcases.cli.tables import table, visible
from supportcases.cli.terminal import Screen, screen, show
from supportcases.desk.keys import MOST_LISTED, KeyRing
from supportcases.domain import times
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.errors import DatabaseUnusable, SupportCasesError
from supportcases.domain.fields import AUTHOR, DEFAULT_AUTHOR, SUPPORT_LABEL
from supportcases.storage.open import IN_MEMORY, is_new, open_repository, open_to_read, place_of
from supportcases.storage.protocol import ApiKey

HEADINGS: Final = ("ID", "STORE", "STATE", "CREATED", "EXPIRES", "LABEL")


def add_to(commands: Any) -> None:
    """Add `keys` with what it can do."""
    keys = commands.add_parser("keys", help="make, list and revoke API keys").add_subparsers(
        required=True, metavar="ACTION"
    )
    creating = command(
        keys, "create", create_key, "print a new key, for a store or for the support team; it is shown only once"
    )
    creating.add_argument("store", metavar="STORE", type=store, nargs="?", help="the store whose merchant gets it")
    flag(creating, "--support", "make a key for somebody of the support team, in place of a store's")
    creating.add_argument(
        "--stores", type=stores, metavar="A,B", help="with --support: only for the cases of these stores"
    )
    flag(creating, "--admin", "with --support: for somebody who may write the canned texts, and make and revoke keys")
    option(
        creating,
        "--label",
        type=ruled(AUTHOR),
        help="who uses the key: needed with --support; API unless given for a store",
    )
    option(
        creating,
        "--expires",
        type=expiry,
        help="how long it is valid, as 90d, 12h, 30m or 8w, or until when, as 2027-01-01 (its beginning in UTC) or "
        "2027-01-01T09:00:00+01:00; for ever unless given",
    )
    listing = command(keys, "list", list_keys, "list what is known of the keys, oldest first")
    add_page(listing, MOST_LISTED)
    revoking = command(keys, "revoke", revoke_key, "revoke a key at once")
    revoking.add_argument("key_id", metavar="KEY_ID")


def create_key(options: argparse.Namespace) -> None:
    """Print a new key, alone; one that cannot be printed is revoked."""
    refuse_wrong_use(options)
    if options.db == IN_MEMORY:
        raise DatabaseUnusable(f"{IN_MEMORY} keeps no key: name a file.")
    new = is_new(options.db)
    repository = open_repository(options.db)
    if new:
        note(f"Made the new file {visible(place_of(options.db))}.")
    now = times.whole_milliseconds(times.now())
    keys = KeyRing(repository, clock=lambda: now)  # so that it ends when it was asked to, to the millisecond
    lifetime = options.expires - now if isinstance(options.expires, datetime) else options.expires
    if options.support:
        of = {"label": options.label, "stores": options.stores, "admin": options.admin}
        key, kept = keys.create_support(**of, lifetime=lifetime)
    else:
        key, kept = keys.create(options.store, label=options.label or DEFAULT_AUTHOR, lifetime=lifetime)
    _hand_over(key, kept, keys)
    whose = f"{visible(kept.actor.label)} {side_of(kept.actor)}" if options.support else f"store {options.store}"
    note(f"The key {kept.id} of {whose} is shown only this once.")


def _hand_over(key: str, kept: ApiKey, keys: KeyRing) -> None:
    """Print the key; what nobody could read, or only a part of it, must not open anything."""
    try:
        print(key, flush=True)
    except BaseException as error:
        keys.revoke(kept.id)
        if isinstance(error, OSError):
            silence(sys.stdout)
            raise SupportCasesError(
                f"the key {kept.id} could not be printed and is revoked; standard output: {error.strerror}."
            ) from None
        raise


def refuse_wrong_use(options: argparse.Namespace) -> None:
    """End the program where what is asked for is neither a store's key nor one of the support team."""
    if not options.support:
        if options.stores:
            options.wrong("--stores needs --support: the key of a store is for that store alone.")
        if options.admin:
            options.wrong("--admin needs --support: it is a right of some of the support team.")
        if options.store is None:
            options.wrong("name the STORE that gets the key, or give --support.")
        return
    if options.store is not None:
        options.wrong("STORE and --support exclude each other: a key is a store's or somebody's of the support team.")
    if options.label is None:
        options.wrong("--support needs --label, the name of whoever uses the key: merchants see it on the answers.")
    try:
        SUPPORT_LABEL.clean(options.label)
    except ValueError as problem:
        options.wrong(f"argument --label: {problem}")


def list_keys(options: argparse.Namespace) -> None:
    """Print what is kept of the keys, oldest first."""
    on, end = screen(), options.offset + options.limit
    with open_to_read(options.db) as repository:
        keys = KeyRing(repository)
        rows = [_row(key, keys, on) for key in keys.page(limit=options.limit, offset=options.offset)]
        goes_on = len(rows) == options.limit and keys.page(limit=1, offset=end)
    more = ["", *typed_again(options, "keys list", ("db", "limit"), f"--offset {end}")] if goes_on else []
    show([*table([HEADINGS, *rows], on.width, whole=1), *more])


def _row(key: ApiKey, keys: KeyRing, on: Screen) -> tuple[str, ...]:
    expires = on.told(key.expires_at) if key.expires_at else "-"
    created = on.told(key.created_at)
    return (key.id, side_of(key.actor), state_of(key, keys), created, expires, key.actor.label)


def side_of(actor: Actor) -> str:
    """Return a merchant's store, or for which stores somebody of the support team works; no store is called so."""
    if actor.kind is ActorKind.MERCHANT:
        return actor.store
    stores = "all" if actor.stores is None else ",".join(sorted(actor.stores))
    return f"({'admin' if actor.admin else 'support'}: {stores})"


def state_of(key: ApiKey, keys: KeyRing) -> str:
    """Return whether a key is valid, expired or revoked."""
    if key.revoked_at:
        return "revoked"
    return "valid" if keys.is_valid(key) else "expired"


def revoke_key(options: argparse.Namespace) -> None:
    """Revoke a key at once."""
    existing_keys(options.db).revoke(options.key_id)
    report(f"revoked {options.key_id}")


def existing_keys(db: str) -> KeyRing:
    """Return the keys of a database that is there: a mistyped path must not become a new one."""
    return KeyRing(open_repository(db, must_exist=True))
