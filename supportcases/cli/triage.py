"""The commands that open a case, and change one without a word; and the history that tells of it."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any, Final

from supportcases.cli.attachments import add_attach, attached
from supportcases.cli.database import (
    add_as,
    add_json,
    asker,
    contents_of,
    desk_to_read,
    existing_desk,
    json_line,
    name_of,
    signer,
    tell,
)
from supportcases.cli.naming import add_case, case_and_rest, reference
from supportcases.cli.options import add_page, choice, command, ruled, store, typed_again
from supportcases.cli.tables import indented, line, visible, wrapped
from supportcases.cli.terminal import Screen, screen, show
from supportcases.cli.writing import add_text, refuse_other_than_one_text, text_of
from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.cases import Case
from supportcases.domain.events import History
from supportcases.domain.fields import ASSIGNEE_FILTER, AUTHOR, CATEGORY, DEFAULT_AUTHOR, SEVERITY, SUBJECT
from supportcases.domain.queue import ME, NONE
from supportcases.formats.case_json import FOR_TEAM
from supportcases.formats.report_json import history_text

CHANGES: Final = ("severity", "category", "subject")


def add_to(commands: Any) -> None:
    """Add `assign`, `close`, `reopen`, `set`, `history` and `open`."""
    assigning = command(
        commands, "assign", assign_case, "take a case, or let LABEL take care of it, or nobody with none"
    )
    add_case(assigning, "[LABEL]")
    add_signed(assigning)

    add_signed(only_case(command(commands, "close", close_case, "close a case without a word")))
    add_signed(only_case(command(commands, "reopen", reopen_case, "open an answered or closed case again")))

    setting = only_case(command(commands, "set", set_fields, "change the severity, category or subject of a case"))
    choice(setting, "--severity", SEVERITY.names, help="the new severity")
    choice(setting, "--category", CATEGORY.names, help="the new category")
    setting.add_argument("--subject", type=ruled(SUBJECT), metavar="TEXT", help="the new subject")
    add_signed(setting)

    telling = only_case(command(commands, "history", show_history, "tell who changed what of a case, oldest first"))
    add_page(telling, 100)
    add_json(telling)

    opening = command(commands, "open", open_case, "open a case on a store's behalf")
    opening.add_argument("store", metavar="STORE", type=store, help="the store whose case it becomes")
    add_text(opening)
    add_attach(opening)
    opening.add_argument(
        "--subject", type=ruled(SUBJECT), metavar="TEXT", help="its subject; made from the text unless given"
    )
    choice(opening, "--severity", SEVERITY.names, default="normal", help="its severity (default: normal)")
    choice(opening, "--category", CATEGORY.names, default="other", help="its category (default: other)")
    opening.add_argument(
        "--author",
        type=ruled(AUTHOR),
        default=DEFAULT_AUTHOR,
        metavar="LABEL",
        help=f"who of the store wrote it (default: {DEFAULT_AUTHOR})",
    )
    add_signed(opening)


def only_case(to: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the arguments that name a case, and return the command."""
    add_case(to)
    return to


def add_signed(to: argparse.ArgumentParser) -> None:
    """Add who does it, and JSON."""
    add_as(to)
    add_json(to)


def assign_case(options: argparse.Namespace) -> None:
    """Let somebody take care of a case: whoever asks, unless a label is given; `none` is nobody."""
    case, rest = case_and_rest(options)
    if len(rest) > 1:
        options.wrong(f"unrecognized arguments: {' '.join(rest[1:])}")
    try:
        label = ruled(ASSIGNEE_FILTER)(rest[0]) if rest else ME
    except argparse.ArgumentTypeError as problem:
        options.wrong(f"argument LABEL: {problem}")
        raise
    assignee = None if label == NONE else label
    _change(
        options,
        lambda desk, agent: desk.assign(agent, case, assignee),
        lambda case: f"{case.assignee or 'nobody'} takes care of {name_of(case)} now",
    )


def close_case(options: argparse.Namespace) -> None:
    """Close a case."""
    case = reference(options)
    _change(options, lambda desk, agent: desk.close(agent, case), _status)


def reopen_case(options: argparse.Namespace) -> None:
    """Open a case again."""
    case = reference(options)
    _change(options, lambda desk, agent: desk.reopen(agent, case), _status)


def _status(case: Case) -> str:
    return f"{name_of(case)} is {case.status} now"


def set_fields(options: argparse.Namespace) -> None:
    """Change the fields that are given, all at once."""
    case = reference(options)
    changes = {name: getattr(options, name) for name in CHANGES if getattr(options, name) is not None}
    if not changes:
        options.wrong("say what to set: --severity, --category or --subject.")
    _change(
        options,
        lambda desk, agent: desk.change(agent, case, **changes),
        lambda case: f"{name_of(case)} has {_told({name: getattr(case, name) for name in changes})} now",
    )


def _told(fields: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in fields.items())


def _change(
    options: argparse.Namespace, change: Callable[[SupportDesk, Actor], Case], told: Callable[[Case], str]
) -> None:
    """Change a case, and tell what it is now."""
    agent = signer(options)
    with existing_desk(options.db) as desk:
        case = change(desk, agent)
    tell(options, FOR_TEAM.case(case), visible(told(case)))


def show_history(options: argparse.Namespace) -> None:
    """Print some of the history of a case."""
    case = reference(options)
    with desk_to_read(options.db) as desk:
        history = desk.history(asker(options), case, limit=options.limit, offset=options.offset)
    if options.json:
        print(json_line(history_text(history)))
        return
    lines = history_lines(history, screen())
    if (end := history.offset + len(history.entries)) < history.count:
        again = typed_again(options, f"history {case}", ("db", "limit"), f"--offset {end}")
        lines += ["", f"{end} of {history.count} entries", *again]
    show(lines)


def history_lines(history: History, on: Screen) -> list[str]:
    """Return the entries as lines that fit the screen: who did what and when, and below it what changed."""
    lines = []
    for entry in history.entries:
        did = f"{on.told(entry.at)}  {visible(entry.actor_label)} ({entry.actor_kind})  {entry.kind}"
        lines += wrapped(did, on.width)
        for name, value in entry.became.items():
            change = f"{name}: {_value(entry.was.get(name))} -> {_value(value)}"
            lines += indented(visible(change), on.width)
    return lines


def _value(value: str | None) -> str:
    return "-" if value is None else value


def open_case(options: argparse.Namespace) -> None:
    """Open a case on a store's behalf."""
    refuse_other_than_one_text(options)
    agent = signer(options)
    with existing_desk(options.db, contents_of(options)) as desk:
        files = attached(desk, agent, options.files, options.store)
        with text_of(options) as body:
            case = desk.open(
                agent,
                store=options.store,
                body=body,
                attachments=files,
                subject=options.subject,
                severity=options.severity,
                category=options.category,
                author=options.author,
            )
    tell(options, FOR_TEAM.case(case), line(f"opened {name_of(case)}: ", visible(case.subject), screen().width))
