"""The search for a part of a subject, or for a number, among the cases of one store.

A case matches where `instr` finds the folded term in its folded subject. All else here is a quicker way to the same
cases, and which way is quick depends on the term: the index of trigrams counts the matches of any term of three
characters or more and leads to them where they are few; where they are many, a page of them is soon found among the
newest cases; and a shorter term has to be looked for in every subject.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from supportcases.cases import parse_number

SHORTEST: Final = 3  # characters of a term that the index knows
LONGEST: Final = 600  # a subject has 200 characters, and none folds to more than three
ALIKE: Final = frozenset("\ufffd\ufffe\uffff")  # FTS5 takes each for the first
FEW: Final = 1_000  # matches that are sooner sorted than looked for among the newest cases
NEWEST: Final = 10_000  # cases that are looked through for a page of a common term
SHARE: Final = 5  # where more than one case in five matches, to look at all is quicker than to fetch the matches

MATCHES: Final = "(instr(subject_folded, :folded) OR number = :number)"


class Search:
    """The cases of one store that match a query, among those that meet a condition."""

    def __init__(
        self, connection: sqlite3.Connection, query: str, where: str, values: Mapping[str, Any], *, among: int
    ) -> None:
        """Search for `query` among the cases that meet `where`; they are `among` in number, and at least one."""
        self._connection = connection
        self._where = where
        self._filtered = values.keys() != {"store"}
        self._among = among
        self._folded = query.casefold()
        self._number = parse_number(query)
        self._values = {**values, "folded": self._folded, "number": self._number, "phrase": _phrase(self._folded)}

    def page(self, *, limit: int, offset: int) -> tuple[list[int], int]:
        """Return the rows of some of the matches, of those with the newest activity, and how many there are in all."""
        indexed = self._indexed()
        matches = self._by_index() if indexed is not None and indexed <= self._among // SHARE else self._by_scan()
        if self._among > NEWEST and (indexed is None or indexed > FEW):
            rows = self._among_the_newest(limit, offset)
            if len(rows) == limit:
                return rows, self._count(indexed, matches)
        return self._sorted(matches, limit, offset)

    def _indexed(self) -> int | None:
        """Return how many of the store's subjects hold the term; None where the index cannot tell."""
        if not SHORTEST <= len(self._folded) <= LONGEST or ALIKE & set(self._folded):
            return None
        ((count,),) = self._execute(f"SELECT count(*) FROM ({INDEXED})")
        return int(count)

    def _by_index(self) -> str:
        """Return the SELECT of the matches that the index leads to."""
        return f"""
            SELECT c.rowid AS row, c.number, c.last_activity_at
            FROM ({INDEXED} {"" if self._number is None else "UNION SELECT :number"}) AS found
            CROSS JOIN supportcases_cases AS c ON c.store = :store AND c.number = found.number
            WHERE {self._where}
        """

    def _by_scan(self) -> str:
        """Return the SELECT of the matches that looks into every subject, in the order in which the file has them."""
        ((rows,),) = self._execute("SELECT max(rowid) FROM supportcases_cases")
        most_of_the_file = 2 * self._among > rows
        return f"""
            SELECT rowid AS row, number, last_activity_at
            FROM supportcases_cases {"NOT INDEXED" if most_of_the_file else ""}
            WHERE {self._where}
              AND {MATCHES}
        """

    def _among_the_newest(self, limit: int, offset: int) -> list[int]:
        # the inner LIMIT keeps its order, and is read no further than the outer one needs
        rows = self._execute(
            f"""
            SELECT row
            FROM (
                SELECT rowid AS row, number, subject_folded
                FROM supportcases_cases
                WHERE {self._where}
                ORDER BY last_activity_at DESC, number DESC
                LIMIT {NEWEST}
            )
            WHERE {MATCHES}
            LIMIT :limit OFFSET :offset
            """,
            limit=limit,
            offset=offset,
        )
        return [row for (row,) in rows]

    def _count(self, indexed: int | None, matches: str) -> int:
        """Return how many matches there are: without a filter, those of the index and the case of that number."""
        if indexed is None or self._filtered:
            ((count,),) = self._execute(f"SELECT count(*) FROM ({matches})")
            return int(count)
        ((also,),) = self._execute(
            """
            SELECT count(*)
            FROM supportcases_cases
            WHERE store = :store
              AND number = :number
              AND NOT instr(subject_folded, :folded)
            """
        )
        return indexed + int(also)

    def _sorted(self, matches: str, limit: int, offset: int) -> tuple[list[int], int]:
        ((count, rows),) = self._execute(
            f"""
            WITH found AS MATERIALIZED ({matches})
            SELECT (SELECT count(*) FROM found),
                   (
                       SELECT json_group_array(row)
                       FROM (
                           SELECT row
                           FROM found
                           ORDER BY last_activity_at DESC, number DESC
                           LIMIT :limit OFFSET :offset
                       )
                   )
            """,
            limit=limit,
            offset=offset,
        )
        return json.loads(rows), int(count)

    def _execute(self, statement: str, **values: int) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, {**self._values, **values}).fetchall()


INDEXED: Final = """
    SELECT rowid & 0xffffffff AS number
    FROM supportcases_search
    WHERE supportcases_search MATCH :phrase
      AND rowid BETWEEN (SELECT ordinal << 32 FROM supportcases_stores WHERE store = :store)
                    AND (SELECT ordinal << 32 | 0xffffffff FROM supportcases_stores WHERE store = :store)
"""


def _phrase(term: str) -> str:
    """Return the query of FTS5 for texts that hold `term` as it is."""
    return '"' + term.replace('"', '""') + '"'
