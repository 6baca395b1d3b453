"""How a case and a message are written as rows, read again and, by the columns that a case has, found."""

import json
from typing import Any, Final

from supportcases.domain.cases import (
    AuthorKind,
    Case,
    CaseFilter,
    Category,
    Message,
    Severity,
    Status,
)
from supportcases.domain.errors import DatabaseUnusable
from supportcases.domain.queue import NONE
from supportcases.domain.text import fold
from supportcases.domain.times import from_text, to_text
from supportcases.domain.written import WrittenCase, WrittenMessage, written

COLUMNS: Final = ", ".join(Case._fields)
NEWEST_FIRST: Final = "last_activity_at DESC, number DESC"  # the order of a merchant's list
FIXED: Final = ("id", "store", "number", "created_at")  # a case keeps these as they are
MESSAGE_COLUMNS: Final = ", ".join(Message._fields)
MOMENTS: Final = {
    "created_after": "created_at >=",
    "created_before": "created_at <",
    "active_after": "last_activity_at >=",
    "active_before": "last_activity_at <",
}


# looking one up takes a tenth of what calling the enumeration does
CATEGORIES: Final = {category.value: category for category in Category}
SEVERITIES: Final = {severity.value: severity for severity in Severity}
STATUSES: Final = {status.value: status for status in Status}
AUTHOR_KINDS: Final = {kind.value: kind for kind in AuthorKind}


def case_to_row(case: Case) -> dict[str, Any]:
    """Return the row of a case."""
    return {**written(case)._asdict(), "subject_folded": fold(case.subject)}


def changed_columns(before: Case, after: Case) -> list[str]:
    """Return the columns that are to be written: SQLite writes each index anew of which a column is named."""
    names = [name for name, was, becomes in zip(Case._fields, before, after, strict=True) if was != becomes]
    folded = ["subject_folded"] if "subject" in names else []
    return [name for name in names if name not in FIXED] + folded


def case_from_row(row: tuple[Any, ...]) -> Case:
    """Return the case of a row with `COLUMNS`."""
    case_id, store, number, subject, category, severity, status, created, active, closed, since, assignee = row
    try:
        category, severity, status = CATEGORIES[category], SEVERITIES[severity], STATUSES[status]
    except KeyError as unknown:
        raise unreadable(unknown) from None
    created, active = from_text(created), from_text(active)
    closed = from_text(closed) if closed else None
    since = from_text(since) if since else None
    return Case(case_id, store, number, subject, category, severity, status, created, active, closed, since, assignee)


def written_from_row(row: tuple[Any, ...]) -> WrittenCase:
    """Return the case of a row with `COLUMNS` as it is written down."""
    case = WrittenCase._make(row)
    try:
        CATEGORIES[case.category], SEVERITIES[case.severity], STATUSES[case.status]
    except KeyError as unknown:
        raise unreadable(unknown) from None
    return case


def unreadable(unknown: KeyError) -> DatabaseUnusable:
    """Return the error for a word that this version does not know."""
    return DatabaseUnusable(f"A newer version of supportcases wrote {unknown}; this one cannot read it.")


def matching(wanted: CaseFilter) -> tuple[str, dict[str, Any]]:
    """Return the condition that the wanted cases, in a table that is called `c`, meet, and its values.

    What `query` they are to match is left out: `search` and `team_search` look for that.
    """
    conditions = ["TRUE"]
    values: dict[str, Any] = {}

    def want(condition: str, **more: Any) -> None:
        conditions.append(condition)
        values.update(more)

    if wanted.stores is not None:
        want("store IN (SELECT value FROM json_each(:stores))", stores=json.dumps(sorted(wanted.stores)))
    for column in ("store", "status", "severity", "category"):
        if (value := getattr(wanted, column)) is not None:
            want(f"{column} = :{column}", **{column: value})
    if wanted.assignee == NONE:
        want("assignee IS NULL")
    elif wanted.assignee is not None:
        want("assignee = :assignee", assignee=wanted.assignee)
    for name, condition in MOMENTS.items():
        if (moment := getattr(wanted, name)) is not None:
            want(f"{condition} :{name}", **{name: to_text(moment)})
    return " AND ".join(conditions), values


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


def written_message_from_row(row: tuple[Any, ...]) -> WrittenMessage:
    """Return the message of a row with `MESSAGE_COLUMNS` as it is written down."""
    message = WrittenMessage._make(row)
    try:
        AUTHOR_KINDS[message.author_kind]
    except KeyError as unknown:
        raise unreadable(unknown) from None
    return message
