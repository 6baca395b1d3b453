"""The search of the support team: for a part of a subject, of a message or of a note, or for a number.

A case matches where its folded subject or one of its folded messages contains the folded term. The indexes of trigrams
lead to those. Where they are many, what a filter leaves is looked through, and a page is read along the queue; matches
are counted to `MOST`, or to those among the first cases that were looked through.
"""

from typing import Any, Final, NamedTuple

from supportcases.domain.cases import Case, CaseFilter, parse_number
from supportcases.domain.queue import Found, Place, QueueSort
from supportcases.domain.text import fold
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.orders import ORDERS, behind, values_of
from supportcases.storage.postgres.queue_pages import Page, QueuePages, read_page, wanted_of
from supportcases.storage.postgres.rows import containing, matching

TRIGRAM: Final = 3  # characters that the indexes know together
MOST: Final = 10_000  # matches that are counted, and cases of a filter that are looked through
COMMON: Final = 500  # matches among those by which the next of the queue are soon found
MANY: Final = 20_000  # texts that match; with more it is sooner to look through the cases of a filter
STRIDES: Final = (100, 1_000)  # cases of the queue that are read at once for a page: at first, and then

MATCHES: Final = """(
    c.subject_folded LIKE %(containing)s
    OR c.number = %(number)s::bigint
    OR EXISTS (
        SELECT 1
        FROM supportcases_messages AS m
        WHERE m.store = c.store
          AND m.case_id = c.id
          AND m.body_folded LIKE %(containing)s
    )
)"""
# of all stores: whoever asks joins what he may see. An inner LIMIT lets a term that is everywhere end soon, and where
# too many messages have it no subject is looked at
CANDIDATES: Final = """
    said AS MATERIALIZED (
        SELECT m.store, m.case_id AS id
        FROM supportcases_messages AS m
        WHERE m.body_folded LIKE %(containing)s
        LIMIT %(many)s
    ),
    named AS MATERIALIZED (
        SELECT c.store, c.id
        FROM supportcases_cases AS c
        WHERE c.subject_folded LIKE %(containing)s
          AND (SELECT count(*) FROM said) < %(many)s
        LIMIT %(many)s
    ),
    found AS MATERIALIZED (
        SELECT store, id
        FROM said
        UNION
        SELECT store, id
        FROM named
        UNION
        SELECT c.store, c.id
        FROM supportcases_stores AS s
        JOIN supportcases_cases AS c ON c.store = s.store AND c.number = %(number)s::bigint
    )
"""


class PostgresTeamSearch:
    """The texts of all stores."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(self, wanted: CaseFilter, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Found:
        search = Search(self._connection, wanted)
        ids, all_of_them = search.matches()
        if all_of_them:
            return Found(search.among(ids, sort, limit, offset, after), len(ids))
        page = search.along_the_queue(sort, limit, offset, after)
        return Found(page, len(ids) - 1, count_is_exact=False)  # there are more than that


class Matches(NamedTuple):
    """The ids of cases that match: all of them, or some of many."""

    ids: list[str]
    all_of_them: bool


class Search:
    """The cases that match a query and a filter."""

    def __init__(self, connection: Connection, wanted: CaseFilter) -> None:
        """Search for what is wanted."""
        self._connection = connection
        self._unsearched = wanted._replace(query=None)
        self._where, values = matching(self._unsearched)
        query = wanted.query or ""
        self._is_short = len(fold(query)) < TRIGRAM
        self._values = values | {"containing": containing(query), "number": parse_number(query)}

    def matches(self) -> Matches:
        """Return all cases that match, or so many that a page is soon found among the next of the queue."""
        if self._is_short:
            return self._among_the_first() or self._to_the_end()
        ids, too_many = self._by_index(MANY)
        if not too_many:
            return Matches(ids, len(ids) <= MOST)
        if self._unsearched != CaseFilter() and (found := self._among_the_first()):
            return found
        if len(ids) >= COMMON:
            return Matches(ids, all_of_them=False)
        return self._to_the_end()

    def _by_index(self, most: int) -> tuple[list[str], bool]:
        """Return cases that match, and whether there were too many texts that do to look at all of them.

        Each case is looked for by itself: to join all of them at once PostgreSQL would read all that there are.
        """
        rows = self._connection.execute(
            f"""
            WITH {CANDIDATES}
            SELECT NULL, greatest((SELECT count(*) FROM said), (SELECT count(*) FROM named))
            UNION ALL
            (
                SELECT c.id, 0
                FROM found
                CROSS JOIN LATERAL (
                    SELECT c.id
                    FROM supportcases_cases AS c
                    WHERE c.store = found.store
                      AND c.id = found.id
                      AND {self._where}
                    LIMIT 1
                ) AS c
                LIMIT {MOST + 1}
            )
            """,
            {**self._values, "many": most + 1},
            prepare=False,
        ).fetchall()
        ids = [case_id for case_id, _ in rows if case_id is not None]
        return ids, max(texts for _, texts in rows) > most

    def _among_the_first(self) -> Matches | None:
        """Look through the cases of the filter, if need be through `MOST` of them, and tell if there are enough."""
        looked_at = self._connection.execute(
            f"""
            SELECT c.id, {MATCHES}
            FROM (
                SELECT *
                FROM supportcases_cases AS c
                WHERE {self._where}
                LIMIT {MOST + 1}
            ) AS c
            """,
            self._values,
            prepare=False,
        ).fetchall()
        ids = [case_id for case_id, matches in looked_at[:MOST] if matches]
        everything = len(looked_at) <= MOST
        return Matches(ids, everything) if everything or len(ids) >= COMMON else None

    def _to_the_end(self) -> Matches:
        ids = self._column(
            f"""
            SELECT c.id
            FROM supportcases_cases AS c
            WHERE {self._where}
              AND {MATCHES}
            LIMIT {MOST + 1}
            """
        )
        return Matches(ids, len(ids) <= MOST)

    def among(self, ids: list[str], sort: QueueSort, limit: int, offset: int, after: Place | None) -> Page:
        """Return some of those cases, in the order of a queue."""
        order = ORDERS[sort]
        place = values_of(after, order) if after is not None else {}
        if place is None:
            return ()
        condition = f"c.id = ANY (%(ids)s::uuid[]) AND {behind(order) if after is not None else 'TRUE'}"
        values = {**place, "ids": ids, "limit": limit, "offset": offset}
        return read_page(self._connection, wanted_of(order, condition), order, values)

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

    def _of(self, ids: list[str]) -> set[str]:
        """Return the ids of those cases, which are of the filter, that match."""
        statement = f"""
            SELECT c.id
            FROM supportcases_cases AS c
            WHERE c.id = ANY (%(ids)s::uuid[])
              AND {MATCHES}
        """
        return set(self._column(statement, ids=ids))

    def _column(self, statement: str, **values: Any) -> list[str]:
        rows = self._connection.execute(statement, {**self._values, **values}, prepare=False)
        return [value for (value,) in rows]
