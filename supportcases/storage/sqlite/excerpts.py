"""The few words, or figures, of each case that a list shows, of all its cases in one statement."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from supportcases.domain.cases import Case, CaseFilter, Stores
from supportcases.domain.excerpts import Excerpt, excerpt_of
from supportcases.domain.statistics import CaseFigures
from supportcases.domain.text import fold
from supportcases.storage.rows import MESSAGE_COLUMNS, message_from_row
from supportcases.storage.sqlite.rows import matching
from supportcases.storage.sqlite.team_search import IN_BODY


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
        for internal in (0, 1)
    )
    return f"nullif(max({', '.join(f'coalesce({position}, 0)' for position in newest_of_each)}), 0)"


EXCERPTS: Final = f"""
    SELECT c.id,
        c.messages + (
            SELECT count(*)
            FROM supportcases_messages AS n
            WHERE n.store = c.store
              AND n.case_id = c.id
              AND n.internal = 1
        ),
        {", ".join(f"w.{column}" for column in MESSAGE_COLUMNS.split(", "))}
    FROM (
        SELECT id, store, messages, subject_folded
        FROM (SELECT value AS its_id FROM json_each(:ids))
        CROSS JOIN supportcases_cases ON id = its_id
        WHERE {{where}}
    ) AS c
    CROSS JOIN supportcases_messages AS w ON w.position = {{position}}
"""
LAST: Final = newest("TRUE")
FOUND: Final = f"coalesce(CASE WHEN instr(c.subject_folded, :folded) THEN NULL ELSE {newest(IN_BODY)} END, {LAST})"
FIGURES: Final = """
    SELECT c.id, c.answered_after, c.messages,
        (
            SELECT count(*)
            FROM supportcases_messages AS n
            WHERE n.store = c.store
              AND n.case_id = c.id
              AND n.internal = 1
        )
    FROM (
        SELECT id, store, answered_after, messages
        FROM (SELECT value AS its_id FROM json_each(:ids))
        CROSS JOIN supportcases_cases ON id = its_id
        WHERE {where}
    ) AS c
"""


class SqliteExcerpts:
    """A few words, or figures, of each of several cases."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, stores: Stores, cases: Sequence[Case], *, query: str = "") -> tuple[Excerpt | None, ...]:
        folded = fold(query)
        where, values = matching(CaseFilter(stores=stores))
        rows = self._connection.execute(
            EXCERPTS.format(where=where, position=FOUND if folded else LAST),
            {**values, "ids": json.dumps([case.id for case in cases]), "folded": folded},
        ).fetchall()
        excerpts = {
            case_id: excerpt_of(message_from_row(message), messages=count, query=query)
            for case_id, count, *message in rows
        }
        return tuple(excerpts.get(case.id) for case in cases)

    def figures(self, stores: Stores, cases: Sequence[Case]) -> tuple[CaseFigures | None, ...]:
        where, values = matching(CaseFilter(stores=stores))
        rows = self._connection.execute(
            FIGURES.format(where=where), {**values, "ids": json.dumps([case.id for case in cases])}
        ).fetchall()
        figures = {
            case_id: CaseFigures(None if after is None else timedelta(milliseconds=after), messages, notes)
            for case_id, after, messages, notes in rows
        }
        return tuple(figures.get(case.id) for case in cases)
