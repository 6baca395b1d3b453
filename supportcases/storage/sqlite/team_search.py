"""The search of the support team: for a part of a subject, of a message or of a note, or for a number."""

import sqlite3
from typing import Final

from supportcases.domain.cases import CaseFilter, parse_number
from supportcases.domain.queue import Found, Place, QueueSort
from supportcases.domain.text import fold
from supportcases.storage.sqlite.queue import ORDERS, behind
from supportcases.storage.sqlite.rows import COLUMNS, case_from_row, matching

MOST: Final = 10_000  # matches that are counted

MATCHES: Final = """(
    instr(subject_folded, :folded)
    OR number = :number
    OR EXISTS (
        SELECT 1
        FROM supportcases_messages AS q
        WHERE q.store = c.store
          AND q.case_id = c.id
          AND instr(fold(q.body), :folded)
    )
)"""


class SqliteTeamSearch:
    """The texts of all stores."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def page(self, wanted: CaseFilter, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Found:
        query, order = wanted.query or "", ORDERS[sort]
        where, values = matching(wanted)
        values |= {"folded": fold(query) or None, "number": parse_number(query)}
        ((count,),) = self._connection.execute(
            f"""
            SELECT count(*)
            FROM (SELECT 1 FROM supportcases_cases AS c WHERE {where} AND {MATCHES} LIMIT :most)
            """,
            {**values, "most": MOST + 1},
        ).fetchall()
        if after:
            condition, place = behind(order, after)
            where, values = f"{where} AND {condition}", values | place
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}, {", ".join(expression for expression, _ in order)}
            FROM supportcases_cases AS c
            WHERE {where}
              AND {MATCHES}
            ORDER BY {", ".join(f"{expression} {direction}" for expression, direction in order)}
            LIMIT :limit OFFSET :offset
            """,
            {**values, "limit": limit, "offset": offset},
        ).fetchall()
        cases = tuple((case_from_row(row[: -len(order)]), row[-len(order) :]) for row in rows)
        return Found(cases, min(count, MOST), count <= MOST)
