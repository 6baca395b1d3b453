"""The search of the support team: for a part of a subject, of a message or of a note, or for a number.

A case matches where `instr` finds the folded term in its folded subject or in one of its folded messages. The indexes
of trigrams lead to those that may match. Where they are many, what a filter leaves is looked through, and a page is
read along the queue; matches are counted to `MOST`, or to those among the first cases that were looked through.
"""

import json
import sqlite3
from math import inf
from typing import Any, Final, NamedTuple

from supportcases.domain.cases import Case, CaseFilter, parse_number
from supportcases.domain.queue import Found, Place, QueueSort
from supportcases.domain.text import fold
from supportcases.storage.rows import COLUMNS, case_from_row
from supportcases.storage.sqlite.body_index import UNINDEXED
from supportcases.storage.sqlite.orders import ORDERS, behind, values_of
from supportcases.storage.sqlite.queue_pages import Page, QueuePages
from supportcases.storage.sqlite.rows import matching
from supportcases.storage.sqlite.search import TRIGRAM, asking_for, trigrams_of

MOST: Final = 10_000  # matches that are counted, and cases of a filter that are looked through
COMMON: Final = 500  # matches among those by which the next of the queue are soon found
MANY: Final = 20_000  # messages that may match; with more it is sooner to look through the cases of a filter
SEEN: Final = 8  # messages with a trigram that tell how rare it is
RAREST: Final = 3  # trigrams of a term that are asked for
STRIDES: Final = (100, 1_000)  # cases of the queue that are read at once for a page: at first, and then

# an ASCII term that is there as it is, but for the letter case, need not be looked for in the folded text
IN_BODY: Final = "(instr(lower(m.body), :folded) OR instr(fold(m.body), :folded))"
MATCHES: Final = f"""(
    instr(subject_folded, :folded)
    OR number = :number
    OR EXISTS (
        SELECT 1
        FROM supportcases_messages AS m
        WHERE m.store = c.store
          AND m.case_id = c.id
          AND {IN_BODY}
    )
)"""
WITH_TRIGRAMS: Final = "SELECT rowid AS position FROM supportcases_bodies WHERE supportcases_bodies MATCH :trigrams"
CANDIDATES: Final = "SELECT value AS position FROM json_each(:candidates)"


