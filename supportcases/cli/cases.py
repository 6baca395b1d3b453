"""The commands that list, show and answer support cases."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
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
from supportcases.cli.naming import add_case, reference
from supportcases.cli.options import choice, command, flag, program, ruled, store, typed_again, whole
from supportcases.cli.streams import note
from supportcases.cli.tables import age, human, indented, table, visible, visible_lines, wrapped
from supportcases.cli.terminal import Screen, agreed, is_terminal, screen, show
from supportcases.cli.writing import add_text, refuse_other_than_one_text, text_of
from supportcases.desk import SupportDesk
from supportcases.domain import times
from supportcases.domain.actors import Actor
from supportcases.domain.cases import AuthorKind, Case, Message, Reply, Thread
from supportcases.domain.errors import CaseMoved, SupportCasesError
from supportcases.domain.fields import (
    ASSIGNEE_FILTER,
    CATEGORY_FILTER,
    CURSOR,
    QUERY,
    QUEUE_SORT,
    SEVERITY_FILTER,
    STATUS_FILTER,
)
from supportcases.domain.queue import ME, QueuePage
from supportcases.formats.case_json import FOR_TEAM

RECENT: Final = timedelta(minutes=10)
ANSWERING: Final = (AuthorKind.SUPPORT, AuthorKind.ELLIOT)
HEADINGS: Final = ("STORE", "NUMBER", "STATUS", "SEVERITY", "WAITING", "ASSIGNEE", "SUBJECT")
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
    listing.add_argument(
        "--cursor", type=ruled(CURSOR), metavar="CURSOR", help="go on where a page ended, which tells how"
    )
    add_as(listing)
    add_json(listing)

    showing = command(commands, "show", show_case, "show a case with its messages and notes")
    add_case(showing)
    add_json(showing)

    answering = command(commands, "answer", answer_case, "answer a case, or add a note to it")
    add_case(answering)
    add_text(answering)
    add_attach(answering)
    flag(answering, "--close", "close the case with it")
    flag(answering, "--note", "add an internal note, of which the merchant notices nothing")
    answering.add_argument(
        "--if-revision",
        type=whole(1, 999_999_999),
        metavar="N",
        help="post nothing if the case has changed since show told that revision",
    )
    add_as(answering)
    add_json(answering)


def list_cases(options: argparse.Namespace) -> None:
    """Print some cases of all stores."""
    if options.assignee == ME:
        signer(options)  # who has no name has no cases
    with desk_to_read(options.db) as desk:
        page = desk.queue(asker(options), cursor=options.cursor, **{name: getattr(options, name) for name in FILTERS})
    if options.json:
        print(json_line(FOR_TEAM.page(page)))
    else:
        on = screen()
        show([*queue_lines(page, on.now, on.width), *_how_to_go_on(options, page)])


def queue_lines(page: QueuePage, now: datetime, width: int | None) -> list[str]:
    """Return a page of the queue as the lines of a table."""
    if not page.cases:
        return ["There is no such case."]
    lines = table([HEADINGS, *(_row(case, now) for case in page.cases)], width, right={1}, whole=2)
    if len(page.cases) < page.count:
        lines.append(f"{len(page.cases)} of {'' if page.count_is_exact else 'more than '}{page.count:,} cases")
    return lines


def _how_to_go_on(options: argparse.Namespace, page: QueuePage) -> list[str]:
    """Return how the next page is asked for, as whoever asked for this one would type it."""
    if page.next_cursor is None:
        return []
    return typed_again(options, "cases", ("db", "label", *FILTERS), f"--cursor {page.next_cursor}")


def _row(case: Case, now: datetime) -> tuple[str, ...]:
    waiting = human(now - case.waiting_since) if case.waiting_since else "-"
    return (case.store, str(case.number), case.status, case.severity, waiting, case.assignee or "-", case.subject)


def show_case(options: argparse.Namespace) -> None:
    """Print a case with its thread."""
    case = reference(options)
    with desk_to_read(options.db) as desk:
        thread = desk.get(asker(options), case)
    if options.json:
        print(json_line("".join(FOR_TEAM.thread(thread))))
    else:
        show(thread_lines(thread, screen()))


def thread_lines(thread: Thread, on: Screen) -> list[str]:
    """Return a case with its messages as lines that fit the screen."""
    lines = [*wrapped(visible(f"{name_of(thread.case)}: {thread.case.subject}"), on.width), ""]
    for name, value in _head(thread, on):
        lines += wrapped(f"{name + ':':14} {visible(value)}", on.width)
    for message in thread.messages:
        lines += ["", *_message_lines(message, on)]
    return lines


def _head(thread: Thread, on: Screen) -> tuple[tuple[str, str], ...]:
    case = thread.case
    return (
        ("Status", case.status),
        ("Severity", case.severity),
        ("Category", case.category),
        ("Assignee", case.assignee or "-"),
        ("Opened", on.told(case.created_at)),
        ("Last activity", on.told(case.last_activity_at)),
        ("Waiting since", on.told(case.waiting_since) if case.waiting_since else "-"),
        ("Closed", on.told(case.closed_at) if case.closed_at else "-"),
        ("Revision", str(thread.revision)),
        ("Id", case.id),
    )


def _message_lines(message: Message, on: Screen) -> list[str]:
    mark = "[internal note]  " if message.internal else ""  # before the label, which could be made to look like it
    said = f"{on.told(message.created_at)}  {mark}{message.author_kind}  {visible(message.author_label)}"
    body = [part for line in visible_lines(message.body) for part in indented(line, on.width)]
    files = [f"Attached: {visible(file.name)} ({file.size:,} bytes), {file.id}" for file in message.attachments]
    return [line for told in (said, *files) for line in wrapped(told, on.width)] + body


def answer_case(options: argparse.Namespace) -> None:
    """Answer a case, or add a note to it."""
    if options.close and options.note:
        options.wrong("--close and --note exclude each other: a note changes nothing of the case.")
    refuse_other_than_one_text(options)
    ref, agent = reference(options), signer(options)
    with existing_desk(options.db, contents_of(options)) as desk:
        before = desk.get(agent, ref)  # before the text is read: nobody shall write it for nothing
        _mind_others(options, before, [said for said in before.messages if _is_recent(said)])
        files = attached(desk, agent, options.files, before.case.store)
        with text_of(options) as body:
            now = desk.get(agent, ref)
            _mind_others(options, now, now.messages[len(before.messages) :])
            said = _post(desk, agent, now.case, options, body=body, attachments=files)
    name, status = name_of(said.case), said.case.status
    told = f"noted in {name}; it is still {status}" if options.note else f"answered {name}; it is {status} now"
    tell(options, FOR_TEAM.reply(said), told)


def _is_recent(said: Message) -> bool:
    return said.created_at > times.now() - RECENT


def _mind_others(options: argparse.Namespace, thread: Thread, messages: Sequence[Message]) -> None:
    """Tell of an answer among the messages that is somebody else's, and let a terminal say whether to go on."""
    if options.if_revision is not None:
        if options.if_revision != thread.revision:
            raise _moved(options, thread.case)
        return
    others = [
        said
        for said in messages
        if said.author_kind in ANSWERING and not said.internal and said.author_label != signer(options).label
    ]
    if options.note or not others:
        return
    last = others[-1]
    told = f"{visible(last.author_label)} answered {name_of(thread.case)} {age(times.now() - last.created_at)}."
    if not is_terminal(sys.stdin, sys.stderr):
        note(f"supportcases: {told}")
    elif not agreed(f"{told} Answer all the same?"):
        raise SupportCasesError("nothing was posted.")


def _moved(options: argparse.Namespace, case: Case) -> SupportCasesError:
    return SupportCasesError(
        f"{name_of(case)} is no longer at revision {options.if_revision}, so that nothing was posted; "
        f"look at it again: {program()} show {name_of(case)}"
    )


def _post(desk: SupportDesk, agent: Actor, case: Case, options: argparse.Namespace, **said: Any) -> Reply:
    said |= {"if_revision": None if options.if_revision is None else [options.if_revision]}
    try:
        if options.note:
            return desk.note(agent, case.id, **said)
        return desk.answer(agent, case.id, close=options.close, **said)
    except CaseMoved:
        raise _moved(options, case) from None
