"""Every SQL statement over the cases of all stores. Each is told which stores the asker may see."""

import sqlite3
from datetime import datetime, timedelta
from typing import Any, Final

from supportcases.domain import times
from supportcases.domain.cases import Case, CaseFilter, Severity, Status, Stores
from supportcases.domain.queue import Place, QueueSort, StoreCounts
from supportcases.storage.sqlite.rows import COLUMNS, case_from_row, counting, matching

# the two by waiting are the index's own expressions, letter by letter, or SQLite would not use it
WAITS: Final = "status = 'open' AND unanswered_since IS NOT NULL"
RANK_BY_WAITING: Final = f"(CASE WHEN {WAITS} THEN severity <> 'critical' ELSE 2 END)"
WAITING: Final = f"(CASE WHEN {WAITS} THEN unanswered_since ELSE '' END)"
RANK_BY_SEVERITY: Final = "(CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END)"

# each ends with the id, so that no two cases share a place
ORDERS: Final[dict[QueueSort, tuple[tuple[str, str], ...]]] = {
    QueueSort.WAITING: ((RANK_BY_WAITING, "ASC"), (WAITING, "ASC"), ("last_activity_at", "DESC"), ("id", "ASC")),
    QueueSort.ACTIVITY: (("last_activity_at", "DESC"), ("id", "DESC")),
    QueueSort.AGE: (("created_at", "ASC"), ("id", "ASC")),
    QueueSort.SEVERITY: ((RANK_BY_SEVERITY, "ASC"), ("created_at", "ASC"), ("id", "ASC")),
}
FIRST_ANSWER: Final = """(
    SELECT min(m.created_at)
    FROM supportcases_messages AS m
    WHERE m.store = c.store
      AND m.case_id = c.id
      AND m.internal = 0
      AND m.author_kind IN ('support', 'elliot')
)"""


class SqliteQueue:
    """The cases of all stores."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self, wanted: CaseFilter) -> int:
        return sum(count for _, _, count in self._counted(wanted))

    def page(
        self, wanted: CaseFilter, sort: QueueSort, *, limit: int, offset: int, after: Place | None
    ) -> tuple[tuple[Case, Place], ...]:
        order = ORDERS[sort]
        where, values = matching(wanted)
        if after:
            condition, place = behind(order, after)
            where, values = f"{where} AND {condition}", values | place
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}, {", ".join(expression for expression, _ in order)}
            FROM supportcases_cases AS c
            WHERE {where}
            ORDER BY {", ".join(f"{expression} {direction}" for expression, direction in order)}
            LIMIT :limit OFFSET :offset
            """,
            {**values, "limit": limit, "offset": offset},
        ).fetchall()
        return tuple((case_from_row(row[: -len(order)]), row[-len(order) :]) for row in rows)

    def answered_before(
        self, stores: Stores, moment: datetime, *, limit: int = 1_000, offset: int = 0
    ) -> tuple[Case, ...]:
        where, values = matching(CaseFilter(stores=stores, status=Status.ANSWERED))
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM supportcases_cases AS c
            WHERE {where}
              AND last_activity_at <= :moment
            ORDER BY last_activity_at, id
            LIMIT :limit OFFSET :offset
            """,
            {**values, "moment": times.to_text(moment), "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(case_from_row, rows))

    def stores(self, stores: Stores, *, limit: int, offset: int) -> tuple[StoreCounts, ...]:
        where, values = matching(CaseFilter(stores=stores))
        rows = self._connection.execute(
            f"""
            SELECT store,
                   sum(cases) FILTER (WHERE status = 'open'),
                   sum(cases) FILTER (WHERE status = 'answered'),
                   sum(cases) FILTER (WHERE status = 'closed'),
                   (SELECT max(last_activity_at) FROM supportcases_cases AS c WHERE c.store = n.store) AS active
            FROM supportcases_counts AS n
            WHERE {where}
            GROUP BY store
            HAVING active IS NOT NULL
            ORDER BY active DESC, store
            LIMIT :limit OFFSET :offset
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
        rows = self._counted(wanted)
        return {(Status(status), Severity(severity)): count for status, severity, count in rows if count}

    def _counted(self, wanted: CaseFilter) -> list[tuple[str, str, int]]:
        where, values = matching(wanted)
        count, table = counting(wanted)
        return self._connection.execute(
            f"""
            SELECT status, severity, {count}
            FROM supportcases_{table} AS c
            WHERE {where}
            GROUP BY status, severity
            """,
            values,
        ).fetchall()

    def oldest_unanswered(self, wanted: CaseFilter) -> Case | None:
        where, values = matching(wanted)
        row = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM supportcases_cases AS c
            WHERE {where}
              AND {WAITS}
            ORDER BY unanswered_since, id
            LIMIT 1
            """,
            values,
        ).fetchone()
        return case_from_row(row) if row else None

    def first_answer_times(self, wanted: CaseFilter) -> list[int]:
        return self._times_until(FIRST_ANSWER, wanted)

    def closing_times(self, wanted: CaseFilter) -> list[int]:
        return self._times_until("closed_at", wanted)

    def _times_until(self, end: str, wanted: CaseFilter) -> list[int]:
        where, values = matching(wanted)
        rows = self._connection.execute(
            f"""
            SELECT created_at, {end}
            FROM supportcases_cases AS c
            WHERE {where}
            """,
            values,
        )
        millisecond = timedelta(milliseconds=1)
        return [(times.from_text(end) - times.from_text(begin)) // millisecond for begin, end in rows if end]


def behind(order: tuple[tuple[str, str], ...], place: Place) -> tuple[str, dict[str, Any]]:
    """Return the condition that a case stands behind `place`, and its values.

    The first key is compared once more alone, since SQLite seeks in the index by that and not by the ORs.
    """
    values = {f"place_{n}": value for n, value in enumerate(place)}
    alternatives, before = [], ""
    for n, ((expression, direction), _) in enumerate(zip(order, place, strict=False)):
        alternatives.append(f"{before}{expression} {'>' if direction == 'ASC' else '<'} :place_{n}")
        before += f"{expression} = :place_{n} AND "
    first, direction = order[0]
    return f"{first} {'>=' if direction == 'ASC' else '<='} :place_0 AND ({' OR '.join(alternatives)})", values
