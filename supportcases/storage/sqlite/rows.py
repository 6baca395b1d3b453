"""How a case and a message are written as rows, and read again."""

from typing import Any, Final

from supportcases.domain.cases import AuthorKind, Case, Category, Message, Severity, Status
from supportcases.domain.errors import DatabaseUnusable
from supportcases.domain.times import from_text, to_text

COLUMNS: Final = ", ".join(Case._fields)
NEWEST_FIRST: Final = "last_activity_at DESC, number DESC"  # the order of a merchant's list
TIMES: Final = ("created_at", "last_activity_at", "closed_at", "unanswered_since")
FIXED: Final = ("id", "store", "number", "created_at")  # a case keeps these as they are
MESSAGE_COLUMNS: Final = ", ".join(Message._fields)


# looking one up takes a tenth of what calling the enumeration does
CATEGORIES: Final = {category.value: category for category in Category}
SEVERITIES: Final = {severity.value: severity for severity in Severity}
STATUSES: Final = {status.value: status for status in Status}
AUTHOR_KINDS: Final = {kind.value: kind for kind in AuthorKind}


def case_to_row(case: Case) -> dict[str, Any]:
    """Return the row of a case."""
    times = {name: to_text(at) if (at := getattr(case, name)) else None for name in TIMES}
    return {**case._asdict(), **times, "subject_folded": case.subject.casefold()}


def case_from_row(row: tuple[Any, ...]) -> Case:
    """Return the case of a row with `COLUMNS`."""
    case_id, store, number, subject, category, severity, status, created, active, closed, unanswered, *others = row
    try:
        category, severity, status = CATEGORIES[category], SEVERITIES[severity], STATUSES[status]
    except KeyError as unknown:
        raise DatabaseUnusable(f"A newer version of supportcases wrote {unknown}; this one cannot read it.") from None
    closed_at = from_text(closed) if closed else None
    since = from_text(unanswered) if unanswered else None
    times = (from_text(created), from_text(active), closed_at, since)
    return Case(case_id, store, number, subject, category, severity, status, *times, *others)


def message_to_row(case: Case, message: Message) -> dict[str, Any]:
    """Return the row of a message of `case`."""
    of = {"store": case.store, "case_id": case.id}
    return {**message._asdict(), **of, "created_at": to_text(message.created_at)}


def message_from_row(row: tuple[str, str, str, str, str, int]) -> Message:
    """Return the message of a row with `MESSAGE_COLUMNS`."""
    message_id, author_kind, author_label, body, created_at, internal = row
    return Message(
        message_id, AUTHOR_KINDS[author_kind], author_label, body, from_text(created_at), internal=bool(internal)
    )
