"""Every SQL statement over the cases of all stores. Each is told which stores the asker may see."""

import sqlite3
from datetime import datetime

from supportcases.domain import times
from supportcases.domain.cases import Case, CaseFilter, Severity, Status, Stores
from supportcases.domain.queue import Found, Place, QueueSort, StoreCounts
from supportcases.domain.statistics import Spread
from supportcases.storage.rows import COLUMNS, SEVERITIES, STATUSES, case_from_row, unreadable
from supportcases.storage.sqlite.counts import FilterCounts
from supportcases.storage.sqlite.durations import BY_CLOSING, BY_FIRST_ANSWER, Durations
from supportcases.storage.sqlite.orders import BY_ACTIVITY, BY_WAITING, WAITS
from supportcases.storage.sqlite.queue_pages import QueuePages
from supportcases.storage.sqlite.rows import matching


class SqliteQueue:
    """The cases of all stores."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self, wanted: CaseFilter) -> int:
        return sum(FilterCounts(self._connection, wanted).match.values())

    def page(self, wanted: CaseFilter, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Found:
        return QueuePages(self._connection, wanted).found(sort, limit=limit, offset=offset, after=after)

    def answered_before(
        self, stores: Stores, moment: datetime, *, limit: int = 1_000, offset: int = 0
    ) -> tuple[Case, ...]:
        where, values = matching(CaseFilter(stores=stores, status=Status.ANSWERED))
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM (SELECT DISTINCT severity AS its_severity FROM supportcases_totals)
            CROSS JOIN supportcases_cases AS f ON f.rowid IN (
                SELECT rowid
                FROM supportcases_cases AS c INDEXED BY {BY_ACTIVITY}
                WHERE {where}
                  AND severity = its_severity
                  AND last_activity_at <= :moment
                ORDER BY last_activity_at, id
                LIMIT :most
            )
            ORDER BY last_activity_at, id
            LIMIT :limit OFFSET :offset
            """,
            {**values, "moment": times.to_text(moment), "limit": limit, "offset": offset, "most": limit + offset},
        ).fetchall()
        return tuple(map(case_from_row, rows))

    def stores(self, stores: Stores, *, limit: int, offset: int) -> tuple[StoreCounts, ...]:
        where, values = matching(CaseFilter(stores=stores))
        rows = self._connection.execute(
            f"""
            WITH newest AS (
                SELECT store,
                       (SELECT max(last_activity_at) FROM supportcases_cases AS c WHERE c.store = s.store) AS active
                FROM supportcases_stores AS s
                WHERE {where}
                  AND active IS NOT NULL
                ORDER BY active DESC, store
                LIMIT :limit OFFSET :offset
            )
            SELECT store,
                   sum(cases) FILTER (WHERE status = 'open'),
                   sum(cases) FILTER (WHERE status = 'answered'),
                   sum(cases) FILTER (WHERE status = 'closed'),
                   active
            FROM newest
            JOIN supportcases_counts USING (store)
            GROUP BY store
            ORDER BY active DESC, store
            """,
            {**values, "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(
            StoreCounts(store, opened or 0, answered or 0, closed or 0, times.from_text(active))
            for store, opened, answered, closed, active in rows
        )

    def names(self, stores: Stores) -> tuple[str, ...]:
        where, values = matching(CaseFilter(stores=stores))
        rows = self._connection.execute(
            f"""
            SELECT store
            FROM supportcases_stores
            WHERE {where}
            ORDER BY store
            """,
            values,
        ).fetchall()
        return tuple(store for (store,) in rows)

    def count_stores(self, stores: Stores) -> int:
        where, values = matching(CaseFilter(stores=stores))
        ((count,),) = self._connection.execute(
            f"""
            SELECT count(*)
            FROM supportcases_stores
            WHERE {where}
            """,
            values,
        ).fetchall()
        return int(count)

    def counts(self, wanted: CaseFilter) -> dict[tuple[Status, Severity], int]:
        counts = FilterCounts(self._connection, wanted).match
        try:
            return {(STATUSES[status], SEVERITIES[severity]): count for (status, severity), count in counts.items()}
        except KeyError as unknown:
            raise unreadable(unknown) from None

    def oldest_unanswered(self, wanted: CaseFilter) -> Case | None:
        where, values = matching(wanted)
        if wanted.created_after:  # nobody waits longer than there is a case
            where += " AND unanswered_since >= :created_after"
        row = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM (SELECT DISTINCT severity AS its_severity FROM supportcases_totals)
            CROSS JOIN supportcases_cases AS f ON f.rowid = (
                SELECT rowid
                FROM supportcases_cases AS c INDEXED BY {BY_WAITING}
                WHERE {where}
                  AND {WAITS}
                  AND severity = its_severity
                ORDER BY unanswered_since, id
                LIMIT 1
            )
            ORDER BY unanswered_since, id
            LIMIT 1
            """,
            values,
        ).fetchone()
        return case_from_row(row) if row else None

    def first_answers(self, wanted: CaseFilter) -> Spread:
        return Durations(self._connection, "answered_after", BY_FIRST_ANSWER).spread(wanted)

    def closings(self, wanted: CaseFilter) -> Spread:
        return Durations(self._connection, "closed_after", BY_CLOSING).spread(wanted)
