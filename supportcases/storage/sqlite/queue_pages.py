"""The pages of the queue: which cases match, in an order, by whichever way reads least.

The cases of each status and severity are a strand that some index has in order. A page is the first of what the
strands begin with. Where few cases of a strand match, they are not looked for in their order: they are found by what
the filter asks for, and sorted.
"""

import sqlite3
from collections.abc import Iterator
from typing import Final

from supportcases.domain.cases import Case, CaseFilter
from supportcases.domain.queue import Found, Place, QueueSort
from supportcases.storage.rows import COLUMNS, case_from_row
from supportcases.storage.sqlite.counts import BY_STORE, LOOKUP, FilterCounts, along
from supportcases.storage.sqlite.orders import BY_WAITING, ORDERS, Strand, strand_behind, strands, values_of
from supportcases.storage.sqlite.rows import matching

SORTED: Final = 2  # entries of an index that are passed over in the time in which one is read and sorted

Page = tuple[tuple[Case, Place], ...]


class QueuePages:
    """The cases that match a filter, whatever its `query`, in each order of the queue."""

    def __init__(self, connection: sqlite3.Connection, wanted: CaseFilter) -> None:
        """Ask for what is wanted."""
        self._connection = connection
        self._counts = FilterCounts(connection, wanted)
        self._where, self._values = matching(wanted)

    def found(self, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Found:
        """Return some of them, and how many there are."""
        count = sum(self._counts.match.values())
        page = self.page(sort, limit=limit, offset=offset, after=after) if offset < count else ()
        return Found(page, count)

    def page(self, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Page:
        """Return some of them, those behind `after`, if given, each with its place."""
        beginnings = list(self._beginnings(sort, limit + offset, after))
        if not beginnings:
            return ()
        order = ORDERS[sort]
        names = [f"key_{n}" for n in range(len(order))]
        ordered = ", ".join(f"{name} {direction}" for name, (_, direction) in zip(names, order, strict=True))
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}, {", ".join(names)}
            FROM (
                SELECT *
                FROM ({" UNION ALL ".join(beginnings)})
                ORDER BY {ordered}
                LIMIT :limit OFFSET :offset
            )
            CROSS JOIN supportcases_cases AS c ON c.rowid = row
            ORDER BY {ordered}
            """,
            {**self._values, **values_of(after or ()), "limit": limit, "offset": offset, "most": limit + offset},
        )
        return tuple((case_from_row(row[: -len(order)]), row[-len(order) :]) for row in rows)

    def _beginnings(self, sort: QueueSort, length: int, after: Place | None) -> Iterator[str]:
        """Yield a SELECT of what each strand begins with, behind a place."""
        for of in self._counts.match:
            for strand in strands(sort, *of):
                condition = strand_behind(strand, after) if after else "TRUE"
                if condition:
                    yield self._beginning(strand, self._way(strand, length, of), condition)

    def _beginning(self, strand: Strand, table: str, condition: str) -> str:
        keys = [repr(value) for value in strand.alike] + [key for key, _ in strand.keys]
        return f"""
            SELECT *
            FROM (
                SELECT c.rowid AS row, {", ".join(f"{key} AS key_{n}" for n, key in enumerate(keys))}
                FROM {table}
                WHERE {strand.where}
                  AND {self._where}
                  AND {condition}
                ORDER BY {", ".join(f"{key} {direction}" for key, direction in strand.keys)}
                LIMIT :most
            )
        """

    def _way(self, strand: Strand, length: int, of: tuple[str, str]) -> str:
        """Return the tables from which the wanted cases of a strand are read soonest."""
        match = self._counts.match[of]
        if match == self._counts.every.get(of):
            return along(strand.by)
        return min(self._ways(strand, min(1.0, length / match), of))[1]

    def _ways(self, strand: Strand, part: float, of: tuple[str, str]) -> Iterator[tuple[float, str]]:
        """Yield each way, behind how many entries of an index are passed over by it; a page is `part` of what matches.

        What a filter wants is taken to be spread evenly over what another one wants, and over an order.
        """
        counts, match = self._counts, self._counts.match[of]
        every, in_spans = counts.every.get(of, match), float(match)  # where a count is missing, `check` tells it
        for some, way in ((counts.of_facets, counts.cells), (counts.of_stores, along(BY_STORE))):
            if some is not None:
                yield some.get(of, match) * LOOKUP, way
                in_spans *= every / some.get(of, match)
        if not counts.spanned_by:
            yield every * part, along(strand.by)
        elif strand.by in counts.spanned_by:
            yield in_spans * part, along(strand.by)
        else:  # they may all be at the end
            yield every, along(strand.by)
            if strand.by != BY_WAITING:
                yield in_spans * SORTED, along(counts.spanned_by[0])
