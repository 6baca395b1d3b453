"""Every SQL statement about what happened to the cases."""

import sqlite3

from supportcases.domain.cases import Case
from supportcases.domain.events import HistoryEntry
from supportcases.storage.rows import ENTRY_COLUMNS, entry_from_row, entry_to_row
from supportcases.storage.sqlite.errors import insert


class SqliteEvents:
    """What happened to each case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def record(self, case: Case, entry: HistoryEntry) -> None:
        insert(self._connection, "entry", "events", entry_to_row(case, entry))

    def history(self, store: str, case_id: str, *, limit: int, offset: int) -> tuple[HistoryEntry, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {ENTRY_COLUMNS}
            FROM supportcases_events
            WHERE store = :store
              AND case_id = :case_id
            ORDER BY position
            LIMIT :limit OFFSET :offset
            """,
            {"store": store, "case_id": case_id, "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(entry_from_row, rows))

    def count(self, store: str, case_id: str) -> int:
        ((count,),) = self._connection.execute(
            """
            SELECT count(*)
            FROM supportcases_events
            WHERE store = :store
              AND case_id = :case_id
            """,
            {"store": store, "case_id": case_id},
        ).fetchall()
        return int(count)
