"""The search for a part of a subject, or for a number, among the cases of one store.

A case matches where `instr` finds the folded term in its folded subject. In a large store an index of trigrams leads to
the few cases that can match; where they are not few, or the term is shorter than a trigram, every subject is looked
through.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, Final

from supportcases.domain.cases import parse_number
from supportcases.domain.text import fold
from supportcases.storage.sqlite.rows import NEWEST_FIRST

TRIGRAM: Final = 3  # characters that the index knows together
PIECES: Final = 8  # trigrams of a term that are asked for at the most: with more the index takes longer than it saves
SMALL: Final = 2_000  # cases that are sooner looked through than asked for in the index, which has those of all stores
FEW: Final = 30  # where more than one case in so many may match, a page is looked for among as many of the newest

INSTR: Final = "instr(subject_folded, :folded)"
CANDIDATES: Final = """
    SELECT rowid & 0xffffffff
    FROM supportcases_search
    WHERE supportcases_search MATCH :trigrams
      AND rowid BETWEEN (SELECT ordinal << 32 FROM supportcases_stores WHERE store = :store)
                    AND (SELECT ordinal << 32 | 0xffffffff FROM supportcases_stores WHERE store = :store)
    LIMIT :most
"""


def trigrams_of(folded: str) -> list[str]:
    """Return some of the trigrams of a text of at least one, from all over it."""
    last = len(folded) - TRIGRAM
    starts = sorted({last * piece // (PIECES - 1) for piece in range(PIECES)})
    return list(dict.fromkeys(folded[start : start + TRIGRAM] for start in starts))


def asking_for(trigrams: Iterable[str]) -> str:
    """Return the query of FTS5 for texts that have all of the trigrams."""
    return " AND ".join('"' + trigram.replace('"', '""') + '"' for trigram in trigrams)


class Search:
    """The cases of one store that match a query, among those that meet a condition."""

    def __init__(
        self, connection: sqlite3.Connection, query: str, where: str, values: Mapping[str, Any], *, among: int
    ) -> None:
        """Search for `query` among the cases that meet `where`; they are `among` in number, and at least one."""
        self._connection = connection
        self._where = where
        self._among = among
        self._folded = fold(query)
        self._number = parse_number(query)
        self._matches = f"({INSTR} OR number = :number)" if self._number else INSTR
        self._values = {**values, "folded": self._folded or None, "number": self._number}

    def page(self, *, limit: int, offset: int) -> tuple[list[int], int]:
        """Return the rows of some of the matches, of those with the newest activity, and how many there are in all."""
        candidates = self._candidates()
        if candidates is None and self._among > SMALL:
            rows = self._among_the_newest(limit, offset)
            if len(rows) == limit:
                return rows, self._count()
        matches = self._among_all() if candidates is None else self._among_candidates()
        ((count, rows),) = self._connection.execute(
            f"""
            WITH found AS MATERIALIZED ({matches})
            SELECT (SELECT count(*) FROM found),
                   (
                       SELECT json_group_array(row)
                       FROM (
                           SELECT row
                           FROM found
                           ORDER BY {NEWEST_FIRST}
                           LIMIT :limit OFFSET :offset
                       )
                   )
            """,
            {**self._values, "limit": limit, "offset": offset, "candidates": json.dumps(candidates)},
        ).fetchall()
        return json.loads(rows), int(count)

    def _candidates(self) -> list[int] | None:
        """Return the numbers of the cases that may match, or None where that is not to be asked, or they are many."""
        if self._among <= SMALL or len(self._folded) < TRIGRAM:
            return None
        most = self._among // FEW
        values = {**self._values, "trigrams": asking_for(trigrams_of(self._folded)), "most": most + 1}
        candidates = [number for (number,) in self._connection.execute(CANDIDATES, values)]
        return candidates if len(candidates) <= most else None

    def _among_the_newest(self, limit: int, offset: int) -> list[int]:
        """Return the page if it is among the newest `FEW`th: to sort all matches of a common term takes longest."""
        # the inner LIMIT keeps its order, and is read no further than the outer one needs
        found = self._connection.execute(
            f"""
            SELECT row
            FROM (
                SELECT rowid AS row, number, subject_folded
                FROM supportcases_cases
                WHERE {self._where}
                ORDER BY {NEWEST_FIRST}
                LIMIT {self._among // FEW}
            )
            WHERE {self._matches}
            LIMIT :limit OFFSET :offset
            """,
            {**self._values, "limit": limit, "offset": offset},
        )
        return [row for (row,) in found]

    def _count(self) -> int:
        ((count,),) = self._connection.execute(f"SELECT count(*) FROM ({self._among_all()})", self._values).fetchall()
        return int(count)

    def _among_candidates(self) -> str:
        return f"""
            SELECT c.rowid AS row, c.number, c.last_activity_at
            FROM (SELECT value FROM json_each(:candidates) {"UNION SELECT :number" if self._number else ""}) AS found
            CROSS JOIN supportcases_cases AS c ON c.number = found.value
            WHERE {self._where}
              AND {self._matches}
        """

    def _among_all(self) -> str:
        """Return the SELECT that looks into every subject, in the order in which the file has them."""
        ((rows,),) = self._connection.execute("SELECT max(rowid) FROM supportcases_cases").fetchall()
        most_of_the_file = 2 * self._among > rows
        return f"""
            SELECT rowid AS row, number, last_activity_at
            FROM supportcases_cases {"NOT INDEXED" if most_of_the_file else ""}
            WHERE {self._matches}
              AND {self._where}
        """
