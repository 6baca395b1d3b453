"""The commands that list, show and answer support cases."""

import argparse
import io
import sys
from datetime import datetime
from typing import Any, Final

from supportcases import times
from supportcases.cases import Case, Message, Thread
from supportcases.cli.desks import add_as, add_json, asker, existing_desk, name_of, print_json, reference
from supportcases.cli.options import choice, command, flag, number, ruled, store, whole
from supportcases.cli.tables import human, table, terminal_width, visible, visible_lines, wrapped
from supportcases.errors import InvalidInput
from supportcases.fields import ASSIGNEE_FILTER, CATEGORY_FILTER, QUERY, QUEUE_SORT, SEVERITY_FILTER, STATUS_FILTER
from supportcases.queue import QueuePage
from supportcases.web.support import queue_json, said_json, thread_json

HEADINGS: Final = ("STORE", "NUMBER", "STATUS", "SEVERITY", "WAITING", "ASSIGNEE", "SUBJECT")
INDENT: Final = "    "
FILTERS: Final = ("store", "status", "severity", "category", "assignee", "query", "sort", "limit")


def add_to(commands: Any) -> None:
    """Add `cases`, `show` and `answer`."""
    listing = command(commands, "cases", list_cases, "list the cases of all stores, whoever waits first")
    listing.add_argument("--store", type=store, metavar="STORE", help="only cases of this store")
    choice(listing, "--status", STATUS_FILTER.names, help="only cases of this status")
    choice(listing, "--severity", SEVERITY_FILTER.names, help="only cases of this severity")
    choice(listing, "--category", CATEGORY_FILTER.names, help="only cases of this category")
    listing.add_argument(
        "--assignee", type=ruled(ASSIGNEE_FILTER), metavar="LABEL", help="only whose cases: me, none or a label"
    )
    listing.add_argument(
        "--query", type=ruled(QUERY), metavar="TEXT", help="only cases with this in the subject, a message or a note"
    )
    choice(listing, "--sort", QUEUE_SORT.names, default="waiting", help="what comes first (default: waiting)")
    listing.add_argument(
        "--limit", type=whole(1, 100), default=20, metavar="N", help="how many at the most (default: 20)"
    )
    add_as(listing)
    add_json(listing)

    showing = command(commands, "show", show_case, "show a case with its messages and notes")
    add_case(showing)
    add_json(showing)

    answering = command(commands, "answer", answer_case, "answer a case, or add a note to it")
    add_case(answering)
    # an option, and not a third argument: argparse would refuse that one behind another option
    answering.add_argument("-", dest="stdin", action="store_true", help="read the text from the standard input")
    answering.add_argument("-m", "--message", metavar="TEXT", help="the text")
    flag(answering, "--close", "close the case with it")
    flag(answering, "--note", "add an internal note, of which the merchant notices nothing")
    add_as(answering)
    add_json(answering)


def add_case(to: argparse.ArgumentParser) -> None:
    """Add the arguments that name a case."""
    to.add_argument("store", metavar="STORE", type=store, help="the store whose case it is")
    to.add_argument("number", metavar="NUMBER", type=number, help="its number")


def list_cases(options: argparse.Namespace) -> None:
    """Print some cases of all stores."""
    with existing_desk(options.db) as desk:
        page = desk.queue(asker(options), **{name: getattr(options, name) for name in FILTERS})
    if options.json:
        print_json(queue_json(page))
    else:
        print(*queue_lines(page, times.now(), terminal_width()), sep="\n")


def queue_lines(page: QueuePage, now: datetime, width: int | None) -> list[str]:
    """Return a page of the queue as lines of at most `width` cells."""
    if not page.cases:
        return ["There is no such case."]
    lines = table([HEADINGS, *(_row(case, now) for case in page.cases)], width, right={1})
    if len(page.cases) < page.count:
        lines.append(f"{len(page.cases)} of {page.count} cases")
    return lines


def _row(case: Case, now: datetime) -> tuple[str, ...]:
    waiting = human(now - case.waiting_since) if case.waiting_since else "-"
    return (case.store, str(case.number), case.status, case.severity, waiting, case.assignee or "-", case.subject)


def show_case(options: argparse.Namespace) -> None:
    """Print a case with its thread."""
    with existing_desk(options.db) as desk:
        thread = desk.get(asker(options), reference(options))
    if options.json:
        print_json(thread_json(thread))
    else:
        print(*thread_lines(thread, terminal_width()), sep="\n")


def thread_lines(thread: Thread, width: int | None) -> list[str]:
    """Return a case with its messages as lines of at most `width` cells."""
    case = thread.case
    lines = [*wrapped(visible(f"{name_of(case)}: {case.subject}"), width), ""]
    for name, value in _head(case):
        lines += wrapped(f"{name + ':':14} {visible(value)}", width)
    for message in thread.messages:
        lines += ["", *_message_lines(message, width)]
    return lines


def _head(case: Case) -> tuple[tuple[str, str], ...]:
    return (
        ("Status", case.status),
        ("Severity", case.severity),
        ("Category", case.category),
        ("Assignee", case.assignee or "-"),
        ("Opened", times.to_text(case.created_at)),
        ("Last activity", times.to_text(case.last_activity_at)),
        ("Waiting since", times.to_text(case.waiting_since) if case.waiting_since else "-"),
        ("Closed", times.to_text(case.closed_at) if case.closed_at else "-"),
        ("Id", case.id),
    )


def _message_lines(message: Message, width: int | None) -> list[str]:
    mark = "[internal note]  " if message.internal else ""  # before the label, which could be made to look like it
    said = f"{times.to_text(message.created_at)}  {mark}{message.author_kind}  {visible(message.author_label)}"
    room = max(width - len(INDENT), 1) if width else None
    body = [part for line in visible_lines(message.body) for part in wrapped(line, room)]
    return [*wrapped(said, width), *((INDENT + line).rstrip(" ") for line in body)]


def answer_case(options: argparse.Namespace) -> None:
    """Answer a case, or add a note to it."""
    if options.close and options.note:
        options.wrong("--close and --note exclude each other: a note changes nothing of the case.")
    if options.stdin and options.message is not None:
        options.wrong("give the text with -m or - (the standard input), not both.")
    if not options.stdin and options.message is None:
        options.wrong("give the text with -m TEXT, or - to read it from the standard input.")
    with existing_desk(options.db) as desk:  # before the text is read: nobody shall write it for nothing
        case = desk.find(asker(options), reference(options))
        body = text_from_stdin() if options.stdin else options.message
        if options.note:
            said = desk.note(asker(options), case.id, body=body)
        else:
            said = desk.answer(asker(options), case.id, body=body, close=options.close)
    if options.json:
        print_json(said_json(said))
    elif options.note:
        print(f"noted in {name_of(said.case)}; it is still {said.case.status}")
    else:
        print(f"answered {name_of(said.case)}; it is {said.case.status} now")


def text_from_stdin() -> str:
    """Return what stands on the standard input, up to its end.

    Raises:
        InvalidInput: It is no text.
    """
    if sys.stdin.isatty():
        print("Write the text; a line with only Ctrl-D ends it.", file=sys.stderr)
    if isinstance(sys.stdin, io.TextIOWrapper):  # some locales let bytes pass that are no text
        sys.stdin.reconfigure(errors="strict")
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise InvalidInput({"body": f"Must be text in {sys.stdin.encoding}."}) from None
