"""Cases and messages as they are kept and written down, their times as texts: for who writes them on at once.

To make a datetime of each time, and of that the same text again, would take as long as all the rest of writing it.
"""

from typing import NamedTuple

from supportcases.domain.cases import Attachment, Case, Message
from supportcases.domain.times import to_text


class WrittenCase(NamedTuple):
    """A `Case` as it is written down."""

    id: str
    store: str
    number: int
    subject: str
    category: str
    severity: str
    status: str
    created_at: str
    last_activity_at: str
    closed_at: str | None
    unanswered_since: str | None
    assignee: str | None


class WrittenMessage(NamedTuple):
    """A `Message` as it is written down."""

    id: str
    author_kind: str
    author_label: str
    body: str
    created_at: str
    internal: bool
    attachments: tuple[Attachment, ...] | None  # None is none


class WrittenThread(NamedTuple):
    """A `Thread` of a merchant as it is written down."""

    case: WrittenCase
    messages: tuple[WrittenMessage, ...]


class WrittenPage(NamedTuple):
    """A `CasePage` as it is written down."""

    cases: tuple[WrittenCase, ...]
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    offset: int
    limit: int


def written(case: Case) -> WrittenCase:
    """Return the case as it is written down."""
    return WrittenCase(
        *case[:7],
        to_text(case.created_at),
        to_text(case.last_activity_at),
        to_text(case.closed_at) if case.closed_at else None,
        to_text(case.unanswered_since) if case.unanswered_since else None,
        case.assignee,
    )


def written_message(message: Message) -> WrittenMessage:
    """Return the message as it is written down."""
    return WrittenMessage(*message[:4], to_text(message.created_at), message.internal, message.attachments or None)
