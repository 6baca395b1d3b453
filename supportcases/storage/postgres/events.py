"""Every SQL statement about what happened to the cases."""

from supportcases.domain.cases import Case
from supportcases.domain.events import HistoryEntry
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.rows import ENTRY_COLUMNS, entry_from_row, entry_to_row


class PostgresEvents:
    """What happened to each case."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, case: Case, entry: HistoryEntry) -> None:
        self._connection.insert("entry", "events", entry_to_row(case, entry))

    def history(self, store: str, case_id: str, *, limit: int, offset: int) -> tuple[HistoryEntry, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {ENTRY_COLUMNS}
            FROM supportcases_events
            WHERE store = %(store)s
              AND case_id = %(case_id)s
            ORDER BY position
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            {"store": store, "case_id": case_id, "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(entry_from_row, rows))

    def count(self, store: str, case_id: str) -> int:
        ((count,),) = self._connection.execute(
            """
            SELECT count(*)
            FROM supportcases_events
            WHERE store = %(store)s
              AND case_id = %(case_id)s
            """,
            {"store": store, "case_id": case_id},
        ).fetchall()
        return int(count)
