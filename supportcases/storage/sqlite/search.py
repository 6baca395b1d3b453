"""The search for a part of a subject, or for a number, among the cases of one store.

A case matches where `instr` finds the folded term in its folded subject. All else here is a quicker way to the same
cases, and which way is quick depends on the term. An index of trigrams knows any term of three characters or more: it
leads to the matches where they are few, and counts them where they are many; then a page of them is soon found among
the newest cases. A shorter term has to be looked for in every subject, and so has any term where there are few cases.
"""

import json
import sqlite3
from collections.abc import Mapping
from math import inf
from typing import Any, Final

from supportcases.domain.cases import parse_number
from supportcases.storage.sqlite.rows import NEWEST_FIRST

TRIGRAM: Final = 3  # characters that the index knows together
LONGEST: Final = 600  # a subject has 200 characters, and none folds to more than three
ALIKE: Final = frozenset("\ufffd\ufffe\uffff")  # FTS5 takes each for the first
SMALL: Final = 2_000  # cases that are sooner looked through than asked for in the index, which has those of all stores
PIECES: Final = 5  # trigrams that a long term is looked for by, or a few more
TOGETHER: Final = (2, 4, 2 * PIECES)  # so many, the rarest first, until few enough cases have all of them
SEEN: Final = 8  # subjects with a trigram that tell how common it is
FEW: Final = 1_000  # matches that are sooner sorted than looked for among the newest cases
NEWEST: Final = 10_000  # cases that are looked through for a page of a common term
SHARE: Final = 5  # where more than one case in five matches, to look at all is quicker than to fetch the matches


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
        self._matches = f"({INSTR} OR number = :number)" if self._number else INSTR
        self._or_number = "UNION SELECT :number" if self._number else ""
        self._values = {**values, "folded": self._folded, "number": self._number, "asked": _phrase(self._folded)}

    def page(self, *, limit: int, offset: int) -> tuple[list[int], int]:
        """Return the rows of some of the matches, of those with the newest activity, and how many there are in all."""
        indexed = None
        if self._is_for_the_index():
            candidates = self._candidates()
            if len(candidates) <= FEW:
                return self._sorted(self._by_candidates(), limit, offset, candidates=json.dumps(candidates))
            indexed = self._indexed()
        matches = self._by_index() if indexed is not None and indexed <= self._among // SHARE else self._by_scan()
        if self._among > NEWEST:
            rows = self._among_the_newest(limit, offset)
            if len(rows) == limit:
                return rows, self._count(indexed, matches)
        return self._sorted(matches, limit, offset)

    def _is_for_the_index(self) -> bool:
        known = TRIGRAM <= len(self._folded) <= LONGEST and not ALIKE & set(self._folded)
        return known and self._among > SMALL

    def _candidates(self) -> list[int]:
        """Return the numbers of the cases whose subjects have some trigrams of the term, hardly more than the matches.

        They are some of every third, or of fewer of a long term: FTS5 goes through the subjects of all trigrams that it
        is asked for side by side, so the fewer and the rarer they are, the better. Of more than `FEW` cases only one
        more is looked for.
        """
        trigrams = [_phrase(self._folded[start:][:TRIGRAM]) for start in range(len(self._folded) - TRIGRAM + 1)]
        step = max(TRIGRAM, len(trigrams) // PIECES)
        some = list(dict.fromkeys([*trigrams[::step], trigrams[-1]]))
        if len(some) > TOGETHER[0]:
            some.sort(key=self._rarity, reverse=True)
        for many in TOGETHER:
            asked = " AND ".join(some[:many])
            candidates = [number for (number,) in self._execute(f"{INDEXED} LIMIT {FEW + 1}", asked=asked)]
            if len(candidates) <= FEW or many >= len(some):
                break
        return candidates

    def _rarity(self, trigram: str) -> float:
        """Return among how many cases, from the oldest on, there are a few with the trigram."""
        ((count, newest),) = self._execute(
            f"SELECT count(*), max(number) FROM ({INDEXED} ORDER BY rowid LIMIT {SEEN})", asked=trigram
        )
        return float(newest) if count == SEEN else inf

    def _by_candidates(self) -> str:
        """Return the SELECT of the matches among the candidates, and of the case whose number was asked for."""
        return f"""
            SELECT c.rowid AS row, c.number, c.last_activity_at
            FROM (SELECT value FROM json_each(:candidates) {self._or_number}) AS found
            CROSS JOIN supportcases_cases AS c ON c.number = found.value
            WHERE {self._where}
              AND {self._matches}
        """

    def _indexed(self) -> int:
        """Return how many of the store's subjects hold the term."""
        ((count,),) = self._execute(f"SELECT count(*) FROM ({INDEXED})")
        return int(count)

    def _by_index(self) -> str:
        """Return the SELECT of the matches that the index leads to."""
        return f"""
            SELECT c.rowid AS row, c.number, c.last_activity_at
            FROM ({INDEXED} {self._or_number}) AS found
            CROSS JOIN supportcases_cases AS c ON c.number = found.number
            WHERE {self._where}
        """

    def _by_scan(self) -> str:
        """Return the SELECT of the matches that looks into every subject, in the order in which the file has them."""
        ((rows,),) = self._execute("SELECT max(rowid) FROM supportcases_cases")
        most_of_the_file = 2 * self._among > rows
        return f"""
            SELECT rowid AS row, number, last_activity_at
            FROM supportcases_cases {"NOT INDEXED" if most_of_the_file else ""}
            WHERE {self._matches}
              AND {self._where}
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
                ORDER BY {NEWEST_FIRST}
                LIMIT {NEWEST}
            )
            WHERE {self._matches}
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
            f"""
            SELECT count(*)
            FROM supportcases_cases
            WHERE store = :store
              AND number = :number
              AND NOT {INSTR}
            """
        )
        return indexed + int(also)

    def _sorted(self, matches: str, limit: int, offset: int, **values: str) -> tuple[list[int], int]:
        ((count, rows),) = self._execute(
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
            limit=limit,
            offset=offset,
            **values,
        )
        return json.loads(rows), int(count)

    def _execute(self, statement: str, **values: int | str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, {**self._values, **values}).fetchall()


INSTR: Final = "instr(subject_folded, :folded)"
INDEXED: Final = """
    SELECT rowid & 0xffffffff AS number
    FROM supportcases_search
    WHERE supportcases_search MATCH :asked
      AND rowid BETWEEN (SELECT ordinal << 32 FROM supportcases_stores WHERE store = :store)
                    AND (SELECT ordinal << 32 | 0xffffffff FROM supportcases_stores WHERE store = :store)
"""


def _phrase(term: str) -> str:
    """Return the query of FTS5 for texts that hold `term` as it is."""
    return '"' + term.replace('"', '""') + '"'
