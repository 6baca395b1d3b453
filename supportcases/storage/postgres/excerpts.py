"""The few words, or figures, of each case that a list shows, of all its cases in one statement."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from supportcases.domain.cases import Case, CaseFilter, Stores
from supportcases.domain.excerpts import Excerpt, excerpt_of
from supportcases.domain.statistics import CaseFigures
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.rows import containing, matching
from supportcases.storage.rows import MESSAGE_COLUMNS, message_from_row


def newest(condition: str) -> str:
    """Return the position of the newest message of case `c` that meets the condition, or NULL.

    Among the public messages and among the notes the index has them in order, so that it ends with the first one.
    """
    newest_of_each = (
        f"""(
            SELECT m.position
            FROM supportcases_messages AS m
            WHERE m.store = c.store
              AND m.case_id = c.id
              AND m.internal = {internal}
              AND {condition}
            ORDER BY m.position DESC
            LIMIT 1
        )"""
        for internal in ("FALSE", "TRUE")
    )
    return f"greatest({', '.join(newest_of_each)})"


EXCERPTS: Final = f"""
    SELECT c.id,
        c.messages + (
            SELECT count(*)
            FROM supportcases_messages AS n
            WHERE n.store = c.store
              AND n.case_id = c.id
              AND n.internal
        ),
        {", ".join(f"w.{column}" for column in MESSAGE_COLUMNS.split(", "))}
    FROM supportcases_cases AS c
    JOIN supportcases_messages AS w ON w.position = {{position}}
    WHERE c.id = ANY (%(ids)s::uuid[])
      AND {{where}}
"""
LAST: Final = newest("TRUE")
CONTAINS: Final = "m.body_folded LIKE %(containing)s"
FOUND: Final = f"""coalesce(
    CASE WHEN c.subject_folded LIKE %(containing)s THEN NULL ELSE {newest(CONTAINS)} END, {LAST})"""
FIGURES: Final = """
    SELECT c.id, c.answered_after, c.messages,
        (
            SELECT count(*)
            FROM supportcases_messages AS n
            WHERE n.store = c.store
              AND n.case_id = c.id
              AND n.internal
        )
    FROM supportcases_cases AS c
    WHERE c.id = ANY (%(ids)s::uuid[])
      AND {where}
"""


class PostgresExcerpts:
    """A few words, or figures, of each of several cases."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, stores: Stores, cases: Sequence[Case], *, query: str = "") -> tuple[Excerpt | None, ...]:
        pattern = containing(query)
        where, values = matching(CaseFilter(stores=stores))
        rows = self._connection.execute(
            EXCERPTS.format(where=where, position=FOUND if pattern else LAST),
            {**values, "ids": [case.id for case in cases], "containing": pattern},
        ).fetchall()
        excerpts = {
            case_id: excerpt_of(message_from_row(tuple(message)), messages=count, query=query)
            for case_id, count, *message in rows
        }
        return tuple(excerpts.get(case.id) for case in cases)

    def figures(self, stores: Stores, cases: Sequence[Case]) -> tuple[CaseFigures | None, ...]:
        where, values = matching(CaseFilter(stores=stores))
        rows = self._connection.execute(
            FIGURES.format(where=where), {**values, "ids": [case.id for case in cases]}
        ).fetchall()
        figures = {
            case_id: CaseFigures(None if after is None else timedelta(milliseconds=after), messages, notes)
            for case_id, after, messages, notes in rows
        }
        return tuple(figures.get(case.id) for case in cases)
