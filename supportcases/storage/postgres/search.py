"""The search for a part of a subject, or for a number, among the cases of one store.

An index of trigrams leads to the subjects that can match; PostgreSQL knows by itself where it is sooner to look through
those of the store. A plan for any term would be bad for most: each search is planned anew.
"""

from collections.abc import Mapping
from typing import Any

from supportcases.domain.cases import parse_number
from supportcases.storage.postgres.connections import Connection, Row
from supportcases.storage.postgres.rows import CASE, containing


class Search:
    """The cases of one store that match a query, among those that meet a condition."""

    def __init__(self, connection: Connection, query: str, where: str, values: Mapping[str, Any]) -> None:
        """Search for `query` among the cases that meet `where`."""
        self._connection = connection
        self._where = where
        number = parse_number(query)
        self._matches = "c.subject_folded LIKE %(containing)s"
        if number:
            self._matches = f"({self._matches} OR c.number = %(number)s)"
        self._values = {**values, "containing": containing(query), "number": number}

    def rows(self) -> list[Row]:
        """Return the rows of the page, each behind how many match: one even where nothing is on the page."""
        statement = f"""
            WITH found AS MATERIALIZED (
                SELECT c.id, c.last_activity_at, c.number
                FROM supportcases_cases AS c
                WHERE {self._where}
                  AND {self._matches}
            ),
            page AS (
                SELECT c.id
                FROM found AS c
                ORDER BY c.last_activity_at DESC, c.number DESC
                LIMIT %(limit)s OFFSET %(offset)s
            )
            SELECT n.cases, {CASE}
            FROM (SELECT count(*) AS cases FROM found) AS n
            LEFT JOIN (page JOIN supportcases_cases AS c USING (id)) ON TRUE
            ORDER BY c.last_activity_at DESC, c.number DESC
        """
        return self._connection.execute(statement, self._values, prepare=False).fetchall()
