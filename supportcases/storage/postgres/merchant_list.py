"""Every SQL statement that lists the cases of a store: how many match, and some of them, by one statement."""

from collections.abc import Callable
from typing import Final, TypeVar

from supportcases.domain.cases import CaseFilter
from supportcases.storage.postgres.connections import Connection, Row
from supportcases.storage.postgres.rows import CASE, matching
from supportcases.storage.postgres.search import Search

T = TypeVar("T")

NEWEST_FIRST: Final = "c.last_activity_at DESC, c.number DESC"
COUNT_KEPT: Final = "SELECT coalesce(sum(c.cases), 0)::bigint AS cases FROM supportcases_counts AS c"
COUNT: Final = "SELECT count(*) AS cases FROM supportcases_cases AS c"


class StoreCases:
    """The cases of one store that match a filter: newest activity first, then the higher number."""

    def __init__(self, connection: Connection, store: str, wanted: CaseFilter) -> None:
        self._connection = connection
        self._query = wanted.query
        self._unsearched = wanted._replace(stores=None, store=store, query=None)  # whoever asks may see the store

    def page(self, read: Callable[[Row], T], *, limit: int, offset: int) -> tuple[tuple[T, ...], int]:
        """Return some of them, each as `read` reads its row, and how many they are."""
        where, values = matching(self._unsearched)
        values |= {"limit": limit, "offset": offset}
        if self._query is None:
            rows = self._connection.execute(self._listed(where), values).fetchall()
        else:
            rows = Search(self._connection, self._query, where, values).rows()
        cases = tuple(read(row[1:]) for row in rows if row[1] is not None)
        return cases, int(rows[0][0])

    def _listed(self, where: str) -> str:
        """Return the statement whose rows begin with the count: one row even where nothing is on the page.

        Behind the last case no page is looked for: to pass over all of a store would take longest.
        """
        wanted = self._unsearched
        kept = CaseFilter(store=wanted.store, status=wanted.status, severity=wanted.severity)
        count = COUNT_KEPT if wanted == kept else COUNT
        return f"""
            SELECT n.cases, {CASE}
            FROM (
                {count}
                WHERE {where}
            ) AS n
            LEFT JOIN LATERAL (
                SELECT {CASE}
                FROM supportcases_cases AS c
                WHERE {where}
                ORDER BY {NEWEST_FIRST}
                LIMIT CASE WHEN %(offset)s < n.cases THEN %(limit)s::bigint ELSE 0 END OFFSET %(offset)s
            ) AS c ON TRUE
            ORDER BY {NEWEST_FIRST}
        """
