"""Every SQL statement about what is delivered to webhooks."""

from datetime import datetime
from typing import Any, Final

from supportcases.domain.endpoints import COUNTED_FOR, MOST_COUNTED, NEWEST_COUNTED, Delivery, DeliveryTally
from supportcases.domain.times import to_text
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.webhook_rows import DELIVERY_COLUMNS, delivery_from_row, delivery_to_row

# in order: PostgreSQL takes a third of all events for those behind a place, and would look through all for the few
BEHIND: Final = """
    SELECT coalesce(sum(
        CASE
            WHEN w.store IS NULL THEN (
                SELECT count(*)
                FROM (
                    SELECT 1
                    FROM supportcases_events AS e
                    WHERE (e.xid, e.position) > (w.after_xid::text::xid8, w.after_position)
                      AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
                    ORDER BY e.xid, e.position
                    LIMIT %(most)s
                ) AS counted
            )
            ELSE (
                SELECT count(*)
                FROM (
                    SELECT 1
                    FROM supportcases_events AS e
                    WHERE e.store = w.store
                      AND e.sequence > w.after_position
                    ORDER BY e.sequence
                    LIMIT %(most)s
                ) AS counted
            )
        END
    ), 0)::bigint
    FROM supportcases_webhooks AS w
    WHERE w.enabled
      AND (w.paused_until IS NULL OR w.paused_until <= %(now)s)
"""
WAITING: Final = """
    SELECT count(*)
    FROM supportcases_webhooks AS w
    JOIN supportcases_deliveries AS d ON d.webhook_id = w.id
    WHERE w.enabled
      AND d.finished_at IS NULL
"""
MADE: Final = """
    SELECT count(*) FILTER (WHERE status BETWEEN 200 AND 299), count(*)
    FROM (
        SELECT status
        FROM supportcases_deliveries
        WHERE due_at > %(since)s
          AND due_at <= %(now)s
          AND finished_at IS NOT NULL
          AND kind <> 'system'
        ORDER BY due_at DESC
        LIMIT %(most)s
    ) AS newest
"""


class PostgresDeliveries:
    """The attempts, those that are still to come among them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, delivery: Delivery) -> int:
        row = delivery_to_row(delivery)
        ((number,),) = self._connection.execute(
            f"""
            INSERT INTO supportcases_deliveries (number, {", ".join(row)})
            VALUES (
                (SELECT coalesce(max(number), 0) + 1 FROM supportcases_deliveries WHERE webhook_id = %(webhook_id)s),
                {", ".join(f"%({column})s" for column in row)}
            )
            RETURNING number
            """,
            row,
        ).fetchall()
        return int(number)

    def finish(self, delivery: Delivery) -> None:
        self._connection.execute(
            """
            UPDATE supportcases_deliveries
            SET finished_at = %(finished_at)s,
                status = %(status)s,
                problem = %(problem)s,
                milliseconds = %(milliseconds)s
            WHERE webhook_id = %(webhook_id)s
              AND number = %(id)s
            """,
            {**delivery_to_row(delivery), "id": delivery.id},
        )

    def due(self, webhook_id: str, now: datetime, *, by_hand: bool) -> Delivery | None:
        return self._one(
            """
            WHERE webhook_id = %(webhook_id)s
              AND finished_at IS NULL
              AND due_at <= %(now)s
              AND (NOT %(by_hand)s OR kind <> 'event')
            ORDER BY due_at
            LIMIT 1
            """,
            {"webhook_id": webhook_id, "now": to_text(now), "by_hand": by_hand},
        )

    def waiting(self, webhook_id: str) -> int:
        return self._counted("webhook_id = %(webhook_id)s AND finished_at IS NULL", {"webhook_id": webhook_id})

    def tally(self, now: datetime) -> DeliveryTally:
        moment = to_text(now)
        ((behind,),) = self._connection.execute(BEHIND, {"now": moment, "most": MOST_COUNTED}).fetchall()
        ((waiting,),) = self._connection.execute(WAITING).fetchall()
        newest = {"now": moment, "since": to_text(now - COUNTED_FOR), "most": NEWEST_COUNTED}
        ((delivered, made),) = self._connection.execute(MADE, newest).fetchall()
        return DeliveryTally(behind, waiting, delivered, made - delivered)

    def find(self, webhook_id: str, number: int) -> Delivery | None:
        return self._one(
            """
            WHERE webhook_id = %(webhook_id)s
              AND number = %(number)s
            """,
            {"webhook_id": webhook_id, "number": number},
        )

    def page(self, webhook_id: str, *, before: int | None, limit: int) -> tuple[Delivery, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {DELIVERY_COLUMNS}
            FROM supportcases_deliveries
            WHERE webhook_id = %(webhook_id)s
              AND number < %(before)s
            ORDER BY number DESC
            LIMIT %(limit)s
            """,
            {"webhook_id": webhook_id, "before": 2**63 - 1 if before is None else before, "limit": limit},
        ).fetchall()
        return tuple(map(delivery_from_row, rows))

    def by_hand_since(self, webhook_id: str, moment: datetime) -> int:
        return self._counted(
            "webhook_id = %(webhook_id)s AND kind IN ('test', 'redelivery') AND due_at >= %(moment)s",
            {"webhook_id": webhook_id, "moment": to_text(moment)},
        )

    def forget(self, before: datetime, *, limit: int) -> int:
        done = self._connection.execute(
            """
            DELETE FROM supportcases_deliveries
            WHERE (webhook_id, number) IN (
                SELECT webhook_id, number
                FROM supportcases_deliveries
                WHERE due_at < %(before)s
                ORDER BY due_at
                LIMIT %(limit)s
            )
            """,
            {"before": to_text(before), "limit": limit},
        )
        return done.rowcount

    def _one(self, condition: str, values: dict[str, Any]) -> Delivery | None:
        statement = f"SELECT {DELIVERY_COLUMNS} FROM supportcases_deliveries {condition}"
        row = self._connection.execute(statement, values).fetchone()
        return delivery_from_row(row) if row else None

    def _counted(self, condition: str, values: dict[str, Any]) -> int:
        statement = f"SELECT count(*) FROM supportcases_deliveries WHERE {condition}"
        ((count,),) = self._connection.execute(statement, values).fetchall()
        return int(count)
