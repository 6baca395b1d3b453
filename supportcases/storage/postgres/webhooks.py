"""Every SQL statement about webhooks' endpoints."""

from datetime import datetime
from typing import Any, Final

from supportcases.domain.cases import Stores
from supportcases.domain.endpoints import NOBODY, Progress, Secrets, Turn, Webhook
from supportcases.domain.times import to_text
from supportcases.storage.postgres.connections import Connection
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

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))"  # whoever counts, to add one, is alone
OF_STORES: Final = "w.store = ANY (%(stores)s)"
# the events in order: PostgreSQL takes a third of all for those behind a place, and would look through all for none
WITH_WORK: Final = """
    SELECT w.id
    FROM supportcases_webhooks AS w
    WHERE w.id > %(behind)s
      AND (w.leased_until IS NULL OR w.leased_until <= %(now)s)
      AND (
          EXISTS (
              SELECT 1
              FROM supportcases_deliveries AS d
              WHERE d.webhook_id = w.id
                AND d.finished_at IS NULL
                AND d.due_at <= %(now)s
                AND (w.enabled OR d.kind <> 'event')
          )
          OR (
              w.enabled
              AND (w.paused_until IS NULL OR w.paused_until <= %(now)s)
              AND CASE
                  WHEN w.store IS NULL
                  THEN (
                      SELECT TRUE
                      FROM supportcases_events AS e
                      WHERE (e.xid, e.position) > (w.after_xid::text::xid8, w.after_position)
                        AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
                      ORDER BY e.xid, e.position
                      LIMIT 1
                  )
                  ELSE (
                      SELECT TRUE
                      FROM supportcases_events AS e
                      WHERE e.store = w.store
                        AND e.sequence > w.after_position
                      ORDER BY e.sequence
                      LIMIT 1
                  )
              END
          )
      )
    ORDER BY w.id
    LIMIT 1
"""


class PostgresWebhooks:
    """The endpoints, and how far each has come."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes

    def add(self, webhook: Webhook, secrets: Secrets, progress: Progress) -> None:
        row = {**webhook_to_row(webhook), **secrets_to_row(secrets), **progress_to_row(progress)}
        self._connection.insert("webhook", "webhooks", row)

    def find(self, webhook_id: str, stores: Stores) -> Webhook | None:
        row = self._connection.execute(
            f"""
            SELECT {WEBHOOK_COLUMNS}
            FROM supportcases_webhooks AS w
            WHERE w.id = %(id)s
              AND {_wanted(stores)}
            {"FOR NO KEY UPDATE" if self._writes else ""}
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
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            {"stores": _listed(stores), "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(webhook_from_row, rows))

    def count(self, stores: Stores) -> int:
        return self._counted(_wanted(stores), {"stores": _listed(stores)})

    def count_of(self, store: str | None) -> int:
        if self._writes:
            self._connection.wait(LOCK, {"name": f"supportcases_webhooks {store or ''}"})
        return self._counted("w.store IS NOT DISTINCT FROM %(store)s", {"store": store})

    def update(self, webhook: Webhook) -> None:
        row = webhook_to_row(webhook)
        self._connection.execute(
            """
            UPDATE supportcases_webhooks
            SET url = %(url)s,
                types = %(types)s,
                description = %(description)s,
                enabled = %(enabled)s,
                disabled_because = %(disabled_because)s
            WHERE id = %(id)s
            """,
            row,
        )

    def secrets(self, webhook_id: str) -> Secrets:
        (row,) = self._connection.execute(
            f"""
            SELECT {SECRET_COLUMNS}
            FROM supportcases_webhooks AS w
            WHERE w.id = %(id)s
            """,
            {"id": webhook_id},
        ).fetchall()
        return secrets_from_row(row)

    def rotate(self, webhook_id: str, secrets: Secrets) -> None:
        self._connection.execute(
            """
            UPDATE supportcases_webhooks
            SET secret = %(secret)s, old_secret = %(old_secret)s, rotated_at = %(rotated_at)s
            WHERE id = %(id)s
            """,
            {"id": webhook_id, **secrets_to_row(secrets)},
        )

    def go_on(self, webhook_id: str) -> None:
        self._connection.execute(
            """
            UPDATE supportcases_webhooks
            SET failures = 0, paused_until = NULL, failing_since = NULL
            WHERE id = %(id)s
            """,
            {"id": webhook_id},
        )

    def remove(self, webhook_id: str) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_webhooks
            WHERE id = %(id)s
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
            SET lease = %(lease)s, leased_until = %(until)s
            WHERE w.id = %(id)s
              AND (w.leased_until IS NULL OR w.leased_until <= %(now)s)
            RETURNING {TURN_COLUMNS.replace("w.", "")}
            """,
            {"id": webhook_id, "now": to_text(now), "until": to_text(until), "lease": lease},
        ).fetchall()
        return turn_from_row(row[0], lease) if row else None

    def keep_turn(self, turn: Turn, until: datetime) -> Turn | None:
        row = self._connection.execute(
            f"""
            UPDATE supportcases_webhooks
            SET after_xid = %(after_xid)s,
                after_position = %(after_position)s,
                failures = %(failures)s,
                paused_until = %(paused_until)s,
                failing_since = %(failing_since)s,
                leased_until = %(until)s
            WHERE id = %(id)s
              AND lease = %(lease)s
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
            WHERE id = %(id)s
              AND lease = %(lease)s
            """,
            {"id": turn.webhook.id, "lease": turn.lease},
        )

    def disable(self, webhook_id: str, because: str) -> None:
        self._connection.execute(
            """
            UPDATE supportcases_webhooks
            SET enabled = FALSE, disabled_because = %(because)s
            WHERE id = %(id)s
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


def _listed(stores: Stores) -> list[str] | None:
    return None if stores is None else sorted(stores)
