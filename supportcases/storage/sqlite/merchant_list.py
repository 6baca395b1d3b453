"""Every SQL statement that lists the cases of a store."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, TypeVar

from supportcases.domain.cases import CaseFilter
from supportcases.storage.rows import COLUMNS
from supportcases.storage.sqlite.rows import NEWEST_FIRST, matching
from supportcases.storage.sqlite.search import Search

T = TypeVar("T")
Row = tuple[Any, ...]

_matching: Final = lru_cache(maxsize=1_000)(matching)  # a store's lists are asked for again and again

FAR: Final = 100  # so many are sooner passed over in the index alone; SQLite reads whole rows to throw them away


class StoreCases:
    """The cases of one store that match a filter: newest activity first, then the higher number."""

    def __init__(self, connection: sqlite3.Connection, store: str, wanted: CaseFilter) -> None:
        self._connection = connection
        self._query = wanted.query
        self._unsearched = wanted._replace(stores=None, store=store, query=None)  # whoever asks may see the store
        self._where, self._values = _matching(self._unsearched)

    def page(self, read: Callable[[Row], T], *, limit: int, offset: int) -> tuple[tuple[T, ...], int]:
        """Return some of them, each as `read` reads its row, and how many they are."""
        if self._query is None and offset == 0:
            return self._first(read, limit)
        count = self._count()
        if count == 0 or (self._query is None and offset >= count):
            rows: Iterable[Row] = ()
        elif self._query is not None:
            search = Search(self._connection, self._query, self._where, self._values, among=count)
            found, count = search.page(limit=limit, offset=offset)
            rows = self._in_rows("SELECT value AS row FROM json_each(:found)", found=json.dumps(found))
        elif offset < FAR:
            rows = self._listed(limit, offset)
        else:
            rows = self._in_rows(f"SELECT rowid AS row {self._tail}", limit=limit, offset=offset)
        return tuple(map(read, rows)), count

    def _first(self, read: Callable[[Row], T], limit: int) -> tuple[tuple[T, ...], int]:
        """Return the first ones, and how many they all are, by one statement, which is of one moment by itself."""
        values = {**self._values, "limit": limit, "offset": 0}
        rows = self._connection.execute(f"SELECT {COLUMNS}, ({self._counting}) {self._tail}", values).fetchall()
        return tuple([read(row[:-1]) for row in rows]), rows[0][-1] if rows else 0

    def _count(self) -> int:
        """Return how many match the filter, whatever is searched for."""
        ((found,),) = self._connection.execute(self._counting, self._values).fetchall()
        return found or 0  # the sum of nothing is NULL

    def _listed(self, limit: int, offset: int) -> Iterable[Row]:
        values = {**self._values, "limit": limit, "offset": offset}
        return self._connection.execute(f"SELECT {COLUMNS} {self._tail}", values)

    @property
    def _counting(self) -> str:
        """The SELECT of how many match the filter: triggers count by status and severity alone."""
        wanted = self._unsearched
        kept = CaseFilter(store=wanted.store, status=wanted.status, severity=wanted.severity)
        return f"""
            SELECT {"sum(cases) FROM supportcases_counts" if wanted == kept else "count(*) FROM supportcases_cases"}
            WHERE {self._where}
        """

    def _in_rows(self, rows: str, **values: Any) -> Iterable[Row]:
        """Return the cases in those rows of the table: CROSS, so that SQLite begins with the rows."""
        return self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM ({rows}) AS found
            CROSS JOIN supportcases_cases AS c ON c.rowid = found.row
            WHERE {self._where}
            ORDER BY {NEWEST_FIRST}
            """,
            {**self._values, **values},
        )

    @property
    def _tail(self) -> str:
        """What the SELECT of a part of the list ends with."""
        return f"""
            FROM supportcases_cases
            WHERE {self._where}
            ORDER BY {NEWEST_FIRST}
            LIMIT :limit OFFSET :offset
        """
