"""Every SQL statement about webhooks' endpoints."""

import json
import sqlite3
from datetime import datetime
from typing import Any, Final

from supportcases.domain.cases import Stores
from supportcases.domain.endpoints import NOBODY, Progress, Secrets, Turn, Webhook
from supportcases.domain.times import to_text
from supportcases.storage.sqlite.errors import insert
from supportcases.storage.webhook_rows import (
    SECRET_COLUMNS,
    TURN_COLUMNS,
    WEBHOOK_COLUMNS,
    progress_to_row,
    secrets_from_row,
    secrets_to_row,
    turn_from_row,
    webhook_from_row,
    webhook_to_row,
)

OF_STORES: Final = "w.store IN (SELECT value FROM json_each(:stores))"
WITH_WORK: Final = """
    SELECT w.id
    FROM supportcases_webhooks AS w
    WHERE w.id > :behind
      AND (w.leased_until IS NULL OR w.leased_until <= :now)
      AND (
          EXISTS (
              SELECT 1
              FROM supportcases_deliveries AS d
              WHERE d.webhook_id = w.id
                AND d.finished_at IS NULL
                AND d.due_at <= :now
                AND (w.enabled OR d.kind <> 'event')
          )
          OR (
              w.enabled
              AND (w.paused_until IS NULL OR w.paused_until <= :now)
              AND CASE
                  WHEN w.store IS NULL
                  THEN EXISTS (SELECT 1 FROM supportcases_events AS e WHERE e.position > w.after_position)
                  ELSE EXISTS (
                      SELECT 1
                      FROM supportcases_events AS e
                      WHERE e.store = w.store
                        AND e.sequence > w.after_position
                  )
              END
          )
      )
    ORDER BY w.id
    LIMIT 1
"""


class SqliteWebhooks:
    """The endpoints, and how far each has come."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, webhook: Webhook, secrets: Secrets, progress: Progress) -> None:
        row = {**webhook_to_row(webhook), **secrets_to_row(secrets), **progress_to_row(progress)}
        insert(self._connection, "webhook", "webhooks", row)

    def find(self, webhook_id: str, stores: Stores) -> Webhook | None:
        row = self._connection.execute(
            f"""
            SELECT {WEBHOOK_COLUMNS}
            FROM supportcases_webhooks AS w
            WHERE w.id = :id
              AND {_wanted(stores)}
            """,
            {"id": webhook_id, "stores": _listed(stores)},
        ).fetchone()
        return webhook_from_row(row) if row else None

    def page(self, stores: Stores, *, limit: int, offset: int) -> tuple[Webhook, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {WEBHOOK_COLUMNS}
            FROM supportcases_webhooks AS w
            WHERE {_wanted(stores)}
            ORDER BY w.created_at, w.id
            LIMIT :limit OFFSET :offset
            """,
            {"stores": _listed(stores), "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(webhook_from_row, rows))

    def count(self, stores: Stores) -> int:
        return self._counted(_wanted(stores), {"stores": _listed(stores)})

    def count_of(self, store: str | None) -> int:
        return self._counted("w.store IS :store", {"store": store})

    def update(self, webhook: Webhook) -> None:
        row = webhook_to_row(webhook)
        self._connection.execute(
            """
            UPDATE supportcases_webhooks
            SET url = :url,
                types = :types,
                description = :description,
                enabled = :enabled,
                disabled_because = :disabled_because
            WHERE id = :id
            """,
            row,
        )

    def secrets(self, webhook_id: str) -> Secrets:
        (row,) = self._connection.execute(
            f"""
            SELECT {SECRET_COLUMNS}
            FROM supportcases_webhooks AS w
            WHERE w.id = :id
            """,
            {"id": webhook_id},
        ).fetchall()
        return secrets_from_row(row)

    def rotate(self, webhook_id: str, secrets: Secrets) -> None:
        self._connection.execute(
            """
            UPDATE supportcases_webhooks
            SET secret = :secret, old_secret = :old_secret, rotated_at = :rotated_at
            WHERE id = :id
            """,
            {"id": webhook_id, **secrets_to_row(secrets)},
        )

    def go_on(self, webhook_id: str) -> None:
        self._connection.execute(
            """
            UPDATE supportcases_webhooks
            SET failures = 0, paused_until = NULL, failing_since = NULL
            WHERE id = :id
            """,
            {"id": webhook_id},
        )

    def remove(self, webhook_id: str) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_webhooks
            WHERE id = :id
            """,
            {"id": webhook_id},
        )

    def with_work(self, now: datetime, behind: str) -> str | None:
        for place in (behind, NOBODY):
            row = self._connection.execute(WITH_WORK, {"now": to_text(now), "behind": place}).fetchone()
            if row:
                return str(row[0])
        return None

    def take_turn(self, webhook_id: str, now: datetime, until: datetime, lease: str) -> Turn | None:
        row = self._connection.execute(
            f"""
            UPDATE supportcases_webhooks AS w
            SET lease = :lease, leased_until = :until
            WHERE w.id = :id
              AND (w.leased_until IS NULL OR w.leased_until <= :now)
            RETURNING {TURN_COLUMNS.replace("w.", "")}
            """,
            {"id": webhook_id, "now": to_text(now), "until": to_text(until), "lease": lease},
        ).fetchall()
        return turn_from_row(row[0], lease) if row else None

    def keep_turn(self, turn: Turn, until: datetime) -> Turn | None:
        row = self._connection.execute(
            f"""
            UPDATE supportcases_webhooks
            SET after_xid = :after_xid,
                after_position = :after_position,
                failures = :failures,
                paused_until = :paused_until,
                failing_since = :failing_since,
                leased_until = :until
            WHERE id = :id
              AND lease = :lease
            RETURNING {TURN_COLUMNS.replace("w.", "")}
            """,
            {
                **progress_to_row(turn.progress),
                "failing_since": webhook_to_row(turn.webhook)["failing_since"],
                "id": turn.webhook.id,
                "lease": turn.lease,
                "until": to_text(until),
            },
        ).fetchall()
        return turn_from_row(row[0], turn.lease) if row else None

    def end_turn(self, turn: Turn) -> None:
        self._connection.execute(
            """
            UPDATE supportcases_webhooks
            SET lease = NULL, leased_until = NULL
            WHERE id = :id
              AND lease = :lease
            """,
            {"id": turn.webhook.id, "lease": turn.lease},
        )

    def disable(self, webhook_id: str, because: str) -> None:
        self._connection.execute(
            """
            UPDATE supportcases_webhooks
            SET enabled = 0, disabled_because = :because
            WHERE id = :id
            """,
            {"id": webhook_id, "because": because},
        )

    def _counted(self, condition: str, values: dict[str, Any]) -> int:
        ((count,),) = self._connection.execute(
            f"""
            SELECT count(*)
            FROM supportcases_webhooks AS w
            WHERE {condition}
            """,
            values,
        ).fetchall()
        return int(count)


def _wanted(stores: Stores) -> str:
    """Return the condition under which somebody sees an endpoint: of others not one row is read."""
    return "TRUE" if stores is None else OF_STORES


def _listed(stores: Stores) -> str | None:
    return None if stores is None else json.dumps(sorted(stores))
