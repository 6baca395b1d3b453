"""Every SQL statement about the answers kept for retries."""

import sqlite3
from datetime import datetime

from supportcases.domain import times
from supportcases.storage.protocol import Answer, KeptAnswer
from supportcases.storage.sqlite.errors import insert


class SqliteReplays:
    """Answers kept so that a retry gets the same one again."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, scope: str, key: str) -> KeptAnswer | None:
        row = self._connection.execute(
            """
            SELECT fingerprint, status, body, location, case_id, erased_at
            FROM supportcases_replays
            WHERE scope = :scope
              AND key = :key
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
        insert(self._connection, "answer", "replays", row)

    def forget_before(self, moment: datetime, *, limit: int) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_replays
            WHERE rowid IN (
                SELECT rowid
                FROM supportcases_replays
                WHERE kept_at < :moment
                ORDER BY kept_at
                LIMIT :limit
            )
            """,
            {"moment": times.to_text(moment), "limit": limit},
        )
