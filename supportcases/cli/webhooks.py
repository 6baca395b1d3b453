"""The commands about webhooks: who is told what happens, and what came of it."""

import argparse
import sys
from collections.abc import Callable
from typing import Any, Final

from supportcases.cli.database import SOMEBODY, add_json, desk_to_read, existing_desk, json_line, tell
from supportcases.cli.options import add_page, command, store, typed_again, whole
from supportcases.cli.reach import add_reach, reach_of
from supportcases.cli.streams import note, silence
from supportcases.cli.tables import table, visible
from supportcases.cli.terminal import Screen, screen, show
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.endpoints import OF_THE_TEAM, TYPE, Delivery, NewSecret, Webhook
from supportcases.domain.errors import SupportCasesError
from supportcases.formats.webhook_json import deliveries_text, delivery_text, webhook_text, webhooks_text

OPERATOR: Final = Actor.support(SOMEBODY)  # who may use the database may see all of them
MOST: Final = 100  # on a page
HEADINGS: Final = ("ID", "STORE", "STATE", "CREATED", "TYPES", "URL", "DESCRIPTION")
DELIVERED: Final = ("ID", "STATE", "KIND", "TYPE", "ATTEMPT", "TIME", "STATUS", "MS", "PROBLEM")


def add_to(commands: Any) -> None:
    """Add `webhooks` with what it can do."""
    webhooks = commands.add_parser("webhooks", help="say who is told what happens, and look what came of it")
    actions = webhooks.add_subparsers(required=True, metavar="ACTION")

    listing = command(actions, "list", list_webhooks, "list the webhooks, oldest first")
    listing.add_argument("--store", type=store, metavar="STORE", help="only those of this store")
    add_page(listing, MOST)
    add_json(listing)

    adding = command(actions, "add", add_webhook, "add a webhook, and print its secret, which is shown only once")
    adding.add_argument("url", metavar="URL", help="where it is")
    adding.add_argument("--store", type=store, metavar="STORE", help="whose events it is told; all, unless given")
    add_types(adding, "tell it of events of this type alone, such as answered; may be given several times")
    add_description(adding, "what it is called")
    add_reach(adding)
    add_json(adding)

    changing = _about_one(actions, "change", change_webhook, "change a webhook")
    changing.add_argument("--url", metavar="URL", help="where it is now")
    types = changing.add_mutually_exclusive_group()
    add_types(types, "tell it of events of this type alone; may be given several times")
    types.add_argument("--all-types", action="store_true", help="tell it of all events")
    add_description(changing, "what it is called; empty for nothing")
    states = changing.add_mutually_exclusive_group()
    states.add_argument(
        "--enable", dest="enabled", action="store_true", default=None, help="tell it again, from where it stopped"
    )
    states.add_argument("--disable", dest="enabled", action="store_false", default=None, help="tell it nothing more")
    add_reach(changing)

    _about_one(actions, "remove", remove_webhook, "remove a webhook; what waits for it is never sent")
    _about_one(actions, "rotate", rotate_secret, "print a new secret of a webhook; for a day the old one signs, too")
    _about_one(actions, "test", test_webhook, "let a webhook be told `webhook.test`, once")

    telling = _about_one(actions, "deliveries", list_deliveries, "list what a webhook was told, newest first")
    number = whole(1, 9_999_999_999)
    telling.add_argument(
        "--limit", type=whole(1, MOST), default=MOST, metavar="N", help=f"how many at the most (default: {MOST})"
    )
    telling.add_argument("--before", type=number, metavar="DELIVERY", help="only those with lower numbers")

    again = _about_one(actions, "redeliver", redeliver, "let a webhook be told of the same event once more")
    again.add_argument("delivery", metavar="DELIVERY", type=number, help="its number, which `deliveries` tells")


def _about_one(
    actions: Any, name: str, run: Callable[[argparse.Namespace], None], purpose: str
) -> argparse.ArgumentParser:
    """Add a command about one webhook."""
    added = command(actions, name, run, purpose)
    added.add_argument("webhook", metavar="ID")
    add_json(added)
    return added


def add_types(to: Any, help: str) -> None:
    """Add the option that names types of events."""
    to.add_argument("--type", dest="types", action="append", type=event_type, metavar="TYPE", help=help)


def add_description(to: argparse.ArgumentParser, help: str) -> None:
    """Add the option that says what a webhook is called."""
    to.add_argument("--description", metavar="TEXT", help=help)


def event_type(text: str) -> str:
    """Return the type of events that `text` names, with or without what all of them begin with."""
    wanted = f"{TYPE}{text.removeprefix(TYPE)}"
    if wanted not in OF_THE_TEAM:
        known = ", ".join(name.removeprefix(TYPE) for name in OF_THE_TEAM)
        raise argparse.ArgumentTypeError(f"must be one of {known}, not {text!r}")
    return wanted


def list_webhooks(options: argparse.Namespace) -> None:
    """Print some of the webhooks."""
    with desk_to_read(options.db) as desk:
        page = desk.webhooks(OPERATOR, store=options.store, limit=options.limit, offset=options.offset)
    if options.json:
        print(json_line(webhooks_text(page, ActorKind.SUPPORT)))
        return
    on, end = screen(), page.offset + len(page.webhooks)
    lines = table([HEADINGS, *(_row(webhook, on) for webhook in page.webhooks)], on.width, whole=1)
    if end < page.count:
        lines += ["", *typed_again(options, "webhooks list", ("db", "store", "limit"), f"--offset {end}")]
    show(lines)


