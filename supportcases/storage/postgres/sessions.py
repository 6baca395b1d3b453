"""Every SQL statement about sessions."""

from datetime import datetime
from typing import Final

from supportcases.domain import times
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.protocol.sessions import Session
from supportcases.storage.rows import KEY_COLUMNS, key_from_row

FIND: Final = f"""
    SELECT s.expires_at AS ends, {", ".join(f"k.{column}" for column in KEY_COLUMNS.split(", "))}
    FROM supportcases_sessions AS s
    JOIN supportcases_keys AS k ON k.id = s.key_id
    WHERE s.token_hash = %(token_hash)s
      AND s.expires_at > %(now)s
      AND k.kind = 'support'
      AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
"""
# or two who sign in at once would not see each other's session when they count those of the key
ONE_AT_A_TIME: Final = """
    SELECT 1
    FROM supportcases_keys
    WHERE id = %(key_id)s
    FOR NO KEY UPDATE
"""


class PostgresSessions:
    """Who is signed in, by the SHA-256 of each token."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, token_hash: str, key_id: str, now: datetime, expires_at: datetime) -> None:
        self._connection.wait(ONE_AT_A_TIME, {"key_id": key_id})
        row = {
            "token_hash": token_hash,
            "key_id": key_id,
            "created_at": times.to_text(now),
            "expires_at": times.to_text(expires_at),
        }
        self._connection.insert("session", "sessions", row)

    def find(self, token_hash: str, now: datetime) -> Session | None:
        row = self._connection.execute(FIND, {"token_hash": token_hash, "now": times.to_text(now)}).fetchone()
        return Session(key_from_row(row[1:]).actor, times.from_text(row[0])) if row else None

    def remove(self, token_hash: str) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_sessions
            WHERE token_hash = %(token_hash)s
            """,
            {"token_hash": token_hash},
        )

    def remove_expired(self, now: datetime, *, limit: int) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_sessions
            WHERE position IN (
                SELECT position
                FROM supportcases_sessions
                WHERE expires_at <= %(now)s
                ORDER BY expires_at
                LIMIT %(limit)s
                FOR UPDATE SKIP LOCKED
            )
            """,
            {"now": times.to_text(now), "limit": limit},
        )

    def remove_oldest(self, key_id: str, *, most: int) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_sessions
            WHERE position IN (
                SELECT position
                FROM supportcases_sessions
                WHERE key_id = %(key_id)s
                ORDER BY position DESC
                OFFSET %(most)s
            )
            """,
            {"key_id": key_id, "most": most},
        )
