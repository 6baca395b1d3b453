"""How long the wanted cases took to something, as it was kept when that happened."""

import sqlite3
from typing import Any, Final

from supportcases.domain.cases import CaseFilter
from supportcases.domain.statistics import Spread, spread
from supportcases.storage.sqlite.counts import ANY, BY_STORE, LOOKUP, FilterCounts, along
from supportcases.storage.sqlite.orders import BY_AGE
from supportcases.storage.sqlite.rows import matching

BY_FIRST_ANSWER: Final = "supportcases_cases_by_first_answer"
BY_CLOSING: Final = "supportcases_cases_by_closing"


class Durations:
    """The durations in a column of the cases, in milliseconds."""

    def __init__(self, connection: sqlite3.Connection, column: str, index: str) -> None:
        """Take the column, and the index that has it in order."""
        self._connection = connection
        self._column = column
        self._index = index

    def spread(self, wanted: CaseFilter) -> Spread:
        """Return how they are spread over the wanted cases: of all cases without reading them one by one."""
        if wanted == CaseFilter():
            return self._of_all()
        where, values = matching(wanted)
        ordered = self._column_of(self._way(wanted), f"{where} AND {ANY}", values)
        ordered.sort()
        return spread(len(ordered), ordered.__getitem__)

    def _way(self, wanted: CaseFilter) -> str:
        """Return the table of cases as it leads to the wanted ones soonest."""
        counts = FilterCounts(self._connection, wanted)
        of_all, of_stores = sum(counts.every.values()), counts.of_stores
        few = of_stores is not None and sum(of_stores.values()) * LOOKUP < of_all
        return along(BY_STORE if few else BY_AGE)

    def _of_all(self) -> Spread:
        table = f"supportcases_cases INDEXED BY {self._index}"
        ((count,),) = self._connection.execute(f"SELECT count(*) FROM {table} WHERE {self._column} IS NOT NULL")

        def nth(n: int) -> int:
            way, over = ("ASC", n) if n < count / 2 else ("DESC", count - 1 - n)  # from the nearer end
            (value,) = self._column_of(table, f"TRUE ORDER BY {self._column} {way} LIMIT 1 OFFSET {over}")
            return value

        return spread(count, nth)

    def _column_of(self, table: str, rest: str, values: dict[str, Any] | None = None) -> list[int]:
        rows = self._connection.execute(
            f"SELECT {self._column} FROM {table} WHERE {self._column} IS NOT NULL AND {rest}", values or {}
        )
        return [value for (value,) in rows]
