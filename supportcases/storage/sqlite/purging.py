"""Every SQL statement by which cases go as a whole, and what is kept of each."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final

from supportcases.domain.cases import Case, Stores
from supportcases.domain.erasure import REDACTED
from supportcases.domain.times import to_text
from supportcases.storage.rows import COLUMNS, case_from_row, stores_to_json
from supportcases.storage.sqlite.elsewhere import is_elsewhere

MOST: Final = 100  # entries of the histories that go in one transaction: as many messages at the most
HELD: Final = "EXISTS (SELECT 1 FROM supportcases_holds AS h WHERE h.store = c.store AND h.number IN (0, c.number))"
OLD: Final = "status = 'closed' AND last_activity_at <= :moment"

THESE: Final = "(SELECT value FROM json_each(:ids))"
# The case goes first: each message that went before it would change what the case keeps of its thread. What refers to
# it is looked at when the transaction ends.
PURGE: Final = (
    """
    INSERT INTO supportcases_erasing (case_id)
    SELECT value
    FROM json_each(:ids)
    """,
    f"""
    INSERT INTO supportcases_tombstones
        (store, number, case_id, purged_at, sequences, last_sequence, last_xid, last_position)
    SELECT c.store, c.number, c.id, :now, count(e.sequence), ifnull(max(e.sequence), 0), 0, ifnull(max(e.position), 0)
    FROM supportcases_cases AS c
    LEFT JOIN supportcases_events AS e ON e.store = c.store AND e.case_id = c.id
    WHERE c.id IN {THESE}
    GROUP BY c.id
    """,
    f"""
    INSERT INTO supportcases_erasures (kind, store, case_id, number, erased_at, places)
    SELECT 'purge', store, id, number, :now, '{{}}'
    FROM supportcases_cases
    WHERE id IN {THESE}
    ORDER BY number
    """,
    f"""
    UPDATE supportcases_attachments
    SET dropped = 1,
        message_id = NULL,
        name = :redacted
    WHERE message_id IN (
        SELECT id
        FROM supportcases_messages
        WHERE store = :store
          AND case_id IN {THESE}
          AND attachments IS NOT NULL
    )
    """,
    f"""
    UPDATE supportcases_replays
    SET body = 'null',
        erased_at = :now
    WHERE case_id IN {THESE}
      AND erased_at IS NULL
    """,
    f"""
    DELETE FROM supportcases_cases
    WHERE id IN {THESE}
    """,
    f"""
    DELETE FROM supportcases_messages
    WHERE store = :store
      AND case_id IN {THESE}
    """,
    f"""
    DELETE FROM supportcases_events
    WHERE store = :store
      AND case_id IN {THESE}
    """,
    "DELETE FROM supportcases_erasing",
)

FILES: Final = f"""
    FROM supportcases_attachments AS a
    JOIN supportcases_messages AS m ON m.id = a.message_id AND m.store = a.store
    JOIN supportcases_cases AS c ON c.id = m.case_id AND c.store = m.store
    WHERE {OLD}
      AND NOT {HELD}
      AND (:stores IS NULL OR c.store IN (SELECT value FROM json_each(:stores)))
"""


class Purging:
    """How closed cases go when their time is over."""

    def __init__(self, connection: sqlite3.Connection, outdated: Callable[[], object]) -> None:
        self._connection = connection
        self._outdated = outdated  # called where what was deleted is still in the index of messages

    def purge(self, cases: Sequence[Case], at: datetime) -> None:
        if not cases:
            return
        store = cases[0].store
        ids = self._those_of(store, [case.id for case in cases])
        values = {"store": store, "ids": json.dumps(ids), "now": to_text(at), "redacted": REDACTED}
        self._connection.execute("PRAGMA defer_foreign_keys = ON")
        for statement in PURGE:
            self._connection.execute(statement, values)
        forget_tallies(self._connection)
        self._outdated()

    def _those_of(self, store: str, case_ids: Sequence[str]) -> list[str]:
        rows = self._connection.execute(
            f"SELECT id FROM supportcases_cases WHERE store = :store AND id IN {THESE}",
            {"store": store, "ids": json.dumps(case_ids)},
        ).fetchall()
        return [case_id for (case_id,) in rows]

    def closed_before(self, store: str, moment: datetime, *, limit: int) -> tuple[Case, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}, (
                SELECT max(revision) FROM supportcases_events AS e WHERE e.store = c.store AND e.case_id = c.id
            )
            FROM supportcases_cases AS c
            WHERE store = :store
              AND {OLD}
              AND NOT {HELD}
            ORDER BY last_activity_at, number
            LIMIT :limit
            """,
            {"store": store, "moment": to_text(moment), "limit": limit},
        ).fetchall()
        sums = accumulate(row[-1] or 0 for row in rows)
        few = sum(so_far <= MOST for so_far in sums)
        return tuple(case_from_row(row[:-1]) for row in rows[: max(1, few)])

    def count_closed_before(self, stores: Stores, moment: datetime) -> tuple[int, int]:
        ((free, held),) = self._connection.execute(
            f"""
            SELECT count(*) FILTER (WHERE NOT is_held), count(*) FILTER (WHERE is_held)
            FROM (
                SELECT {HELD} AS is_held
                FROM supportcases_cases AS c
                WHERE {OLD}
                  AND severity IN ('critical', 'high', 'normal', 'low')
                  AND (:stores IS NULL OR store IN (SELECT value FROM json_each(:stores)))
            )
            """,
            {"stores": stores_to_json(stores), "moment": to_text(moment)},
        ).fetchall()
        return int(free), int(held)

    def are_files_elsewhere(self, stores: Stores, moment: datetime) -> bool:
        values = {"stores": stores_to_json(stores), "moment": to_text(moment)}
        return is_elsewhere(self._connection, FILES, values)


def forget_tallies(connection: sqlite3.Connection) -> None:
    """Forget what was counted by the labels of those who have no case any more."""
    connection.execute("DELETE FROM supportcases_tallies WHERE cases = 0 AND assignee IS NOT NULL")