class SqliteTeamSearch:
    """The texts of all stores."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def page(self, wanted: CaseFilter, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Found:
        search = Search(self._connection, wanted)
        rows, all_of_them = search.matches()
        if all_of_them:
            return Found(search.in_rows(rows, sort, limit, offset, after), len(rows))
        page = search.along_the_queue(sort, limit, offset, after)
        return Found(page, len(rows) - 1, count_is_exact=False)  # there are more than that


class Matches(NamedTuple):
    """The rows of cases that match: all of them, or some of many."""

    rows: list[int]
    all_of_them: bool


class Search:
    """The cases that match a query and a filter."""

    def __init__(self, connection: sqlite3.Connection, wanted: CaseFilter) -> None:
        """Search for what is wanted."""
        self._connection = connection
        self._unsearched = wanted._replace(query=None)
        self._where, values = matching(self._unsearched)
        query = wanted.query or ""
        self._folded = fold(query)
        self._values = values | {"folded": self._folded or None, "number": parse_number(query)}

    def matches(self) -> Matches:
        """Return all cases that match, or so many that a page is soon found among the next of the queue."""
        if len(self._folded) < TRIGRAM:
            return self._among_the_first() or self._to_the_end(self._by_scan())
        self._values["trigrams"] = asking_for(self._rarest_trigrams())
        candidates = self._column(f"{WITH_TRIGRAMS} LIMIT {MANY + 1}")
        if len(candidates) <= MANY:
            return self._to_the_end(self._by_index(CANDIDATES), candidates=json.dumps(candidates))
        if self._unsearched != CaseFilter() and (found := self._among_the_first()):
            return found
        return self._to_the_end(self._by_index(WITH_TRIGRAMS))

    def _rarest_trigrams(self) -> list[str]:
        return sorted(trigrams_of(self._folded), key=self._rarity, reverse=True)[:RAREST]

    def _rarity(self, trigram: str) -> float:
        """Return at which message, from the oldest on, there are a few with the trigram."""
        seen = self._column(f"{WITH_TRIGRAMS} ORDER BY rowid LIMIT {SEEN}", trigrams=asking_for([trigram]))
        return seen[-1] if len(seen) == SEEN else inf

    def _among_the_first(self) -> Matches | None:
        """Look through the cases of the filter, if need be through `MOST` of them, and tell if there are enough."""
        looked_at = self._connection.execute(
            f"""
            SELECT rowid, {MATCHES}
            FROM supportcases_cases AS c
            WHERE {self._where}
            LIMIT {MOST + 1}
            """,
            self._values,
        ).fetchall()
        rows = [row for row, matches in looked_at[:MOST] if matches]
        everything = len(looked_at) <= MOST
        return Matches(rows, everything) if everything or len(rows) >= COMMON else None

    def _to_the_end(self, matches: str, **values: str) -> Matches:
        rows = self._column(f"{matches} LIMIT {MOST + 1}", **values)
        return Matches(rows, len(rows) <= MOST)

    def _by_scan(self) -> str:
        return f"""
            SELECT rowid
            FROM supportcases_cases AS c
            WHERE {self._where}
              AND {MATCHES}
        """

    def _by_index(self, candidates: str) -> str:
        return f"""
            SELECT DISTINCT row
            FROM (
                SELECT c.rowid AS row
                FROM (
                    SELECT m.store AS its_store, m.case_id AS its_case
                    FROM ({candidates} UNION ALL {UNINDEXED}) AS f
                    CROSS JOIN supportcases_messages AS m USING (position)
                    WHERE {IN_BODY}
                )
                CROSS JOIN supportcases_cases AS c ON c.store = its_store AND c.id = its_case
                WHERE {self._where}
                UNION ALL
                SELECT c.rowid
                FROM (
                    SELECT s.store AS its_store, f.rowid & 0xffffffff AS its_number
                    FROM supportcases_search AS f
                    CROSS JOIN supportcases_stores AS s ON s.ordinal = f.rowid >> 32
                    WHERE supportcases_search MATCH :trigrams
                    UNION ALL
                    SELECT store, :number
                    FROM supportcases_stores
                    WHERE :number IS NOT NULL
                )
                CROSS JOIN supportcases_cases AS c ON c.store = its_store AND c.number = its_number
                WHERE {self._where}
                  AND (instr(subject_folded, :folded) OR number = :number)
            )
        """

    def in_rows(self, rows: list[int], sort: QueueSort, limit: int, offset: int, after: Place | None) -> Page:
        """Return some of the cases in those rows, in the order of a queue."""
        order = ORDERS[sort]
        found = self._connection.execute(
            f"""
            SELECT {COLUMNS}, {", ".join(expression for expression, _ in order)}
            FROM (SELECT value AS row FROM json_each(:rows))
            CROSS JOIN supportcases_cases AS c ON c.rowid = row
            WHERE {self._where}
              AND {behind(order) if after else "TRUE"}
            ORDER BY {", ".join(f"{expression} {direction}" for expression, direction in order)}
            LIMIT :limit OFFSET :offset
            """,
            {**self._values, **values_of(after or ()), "rows": json.dumps(rows), "limit": limit, "offset": offset},
        )
        return tuple((case_from_row(row[: -len(order)]), row[-len(order) :]) for row in found)

    def along_the_queue(self, sort: QueueSort, limit: int, offset: int, after: Place | None) -> Page:
        """Return some of the matches, by reading the queue until there are enough: they are not rare."""
        queue, stride = QueuePages(self._connection, self._unsearched), STRIDES[0]
        found: list[tuple[Case, Place]] = []
        while len(found) < limit:
            stretch = queue.page(sort, limit=stride, offset=0, after=after)
            if not stretch:
                break
            matches = self._of([case.id for case, _ in stretch])
            further = [one for one in stretch if one[0].id in matches]
            found += further[offset:]
            offset = max(0, offset - len(further))
            after, stride = stretch[-1][1], STRIDES[1]
        return tuple(found[:limit])

    def _of(self, ids: list[str]) -> set[Any]:
        """Return the ids of those cases, which are of the filter, that match."""
        statement = f"""
            SELECT c.id
            FROM (SELECT value AS its_id FROM json_each(:ids))
            CROSS JOIN supportcases_cases AS c ON c.id = its_id
            WHERE {MATCHES}
        """
        return set(self._column(statement, ids=json.dumps(ids)))

    def _column(self, statement: str, **values: str) -> list[Any]:
        return [value for (value,) in self._connection.execute(statement, {**self._values, **values})]
