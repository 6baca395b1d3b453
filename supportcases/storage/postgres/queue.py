"""Every SQL statement over the cases of all stores. Each is told which stores the asker may see."""

from datetime import datetime

from supportcases.domain import times
from supportcases.domain.cases import Case, CaseFilter, Severity, Status, Stores
from supportcases.domain.queue import Found, Place, QueueSort, StoreCounts
from supportcases.domain.statistics import Spread
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.counts import counts_of
from supportcases.storage.postgres.durations import spread_of
from supportcases.storage.postgres.orders import IN_TURN
from supportcases.storage.postgres.queue_pages import QueuePages
from supportcases.storage.postgres.rows import CASE, matching
from supportcases.storage.rows import SEVERITIES, STATUSES, case_from_row, unreadable


class PostgresQueue:
    """The cases of all stores."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, wanted: CaseFilter) -> int:
        return sum(counts_of(self._connection, wanted).values())

    def page(self, wanted: CaseFilter, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Found:
        return QueuePages(self._connection, wanted).found(sort, limit=limit, offset=offset, after=after)

    def answered_before(
        self, stores: Stores, moment: datetime, *, limit: int = 1_000, offset: int = 0
    ) -> tuple[Case, ...]:
        where, values = matching(CaseFilter(stores=stores, status=Status.ANSWERED))
        rows = self._connection.execute(
            f"""
            SELECT {CASE}
            FROM supportcases_cases AS c
            WHERE {where}
              AND c.last_activity_at <= %(moment)s
            ORDER BY c.last_activity_at, c.id
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            {**values, "moment": times.to_text(moment), "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(case_from_row, rows))

    def stores(self, stores: Stores, *, limit: int, offset: int) -> tuple[StoreCounts, ...]:
        where, values = matching(CaseFilter(stores=stores))
        rows = self._connection.execute(
            f"""
            WITH newest AS (
                SELECT store, active
                FROM (
                    SELECT c.store,
                           (SELECT max(last_activity_at) FROM supportcases_cases AS n WHERE n.store = c.store) AS active
                    FROM supportcases_stores AS c
                    WHERE {where}
                ) AS s
                WHERE active IS NOT NULL
                ORDER BY active DESC, store
                LIMIT %(limit)s OFFSET %(offset)s
            )
            SELECT store,
                   (sum(cases) FILTER (WHERE status = 'open'))::bigint,
                   (sum(cases) FILTER (WHERE status = 'answered'))::bigint,
                   (sum(cases) FILTER (WHERE status = 'closed'))::bigint,
                   active
            FROM newest
            JOIN supportcases_counts USING (store)
            GROUP BY store, active
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
            SELECT c.store
            FROM supportcases_stores AS c
            WHERE {where}
            ORDER BY c.store
            """,
            values,
        ).fetchall()
        return tuple(store for (store,) in rows)

    def count_stores(self, stores: Stores) -> int:
        where, values = matching(CaseFilter(stores=stores))
        ((count,),) = self._connection.execute(
            f"""
            SELECT count(*)
            FROM supportcases_stores AS c
            WHERE {where}
            """,
            values,
        ).fetchall()
        return int(count)

    def counts(self, wanted: CaseFilter) -> dict[tuple[Status, Severity], int]:
        counts = counts_of(self._connection, wanted)
        try:
            return {(STATUSES[status], SEVERITIES[severity]): count for (status, severity), count in counts.items()}
        except KeyError as unknown:
            raise unreadable(unknown) from None

    def oldest_unanswered(self, wanted: CaseFilter) -> Case | None:
        where, values = matching(wanted)
        if wanted.created_after:  # nobody waits longer than there is a case
            where += " AND c.unanswered_since >= %(created_after)s"
        longest = " UNION ALL ".join(
            f"""
            (
                SELECT c.id
                FROM supportcases_cases AS c
                WHERE {where}
                  AND {strand.where}
                ORDER BY c.unanswered_since, c.id
                LIMIT 1
            )
            """
            for strand in IN_TURN
        )
        row = self._connection.execute(
            f"""
            SELECT {CASE}
            FROM ({longest}) AS longest
            JOIN supportcases_cases AS c USING (id)
            ORDER BY c.unanswered_since, c.id
            LIMIT 1
            """,
            values,
        ).fetchone()
        return case_from_row(row) if row else None

    def first_answers(self, wanted: CaseFilter) -> Spread:
        return spread_of(self._connection, "answered_after", wanted)

    def closings(self, wanted: CaseFilter) -> Spread:
        return spread_of(self._connection, "closed_after", wanted)
