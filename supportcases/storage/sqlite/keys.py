"""Every SQL statement about API keys."""

import sqlite3
from datetime import datetime
from typing import Final

from supportcases.domain import times
from supportcases.domain.cases import Stores
from supportcases.storage.protocol import ApiKey
from supportcases.storage.rows import KEY_COLUMNS, key_from_row, key_to_row, stores_to_json
from supportcases.storage.sqlite.errors import insert

FIND: Final = f"""
    SELECT {KEY_COLUMNS}
    FROM supportcases_keys
    WHERE key_hash = :key_hash
      AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > :now)
"""
WANTED: Final = """
    (:store IS NULL OR store = :store)
    AND (:stores IS NULL OR (coalesce(store, stores) IS NOT NULL AND NOT EXISTS (
        SELECT 1
        FROM json_each(coalesce(stores, json_array(store)))
        WHERE value NOT IN (SELECT value FROM json_each(:stores))
    )))
"""


class SqliteKeys:
    """The API keys, by the SHA-256 of each."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, key: ApiKey, key_hash: str) -> None:
        insert(self._connection, "key", "keys", key_to_row(key, key_hash))

    def find(self, key_hash: str, now: datetime) -> ApiKey | None:
        row = self._connection.execute(FIND, {"key_hash": key_hash, "now": times.to_text(now)}).fetchone()
        return key_from_row(row) if row else None

    def page(self, *, stores: Stores = None, store: str | None = None, limit: int, offset: int) -> tuple[ApiKey, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {KEY_COLUMNS}
            FROM supportcases_keys
            WHERE {WANTED}
            ORDER BY created_at, id
            LIMIT :limit OFFSET :offset
            """,
            {"stores": stores_to_json(stores), "store": store, "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(key_from_row, rows))

    def count(self, *, stores: Stores = None, store: str | None = None) -> int:
        ((count,),) = self._connection.execute(
            f"""
            SELECT count(*)
            FROM supportcases_keys
            WHERE {WANTED}
            """,
            {"stores": stores_to_json(stores), "store": store},
        ).fetchall()
        return int(count)

    def labels(self, stores: Stores, now: datetime, *, limit: int) -> tuple[str, ...]:
        rows = self._connection.execute(
            """
            SELECT DISTINCT label
            FROM supportcases_keys AS k
            WHERE kind = 'support'
              AND revoked_at IS NULL
              AND (expires_at IS NULL OR expires_at > :now)
              AND (:stores IS NULL OR k.stores IS NULL OR EXISTS (
                  SELECT 1
                  FROM json_each(k.stores) AS its
                  JOIN json_each(:stores) AS wanted USING (value)
              ))
            ORDER BY label
            LIMIT :limit
            """,
            {
                "stores": stores_to_json(stores),
                "now": times.to_text(now),
                "limit": limit,
            },
        ).fetchall()
        return tuple(label for (label,) in rows)

    def named(self, key_id: str) -> ApiKey | None:
        row = self._connection.execute(
            f"""
            SELECT {KEY_COLUMNS}
            FROM supportcases_keys
            WHERE id = :id
            """,
            {"id": key_id},
        ).fetchone()
        return key_from_row(row) if row else None

    def revoke(self, key_id: str, now: datetime) -> bool:
        revoked = self._connection.execute(
            """
            UPDATE supportcases_keys
            SET revoked_at = coalesce(revoked_at, :now)
            WHERE id = :id
            """,
            {"id": key_id, "now": times.to_text(now)},
        )
        return revoked.rowcount == 1
