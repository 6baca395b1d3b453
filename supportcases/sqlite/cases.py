"""Every SQL statement about cases and messages. Each is told the store; a test tries each with a foreign one."""

import sqlite3
from typing import Any

from supportcases import times
from supportcases.cases import (
    AuthorKind,
    Case,
    CaseFilter,
    CaseRef,
    Category,
    Message,
    Severity,
    Status,
    parse_number,
)

COLUMNS = (
    "id, store, number, subject, category, severity, status, created_at, last_activity_at, closed_at, "
    "unanswered_since, assignee"
)
MESSAGE_COLUMNS = "id, author_kind, author_label, body, created_at, internal"


class SqliteCases:
    """The cases with their messages."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def next_number(self, store: str) -> int:
        """Return the number that a case about to be added to `store` gets: from 1, without gaps."""
        ((number,),) = self._connection.execute(
            """
            INSERT INTO supportcases_stores (store, last_number)
            VALUES (:store, 1)
            ON CONFLICT (store) DO UPDATE SET last_number = last_number + 1
            RETURNING last_number
            """,
            {"store": store},
        ).fetchall()
        return int(number)

    def add(self, case: Case) -> None:
        """Add a new case."""
        self._connection.execute(
            """
            INSERT INTO supportcases_cases
                (id, store, number, subject, subject_folded, category, severity, status,
                 created_at, last_activity_at, closed_at, unanswered_since, assignee)
            VALUES
                (:id, :store, :number, :subject, :subject_folded, :category, :severity, :status,
                 :created_at, :last_activity_at, :closed_at, :unanswered_since, :assignee)
            """,
            _to_row(case),
        )

    def add_message(self, case: Case, message: Message) -> None:
        """Add a message to the end of the thread of `case`."""
        self._connection.execute(
            """
            INSERT INTO supportcases_messages
                (id, store, case_id, author_kind, author_label, body, created_at, internal)
            VALUES
                (:id, :store, :case_id, :author_kind, :author_label, :body, :created_at, :internal)
            """,
            {
                "id": message.id,
                "store": case.store,
                "case_id": case.id,
                "author_kind": message.author_kind,
                "author_label": message.author_label,
                "body": message.body,
                "created_at": times.to_text(message.created_at),
                "internal": message.internal,
            },
        )

    def find(self, store: str, ref: CaseRef) -> Case | None:
        """Return the case of `store` that `ref` names by id or number, or None."""
        column, value = ("id", ref.id) if ref.id else ("number", ref.number)
        row = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM supportcases_cases
            WHERE store = :store
              AND {column} = :value
            """,
            {"store": store, "value": value},
        ).fetchone()
        return case_from_row(row) if row else None

    def store_of(self, case_id: str) -> str | None:
        """Return the store of the case, or None; only for those who may look into every store."""
        row = self._connection.execute(
            """
            SELECT store
            FROM supportcases_cases
            WHERE id = :id
            """,
            {"id": case_id},
        ).fetchone()
        return row[0] if row else None

    def thread(self, store: str, case_id: str) -> tuple[Message, ...]:
        """Return the messages of the case that a merchant sees, oldest first; none if it is not of `store`."""
        # the index ends with `internal`: notes are not even passed over, so a merchant cannot feel them in the time
        rows = self._connection.execute(
            f"""
            SELECT {MESSAGE_COLUMNS}
            FROM supportcases_messages
            WHERE store = :store
              AND case_id = :case_id
              AND internal = 0
            ORDER BY position
            """,
            {"store": store, "case_id": case_id},
        ).fetchall()
        return tuple(map(_message_from_row, rows))

    def thread_with_notes(self, store: str, case_id: str) -> tuple[Message, ...]:
        """Return all messages of the case, oldest first; none if it is not of `store`. Never for merchants."""
        rows = self._connection.execute(
            f"""
            SELECT {MESSAGE_COLUMNS}
            FROM supportcases_messages
            WHERE store = :store
              AND case_id = :case_id
            ORDER BY position
            """,
            {"store": store, "case_id": case_id},
        ).fetchall()
        return tuple(map(_message_from_row, rows))

    def update(self, case: Case) -> None:
        """Save what changed of a case: subject, category, severity, status, assignee and times."""
        self._connection.execute(
            """
            UPDATE supportcases_cases
            SET subject = :subject,
                subject_folded = :subject_folded,
                category = :category,
                severity = :severity,
                status = :status,
                last_activity_at = :last_activity_at,
                closed_at = :closed_at,
                unanswered_since = :unanswered_since,
                assignee = :assignee
            WHERE store = :store
              AND id = :id
            """,
            _to_row(case),
        )

    def count(self, store: str, wanted: CaseFilter) -> int:
        """Return how many cases of `store` match."""
        where, values = _matching(store, wanted)
        ((count,),) = self._connection.execute(
            f"""
            SELECT count(*)
            FROM supportcases_cases
            WHERE {where}
            """,
            values,
        ).fetchall()
        return int(count)

    def page(self, store: str, wanted: CaseFilter, *, limit: int, offset: int) -> tuple[Case, ...]:
        """Return some of the cases of `store` that match: newest activity first, then the higher number."""
        where, values = _matching(store, wanted)
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM supportcases_cases
            WHERE {where}
            ORDER BY last_activity_at DESC, number DESC
            LIMIT :limit OFFSET :offset
            """,
            {**values, "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(case_from_row, rows))


def _matching(store: str, wanted: CaseFilter) -> tuple[str, dict[str, Any]]:
    """Return the condition that the wanted cases of `store` meet, and its values."""
    conditions = ["store = :store"]
    values: dict[str, Any] = {"store": store}
    if wanted.status:
        conditions.append("status = :status")
        values["status"] = wanted.status
    if wanted.severity:
        conditions.append("severity = :severity")
        values["severity"] = wanted.severity
    if wanted.query:
        conditions.append("(instr(subject_folded, :folded) OR number = :number)")
        values |= {"folded": wanted.query.casefold(), "number": parse_number(wanted.query)}
    return " AND ".join(conditions), values


def _to_row(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "store": case.store,
        "number": case.number,
        "subject": case.subject,
        "subject_folded": case.subject.casefold(),
        "category": case.category,
        "severity": case.severity,
        "status": case.status,
        "created_at": times.to_text(case.created_at),
        "last_activity_at": times.to_text(case.last_activity_at),
        "closed_at": times.to_text(case.closed_at) if case.closed_at else None,
        "unanswered_since": times.to_text(case.unanswered_since) if case.unanswered_since else None,
        "assignee": case.assignee,
    }


def case_from_row(row: tuple[Any, ...]) -> Case:
    """Return the case of a row with `COLUMNS`."""
    case_id, store, number, subject, category, severity, status, *moments, assignee = row
    created_at, last_activity_at, closed_at, unanswered_since = moments
    return Case(
        id=case_id,
        store=store,
        number=number,
        subject=subject,
        category=Category(category),
        severity=Severity(severity),
        status=Status(status),
        created_at=times.from_text(created_at),
        last_activity_at=times.from_text(last_activity_at),
        closed_at=times.from_text(closed_at) if closed_at else None,
        unanswered_since=times.from_text(unanswered_since) if unanswered_since else None,
        assignee=assignee,
    )


def _message_from_row(row: tuple[str, str, str, str, str, int]) -> Message:
    message_id, author_kind, author_label, body, created_at, internal = row
    return Message(
        id=message_id,
        author_kind=AuthorKind(author_kind),
        author_label=author_label,
        body=body,
        created_at=times.from_text(created_at),
        internal=bool(internal),
    )
