"""Every SQL statement about what happened to the cases."""

from typing import Final

from supportcases.domain.cases import Case
from supportcases.domain.events import HistoryEntry, is_seen
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.rows import ENTRY_COLUMNS, entry_from_row, entry_to_row

COUNT: Final = """
    SELECT coalesce(max(revision), 0)
    FROM supportcases_events
    WHERE store = %(store)s
      AND case_id = %(case_id)s
"""
LAST_SEQUENCE: Final = """
    SELECT greatest(
        (SELECT max(sequence) FROM supportcases_events WHERE store = %(store)s AND sequence IS NOT NULL),
        (SELECT max(last_sequence) FROM supportcases_tombstones WHERE store = %(store)s),
        0
    )
"""
# who waited for the store may have begun before whom it waited for, and comes behind them nevertheless, also where
# what they did was purged since
ITS_XID: Final = """
    greatest(
        pg_current_xact_id(),
        (SELECT xid FROM supportcases_events WHERE store = %(store)s ORDER BY xid DESC, position DESC LIMIT 1),
        (SELECT max(last_xid) FROM supportcases_tombstones WHERE store = %(store)s)::text::xid8
    )
"""


class PostgresEvents:
    """What happened to each case."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, case: Case, entry: HistoryEntry, message_id: str | None = None) -> None:
        row = entry_to_row(case, entry, message_id)
        sequence = f"({LAST_SEQUENCE}) + 1" if is_seen(entry.kind, entry.became) else "NULL"
        self._connection.execute(
            f"""
            INSERT INTO supportcases_events ({", ".join(row)}, revision, sequence, xid)
            VALUES ({", ".join(f"%({column})s" for column in row)}, ({COUNT}) + 1, {sequence}, {ITS_XID})
            """,
            row,
        )

    def history(self, store: str, case_id: str, *, limit: int, offset: int) -> tuple[HistoryEntry, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {ENTRY_COLUMNS}
            FROM supportcases_events
            WHERE store = %(store)s
              AND case_id = %(case_id)s
            ORDER BY revision
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            {"store": store, "case_id": case_id, "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(entry_from_row, rows))

    def count(self, store: str, case_id: str) -> int:
        ((count,),) = self._connection.execute(COUNT, {"store": store, "case_id": case_id}).fetchall()
        return int(count)
