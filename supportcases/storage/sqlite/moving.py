"""Every SQL statement by which all that a file holds goes into another database, or comes from one.

A file that was moved has triggers that refuse each write: whoever has it open meets them at once, of whatever version
they are, and to write to a file that was not moved costs nothing more.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from supportcases.domain.errors import DatabaseMoved, DatabaseUnusable
from supportcases.storage.protocol import Portion
from supportcases.storage.rows import CARRIED, MOVED, NEVER_AGAIN, PORTION, PORTIONS
from supportcases.storage.sqlite.body_index import AT_ONCE, index_next

TOGETHER: Final = 100  # rows of a statement, as in `whole_cases`
MARKS: Final = {  # the triggers, each with what it refuses
    f"supportcases_{table}_moved_{event.lower()}": f"BEFORE {event} ON supportcases_{table}"
    for table in NEVER_AGAIN
    for event in ("INSERT", "UPDATE", "DELETE")
}
# the place of a purged event is never given again either
NEXT_POSITION: Final = """
    UPDATE sqlite_sequence
    SET seq = max(seq, ifnull((SELECT max(last_position) FROM supportcases_tombstones), 0))
    WHERE name = 'supportcases_events'
"""
FIRST_POSITION: Final = """
    INSERT INTO sqlite_sequence (name, seq)
    SELECT 'supportcases_events', 0
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'supportcases_events')
"""


class SqliteMoving:
    """Everything that a file holds."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def leave_for(self, target: str) -> None:
        if was_moved(self._connection):
            raise DatabaseMoved()
        told = f"{MOVED}{target}; nothing is written to it any more.".replace("'", "''")
        for name, refused in MARKS.items():
            self._connection.execute(f"CREATE TRIGGER {name} {refused} BEGIN SELECT RAISE(ABORT, '{told}'); END")

    def come_back(self) -> bool:
        moved = was_moved(self._connection)
        for name in MARKS:
            self._connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        return moved

    def portions(self) -> Iterator[Portion]:
        for table, (columns, order) in CARRIED.items():
            rows = self._connection.execute(f"SELECT {columns} FROM supportcases_{table} ORDER BY {order}")
            while some := rows.fetchmany(PORTIONS.get(table, PORTION)):
                yield Portion(table, some)

    def is_empty(self) -> bool:
        """Tell whether there is nothing: who writes is alone."""
        return not any(
            self._connection.execute(f"SELECT 1 FROM supportcases_{table} LIMIT 1").fetchone() for table in CARRIED
        )

    def take_in(self, portions: Iterable[Portion]) -> None:
        for portion in portions:
            try:
                self._insert(portion)
            except sqlite3.IntegrityError as error:
                if str(error).startswith(MOVED):
                    raise
                raise DatabaseUnusable(f"A row of {portion.table} cannot be carried: {error}.") from error
        for statement in (FIRST_POSITION, NEXT_POSITION):
            self._connection.execute(statement)
        while index_next(self._connection, AT_ONCE):  # here, so that nobody finds a file in which only some are
            pass

    def _insert(self, portion: Portion) -> None:
        columns, _ = CARRIED[portion.table]
        row = f"({', '.join('?' * (columns.count(',') + 1))})"
        for begin in range(0, len(portion.rows), TOGETHER):
            some = portion.rows[begin : begin + TOGETHER]
            self._connection.execute(
                f"INSERT INTO supportcases_{portion.table} ({columns}) VALUES {', '.join([row] * len(some))}",
                [value for values in some for value in values],
            )


def was_moved(connection: sqlite3.Connection) -> bool:
    """Tell whether the file was moved."""
    first = next(iter(MARKS))
    return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", [first]).fetchone())
