"""A few words of a case's thread, for a list: the first of its last message, or those around what was looked for."""

from datetime import datetime
from typing import Final, NamedTuple

from supportcases.domain.cases import AuthorKind, Message
from supportcases.domain.text import places_of

LENGTH: Final = 160  # characters of an excerpt, beside the signs that something was cut
BEFORE: Final = 40  # of these that stand before what was looked for


class Excerpt(NamedTuple):
    """A few words of one message of a case, in one line, and how many `messages` the case has.

    It is for the support team alone: the message may be a note, which is `internal`, and notes are counted too.
    """

    text: str
    message_id: str
    author_kind: AuthorKind
    author_label: str
    created_at: datetime
    internal: bool
    messages: int


def excerpt_of(message: Message, *, messages: int, query: str = "") -> Excerpt:
    """Return an excerpt of a message, one of so many of its case: around the `query`, where the message has it."""
    message_id, kind, label, body, created_at, internal, _ = message
    return Excerpt(shortened(body, query), message_id, kind, label, created_at, internal, messages)


def shortened(body: str, query: str = "") -> str:
    """Return the first words of `body` in one line, or those around the first place that reads as the `query`."""
    line = _in_one_line(body)
    begin = _beginning(line, _in_one_line(query))
    end = begin + LENGTH
    if end >= len(line):
        return f"{'…' * bool(begin)}{line[begin:]}"
    at_a_space = line.rfind(" ", begin + LENGTH // 2, end + 1)
    return f"{'…' * bool(begin)}{line[begin : at_a_space if at_a_space > 0 else end]}…"


def _beginning(line: str, query: str) -> int:
    """Return where an excerpt begins: at the first word, unless what was looked for would stand too far behind it."""
    place = next(places_of(line, query), None)
    if place is None or place[1] <= 2 * BEFORE:
        return 0
    earliest = max(1, place[0] - BEFORE)
    return line.find(" ", earliest - 1, place[0]) + 1 or earliest


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
