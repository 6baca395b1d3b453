"""The pages of the queue: which cases match, in an order, by whichever way reads least.

Indexes have the cases of each status in order. A page is the first of what they begin with. Where few cases match, they
are not looked for in their order: they are found by what the filter asks for, and sorted.
"""

from collections.abc import Iterator
from typing import Final

from supportcases.domain.cases import Case, CaseFilter
from supportcases.domain.queue import Found, Place, QueueSort
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.counts import counts_of
from supportcases.storage.postgres.orders import ORDERS, Keys, behind, strands, values_of
from supportcases.storage.postgres.rows import CASE, SPANS, matching
from supportcases.storage.rows import case_from_row

FEW: Final = 5_000  # cases that are sooner sorted than passed over among all others
MANY: Final = 100_000  # and of a span of time, which are not spread evenly over another order
IN_ITS_OWN: Final = {QueueSort.AGE: "created", QueueSort.ACTIVITY: "active"}

Page = tuple[tuple[Case, Place], ...]


class QueuePages:
    """The cases that match a filter, whatever its `query`, in each order of the queue."""

    def __init__(self, connection: Connection, wanted: CaseFilter) -> None:
        """Ask for what is wanted."""
        self._connection = connection
        self._counts = counts_of(connection, wanted)
        self._severity = wanted.severity
        self._where, self._values = matching(wanted)

    def found(self, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Found:
        """Return some of them, and how many there are."""
        count = sum(self._counts.values())
        page = self.page(sort, limit=limit, offset=offset, after=after) if offset < count else ()
        return Found(page, count)

    def page(self, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Page:
        """Return some of them, those behind `after`, if given, each with its place."""
        order = ORDERS[sort]
        place = values_of(after, order) if after is not None else {}
        if place is None or not self._counts:
            return ()
        condition = f"{self._where} AND {behind(order)}" if after is not None else self._where
        few = sum(self._counts.values()) <= (MANY if self._is_spanned(sort) else FEW)
        beginnings = [wanted_of(order, condition)] if few else list(self._beginnings(sort, order, condition))
        values = {**self._values, **place, "limit": limit, "offset": offset, "most": limit + offset}
        return read_page(self._connection, " UNION ALL ".join(beginnings), order, values)

    def _is_spanned(self, sort: QueueSort) -> bool:
        """Tell whether the wanted cases are side by side in another order than that: in it, they may all be last."""
        spans = {name.partition("_")[0] for name in SPANS & self._values.keys()}
        return bool(spans - {IN_ITS_OWN.get(sort)})

    def _beginnings(self, sort: QueueSort, order: Keys, condition: str) -> Iterator[str]:
        """Yield a SELECT of what each strand begins with."""
        for status in sorted({status for status, _ in self._counts}):
            for strand in strands(sort, status, self._severity):
                ordered = ", ".join(f"{key.expression} {key.direction}" for key in strand.keys)
                yield f"({wanted_of(order, f'{strand.where} AND {condition}')} ORDER BY {ordered} LIMIT %(most)s)"


def wanted_of(order: Keys, condition: str) -> str:
    """Return the SELECT of the ids of some cases, with the place of each in an order."""
    keys = ", ".join(f"{key.expression} AS key_{n}" for n, key in enumerate(order))
    return f"""
        SELECT c.id, {keys}
        FROM supportcases_cases AS c
        WHERE {condition}
    """


def read_page(connection: Connection, wanted: str, order: Keys, values: dict[str, object]) -> Page:
    """Return some of the cases whose ids and places a SELECT gives, in their order."""
    names = [f"key_{n}" for n in range(len(order))]
    ordered = ", ".join(f"{name} {key.direction}" for name, key in zip(names, order, strict=True))
    rows = connection.execute(
        f"""
        WITH wanted AS MATERIALIZED ({wanted}),
        page AS (
            SELECT *
            FROM wanted
            ORDER BY {ordered}
            LIMIT %(limit)s OFFSET %(offset)s
        )
        SELECT {CASE}, {", ".join(names)}
        FROM page
        JOIN supportcases_cases AS c USING (id)
        ORDER BY {ordered}
        """,
        values,
    )
    return tuple((case_from_row(row[: -len(order)]), row[-len(order) :]) for row in rows)
