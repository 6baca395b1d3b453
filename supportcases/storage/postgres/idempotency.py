"""Every SQL statement about the answers kept for retries."""

import json
from datetime import datetime
from typing import Final

from supportcases.domain import times
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.protocol import Answer, KeptAnswer

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))"


class PostgresReplays:
    """Answers kept so that a retry gets the same one again."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes

    def find(self, scope: str, key: str) -> KeptAnswer | None:
        if self._writes:  # a retry waits here for the first request, and then sees what that has kept
            self._connection.wait(LOCK, {"name": json.dumps([scope, key])})
        row = self._connection.execute(
            """
            SELECT fingerprint, status, body, location, case_id, erased_at
            FROM supportcases_replays
            WHERE scope = %(scope)s
              AND key = %(key)s
            """,
            {"scope": scope, "key": key},
        ).fetchone()
        if not row:
            return None
        fingerprint, status, body, location, case_id, erased_at = row
        return KeptAnswer(fingerprint, Answer(status, body, location, True, case_id), erased=erased_at is not None)

    def keep(self, scope: str, key: str, kept: KeptAnswer, now: datetime) -> None:
        row = {
            "scope": scope,
            "key": key,
            "fingerprint": kept.fingerprint,
            "status": kept.answer.status,
            "body": kept.answer.body,
            "location": kept.answer.location,
            "kept_at": times.to_text(now),
            "case_id": kept.answer.case_id,
        }
        self._connection.insert("answer", "replays", row)

    def forget_before(self, moment: datetime, *, limit: int) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_replays
            WHERE (scope, key) IN (
                SELECT scope, key
                FROM supportcases_replays
                WHERE kept_at < %(moment)s
                ORDER BY kept_at
                LIMIT %(limit)s
                FOR UPDATE SKIP LOCKED
            )
            """,
            {"moment": times.to_text(moment), "limit": limit},
        )
