"""Every SQL statement about what happened to the cases."""

import sqlite3
from typing import Final

from supportcases.domain.cases import Case
from supportcases.domain.events import HistoryEntry, is_seen
from supportcases.storage.rows import ENTRY_COLUMNS, entry_from_row, entry_to_row

COUNT: Final = """
    SELECT ifnull(max(revision), 0)
    FROM supportcases_events
    WHERE store = :store
      AND case_id = :case_id
"""
LAST_SEQUENCE: Final = """
    SELECT max(
        ifnull((SELECT max(sequence) FROM supportcases_events WHERE store = :store AND sequence IS NOT NULL), 0),
        ifnull((SELECT max(last_sequence) FROM supportcases_tombstones WHERE store = :store), 0)
    )
"""


class SqliteEvents:
    """What happened to each case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def record(self, case: Case, entry: HistoryEntry, message_id: str | None = None) -> None:
        row = entry_to_row(case, entry, message_id)
        sequence = f"({LAST_SEQUENCE}) + 1" if is_seen(entry.kind, entry.became) else "NULL"
        self._connection.execute(
            f"""
            INSERT INTO supportcases_events ({", ".join(row)}, revision, sequence)
            VALUES ({", ".join(f":{column}" for column in row)}, ({COUNT}) + 1, {sequence})
            """,
            row,
        )

    def history(self, store: str, case_id: str, *, limit: int, offset: int) -> tuple[HistoryEntry, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {ENTRY_COLUMNS}
            FROM supportcases_events
            WHERE store = :store
              AND case_id = :case_id
            ORDER BY revision
            LIMIT :limit OFFSET :offset
            """,
            {"store": store, "case_id": case_id, "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(entry_from_row, rows))

    def count(self, store: str, case_id: str) -> int:
        ((count,),) = self._connection.execute(COUNT, {"store": store, "case_id": case_id}).fetchall()
        return int(count)
