"""Every SQL statement that lists the cases of a store."""

import json
import sqlite3
from typing import Any, Final

from supportcases.domain.cases import Case, CaseFilter, CasePage
from supportcases.storage.sqlite.rows import COLUMNS, NEWEST_FIRST, case_from_row, matching
from supportcases.storage.sqlite.search import Search

FAR: Final = 100  # so many are sooner passed over in the index alone; SQLite reads whole rows to throw them away


class StoreCases:
    """The cases of one store that match a filter: newest activity first, then the higher number."""

    def __init__(self, connection: sqlite3.Connection, store: str, wanted: CaseFilter) -> None:
        self._connection = connection
        self._query = wanted.query
        self._unsearched = wanted._replace(stores=None, store=store, query=None)  # whoever asks may see the store
        self._where, self._values = matching(self._unsearched)

    def page(self, *, limit: int, offset: int) -> CasePage:
        """Return some of them, and how many they are."""
        count = self._count()
        if count == 0 or (self._query is None and offset >= count):
            cases: tuple[Case, ...] = ()
        elif self._query is not None:
            search = Search(self._connection, self._query, self._where, self._values, among=count)
            rows, count = search.page(limit=limit, offset=offset)
            cases = self._in_rows("SELECT value AS row FROM json_each(:found)", found=json.dumps(rows))
        elif offset < FAR:
            cases = self._listed(limit, offset)
        else:
            cases = self._in_rows(f"SELECT rowid AS row {self._tail}", limit=limit, offset=offset)
        return CasePage(cases, count, offset, limit)

    def _count(self) -> int:
        """Return how many match the filter, whatever is searched for."""
        ((found,),) = self._connection.execute(
            f"""
            SELECT sum(cases)
            FROM supportcases_counts
            WHERE {self._where}
            """,
            self._values,
        ).fetchall()
        return found or 0  # the sum of nothing is NULL

    def _listed(self, limit: int, offset: int) -> tuple[Case, ...]:
        values = {**self._values, "limit": limit, "offset": offset}
        return tuple(map(case_from_row, self._connection.execute(f"SELECT {COLUMNS} {self._tail}", values)))

    def _in_rows(self, rows: str, **values: Any) -> tuple[Case, ...]:
        """Return the cases in those rows of the table: CROSS, so that SQLite begins with the rows."""
        found = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM ({rows}) AS found
            CROSS JOIN supportcases_cases AS c ON c.rowid = found.row
            WHERE {self._where}
            ORDER BY {NEWEST_FIRST}
            """,
            {**self._values, **values},
        )
        return tuple(map(case_from_row, found))

    @property
    def _tail(self) -> str:
        """What the SELECT of a part of the list ends with."""
        return f"""
            FROM supportcases_cases
            WHERE {self._where}
            ORDER BY {NEWEST_FIRST}
            LIMIT :limit OFFSET :offset
        """
