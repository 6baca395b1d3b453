"""Every SQL statement by which cases go as a whole; what only the owner may delete, a function deletes."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final

from supportcases.domain.cases import Case, Stores
from supportcases.domain.erasure import REDACTED
from supportcases.domain.times import to_text
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.counts import forget_tallies
from supportcases.storage.postgres.elsewhere import is_elsewhere
from supportcases.storage.postgres.rows import CASE
from supportcases.storage.rows import case_from_row

MOST: Final = 1_000  # entries of the histories that go in one transaction: as many messages at the most
HELD: Final = "EXISTS (SELECT 1 FROM supportcases_holds AS h WHERE h.store = c.store AND h.number IN (0, c.number))"
OLD: Final = "c.status = 'closed' AND c.last_activity_at <= %(moment)s"
# who holds, opens, writes to or purges cases of a store waits here, so that what is found here stays so
ALONE: Final = "SELECT 1 FROM supportcases_stores WHERE store = %(store)s FOR NO KEY UPDATE"
PURGE: Final = (
    """
    INSERT INTO supportcases_erasures (kind, store, case_id, number, erased_at, places)
    SELECT 'purge', store, id, number, %(now)s, '{}'
    FROM supportcases_cases
    WHERE store = %(store)s
      AND id = ANY (%(ids)s::uuid[])
    ORDER BY number
    """,
    """
    UPDATE supportcases_attachments AS a
    SET dropped = TRUE,
        message_id = NULL,
        name = %(redacted)s
    FROM supportcases_messages AS m
    WHERE m.store = %(store)s
      AND m.case_id = ANY (%(ids)s::uuid[])
      AND m.attachments IS NOT NULL
      AND a.message_id = m.id
    """,
    """
    UPDATE supportcases_replays
    SET body = 'null',
        erased_at = %(now)s
    WHERE case_id = ANY (%(ids)s::uuid[])
      AND erased_at IS NULL
    """,
    "SELECT supportcases_purge(%(store)s, %(ids)s::uuid[], %(now)s)",
)

FILES: Final = f"""
    FROM supportcases_attachments AS a
    JOIN supportcases_messages AS m ON m.id = a.message_id AND m.store = a.store
    JOIN supportcases_cases AS c ON c.id = m.case_id AND c.store = m.store
    WHERE {OLD}
      AND NOT {HELD}
      AND (%(stores)s::text[] IS NULL OR c.store = ANY (%(stores)s))
"""


class Purging:
    """How closed cases go when their time is over."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes

    def purge(self, cases: Sequence[Case], at: datetime) -> None:
        if not cases:
            return
        ids = [case.id for case in cases]
        values = {"store": cases[0].store, "ids": ids, "now": to_text(at), "redacted": REDACTED}
        for statement in PURGE:
            self._connection.execute(statement, values)
        if any(case.assignee for case in cases):
            forget_tallies(self._connection)

    def closed_before(self, store: str, moment: datetime, *, limit: int) -> tuple[Case, ...]:
        if self._writes:
            self._connection.wait(ALONE, {"store": store})
        rows = self._connection.execute(
            f"""
            SELECT {CASE}, (
                SELECT max(revision) FROM supportcases_events AS e WHERE e.store = c.store AND e.case_id = c.id
            )
            FROM supportcases_cases AS c
            WHERE c.store = %(store)s
              AND {OLD}
              AND NOT {HELD}
            ORDER BY c.last_activity_at, c.number
            LIMIT %(limit)s
            """,
            {"store": store, "moment": to_text(moment), "limit": limit},
        ).fetchall()
        sums = accumulate(row[-1] or 0 for row in rows)
        few = sum(so_far <= MOST for so_far in sums)
        return tuple(case_from_row(row[:-1]) for row in rows[: max(1, few)])

    def count_closed_before(self, stores: Stores, moment: datetime) -> tuple[int, int]:
        ((free, held),) = self._connection.execute(
            f"""
            SELECT count(*) FILTER (WHERE NOT n.is_held), count(*) FILTER (WHERE n.is_held)
            FROM (
                SELECT {HELD} AS is_held
                FROM supportcases_cases AS c
                WHERE {OLD}
                  AND (%(stores)s::text[] IS NULL OR c.store = ANY (%(stores)s))
            ) AS n
            """,
            {"stores": None if stores is None else sorted(stores), "moment": to_text(moment)},
        ).fetchall()
        return int(free), int(held)

    def are_files_elsewhere(self, stores: Stores, moment: datetime) -> bool:
        values = {"stores": None if stores is None else sorted(stores), "moment": to_text(moment)}
        return is_elsewhere(self._connection, FILES, values)
