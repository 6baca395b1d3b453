"""Every SQL statement about API keys."""

from datetime import datetime
from typing import Any, Final

from supportcases.domain import times
from supportcases.domain.cases import Stores
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.protocol import ApiKey
from supportcases.storage.rows import KEY_COLUMNS, key_from_row, key_to_row

FIND: Final = f"""
    SELECT {KEY_COLUMNS}
    FROM supportcases_keys
    WHERE key_hash = %(key_hash)s
      AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > %(now)s)
"""
WANTED: Final = """
    (%(store)s::text IS NULL OR k.store = %(store)s)
    AND (%(stores)s::text[] IS NULL OR k.store = ANY (%(stores)s) OR (k.stores IS NOT NULL AND NOT EXISTS (
        SELECT 1
        FROM json_array_elements_text(k.stores) AS its (store)
        WHERE its.store <> ALL (%(stores)s)
    )))
"""


class PostgresKeys:
    """The API keys, by the SHA-256 of each."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, key: ApiKey, key_hash: str) -> None:
        self._connection.insert("key", "keys", key_to_row(key, key_hash))

    def find(self, key_hash: str, now: datetime) -> ApiKey | None:
        row = self._connection.execute(FIND, {"key_hash": key_hash, "now": times.to_text(now)}).fetchone()
        return key_from_row(row) if row else None

    def page(self, *, stores: Stores = None, store: str | None = None, limit: int, offset: int) -> tuple[ApiKey, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {KEY_COLUMNS}
            FROM supportcases_keys AS k
            WHERE {WANTED}
            ORDER BY created_at, id
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            {**_wanted(stores, store), "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(key_from_row, rows))

    def count(self, *, stores: Stores = None, store: str | None = None) -> int:
        ((count,),) = self._connection.execute(
            f"""
            SELECT count(*)
            FROM supportcases_keys AS k
            WHERE {WANTED}
            """,
            _wanted(stores, store),
        ).fetchall()
        return int(count)

    def labels(self, stores: Stores, now: datetime, *, limit: int) -> tuple[str, ...]:
        rows = self._connection.execute(
            """
            SELECT DISTINCT label
            FROM supportcases_keys AS k
            WHERE kind = 'support'
              AND revoked_at IS NULL
              AND (expires_at IS NULL OR expires_at > %(now)s)
              AND (%(stores)s::text[] IS NULL OR k.stores IS NULL OR EXISTS (
                  SELECT 1
                  FROM json_array_elements_text(k.stores) AS its (store)
                  WHERE its.store = ANY (%(stores)s)
              ))
            ORDER BY label
            LIMIT %(limit)s
            """,
            {
                **_wanted(stores),
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
            WHERE id = %(id)s
            """,
            {"id": key_id},
        ).fetchone()
        return key_from_row(row) if row else None

    def revoke(self, key_id: str, now: datetime) -> bool:
        revoked = self._connection.execute(
            """
            UPDATE supportcases_keys
            SET revoked_at = coalesce(revoked_at, %(now)s)
            WHERE id = %(id)s
            """,
            {"id": key_id, "now": times.to_text(now)},
        )
        return revoked.rowcount == 1


def _wanted(stores: Stores, store: str | None = None) -> dict[str, Any]:
    return {"stores": None if stores is None else sorted(stores), "store": store}
