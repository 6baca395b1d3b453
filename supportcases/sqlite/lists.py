"""Every SQL statement that lists the cases of a store."""

import json
import sqlite3
from typing import Any

from supportcases.cases import Case, CaseFilter, CasePage
from supportcases.sqlite.rows import COLUMNS, case_from_row
from supportcases.sqlite.search import Search


class CaseList:
    """The cases of one store that match a filter: newest activity first, then the higher number."""

    def __init__(self, connection: sqlite3.Connection, store: str, wanted: CaseFilter) -> None:
        self._connection = connection
        self._query = wanted.query
        self._where, self._values = _matching(store, wanted)

    def page(self, *, limit: int, offset: int) -> CasePage:
        """Return some of them, and how many they are."""
        count = self._counted()
        if count == 0:
            cases: tuple[Case, ...] = ()
        elif self._query is None:
            cases = self._cases("TRUE", limit=limit, offset=offset) if offset < count else ()
        else:
            search = Search(self._connection, self._query, self._where, self._values, among=count)
            numbers, count = search.page(limit=limit, offset=offset)
            cases = self._cases("number IN (SELECT value FROM json_each(:numbers))", numbers=json.dumps(numbers))
        return CasePage(cases, count, offset, limit)

    def _counted(self) -> int:
        """Return how many cases match but for the query: the triggers of the schema keep count."""
        ((count,),) = self._connection.execute(
            f"""
            SELECT coalesce(sum(cases), 0)
            FROM supportcases_counts
            WHERE {self._where}
            """,
            self._values,
        ).fetchall()
        return int(count)

    def _cases(self, which: str, *, limit: int = -1, offset: int = 0, **values: Any) -> tuple[Case, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM supportcases_cases
            WHERE {self._where}
              AND {which}
            ORDER BY last_activity_at DESC, number DESC
            LIMIT :limit OFFSET :offset
            """,
            {**self._values, **values, "limit": limit, "offset": offset},
        )
        return tuple(map(case_from_row, rows))


def _matching(store: str, wanted: CaseFilter) -> tuple[str, dict[str, Any]]:
    """Return the condition that the wanted cases of `store` meet but for the query, and its values."""
    conditions = ["store = :store"]
    values: dict[str, Any] = {"store": store}
    if wanted.status:
        conditions.append("status = :status")
        values["status"] = wanted.status
    if wanted.severity:
        conditions.append("severity = :severity")
        values["severity"] = wanted.severity
    return " AND ".join(conditions), values