def _row(webhook: Webhook, on: Screen) -> tuple[str, ...]:
    state = "disabled" if not webhook.enabled else "failing" if webhook.failing_since else "enabled"
    types = ",".join(name.removeprefix(TYPE) for name in webhook.types or ()) or "all"
    whose = webhook.store or "(desk)"  # no store is called so
    created = on.told(webhook.created_at)
    return webhook.id, whose, state, created, types, webhook.url, webhook.description or "-"


def add_webhook(options: argparse.Namespace) -> None:
    """Add a webhook and print its secret, alone; one whose secret cannot be printed is removed."""
    with existing_desk(options.db, reach=reach_of(options)) as desk:
        new = desk.add_webhook(
            OPERATOR, url=options.url, types=options.types, store=options.store, description=options.description or None
        )
        _hand_over(options, new, lambda: desk.remove_webhook(OPERATOR, new.webhook.id), "is removed")
    note(f"The secret of the webhook {new.webhook.id} is shown only this once.")


def rotate_secret(options: argparse.Namespace) -> None:
    """Print a new secret; where it cannot be printed all stays as it was."""
    with existing_desk(options.db) as desk:
        webhook = desk.webhook(OPERATOR, options.webhook)
        with desk.repository.read() as transaction:
            before = transaction.webhooks.secrets(webhook.id)
        new = desk.rotate_secret(OPERATOR, webhook.id)

        def undo() -> None:
            with desk.repository.write() as transaction:
                transaction.webhooks.rotate(webhook.id, before)

        _hand_over(options, new, undo, "keeps the one it had")
    note(f"The secret of the webhook {webhook.id} is shown only this once; for a day the old one signs, too.")


def _hand_over(options: argparse.Namespace, new: NewSecret, undo: Callable[[], object], undone: str) -> None:
    """Print a secret; what nobody could read must not sign anything."""
    text = json_line(webhook_text(new.webhook, ActorKind.SUPPORT, new.secret)) if options.json else new.secret
    try:
        print(text, flush=True)
    except BaseException as error:
        undo()
        if isinstance(error, OSError):
            silence(sys.stdout)
            raise SupportCasesError(
                f"the secret could not be printed, and the webhook {new.webhook.id} {undone}; "
                f"standard output: {error.strerror}."
            ) from None
        raise


def change_webhook(options: argparse.Namespace) -> None:
    """Change what is given, all at once."""
    changes: dict[str, object] = {
        name: value
        for name in ("url", "types", "description", "enabled")
        if (value := getattr(options, name)) is not None
    }
    if options.all_types:
        changes["types"] = None
    if options.description == "":
        changes["description"] = None
    if not changes:
        options.wrong("say what to change: --url, --type, --all-types, --description, --enable or --disable.")
    with existing_desk(options.db, reach=reach_of(options)) as desk:
        webhook = desk.change_webhook(OPERATOR, options.webhook, **changes)
    _tell_of(options, webhook, f"changed {webhook.id}; it is {'enabled' if webhook.enabled else 'disabled'} now")


def remove_webhook(options: argparse.Namespace) -> None:
    """Remove a webhook."""
    with existing_desk(options.db) as desk:
        webhook = desk.remove_webhook(OPERATOR, options.webhook)
    _tell_of(options, webhook, f"removed {webhook.id}: {visible(webhook.url)}")


def _tell_of(options: argparse.Namespace, webhook: Webhook, told: str) -> None:
    tell(options, webhook_text(webhook, ActorKind.SUPPORT), told)


def test_webhook(options: argparse.Namespace) -> None:
    """Let a webhook be tested by whoever delivers."""
    with existing_desk(options.db) as desk:
        _tell_of_attempt(options, desk.test_webhook(OPERATOR, options.webhook))


def redeliver(options: argparse.Namespace) -> None:
    """Let a webhook be told once more, by whoever delivers."""
    with existing_desk(options.db) as desk:
        _tell_of_attempt(options, desk.redeliver(OPERATOR, options.webhook, options.delivery))


def _tell_of_attempt(options: argparse.Namespace, delivery: Delivery) -> None:
    waits = f"delivery {delivery.id} of {delivery.webhook_id} waits; whoever delivers makes it next"
    tell(options, delivery_text(delivery), waits)


def list_deliveries(options: argparse.Namespace) -> None:
    """Print some of what a webhook was told, or is to be told again."""
    with desk_to_read(options.db) as desk:
        page = desk.deliveries(OPERATOR, options.webhook, before=options.before, limit=options.limit)
    if options.json:
        print(json_line(deliveries_text(page)))
        return
    on = screen()
    lines = table([DELIVERED, *(_attempt(delivery, on) for delivery in page.deliveries)], on.width, whole=1)
    if page.next:
        words = f"webhooks deliveries {options.webhook}"
        lines += ["", *typed_again(options, words, ("db", "limit"), f"--before {page.next}")]
    show(lines)


def _attempt(delivery: Delivery, on: Screen) -> tuple[str, ...]:
    return (
        str(delivery.id),
        delivery.state,
        delivery.kind,
        delivery.type.removeprefix(TYPE),
        str(delivery.attempt),
        on.told(delivery.finished_at or delivery.due_at),
        *("-" if each is None else str(each) for each in (delivery.status, delivery.milliseconds, delivery.problem)),
    )
