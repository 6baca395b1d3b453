"""Every SQL statement by which all that a database holds goes into another one, or comes from one.

A database that was moved has triggers that refuse each write: whoever has it open meets them at once, and to write to
one that was not moved costs nothing more.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import Literal

from supportcases.domain.errors import DatabaseMoved, DatabaseUnusable
from supportcases.domain.text import fold
from supportcases.storage.postgres import errors
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.counts import sum_up_tallies
from supportcases.storage.protocol import Portion
from supportcases.storage.rows import CARRIED, MOVED, NEVER_AGAIN, PORTION, PORTIONS

# Those who write take the row of a store first, and a session that of its key last: in this order no two wait for each
# other. Whoever only reads waits for none of these locks.
LOCK: Final = "LOCK TABLE ONLY supportcases_{} IN EXCLUSIVE MODE"
LOCKED: Final = (
    *("stores", "cases", "messages", "events", "secrets", "chunks", "attachments"),
    *("sessions", "keys", "replays", "texts"),
)
FILLED: Final = ("stores", "secrets", "keys", "replays", "texts")  # nothing else is filled by those who wait for these
INDEXES: Final = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    FROM pg_index AS i
    WHERE indrelid = ANY (%(tables)s::regclass[])
      AND NOT indisunique
    ORDER BY 1
"""
# of a large database an index takes minutes to make, and meanwhile the other one waits
PATIENCE: Final = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
MEMORY: Final = "SET LOCAL maintenance_work_mem = '256MB'"  # to make an index with
FUNCTION: Final = f"""
    CREATE FUNCTION supportcases_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = '{errors.MOVED}';
    END $$
"""
MARK: Final = """
    CREATE TRIGGER supportcases_{table}_moved
        BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON supportcases_{table}
        FOR EACH STATEMENT EXECUTE FUNCTION supportcases_moved({told})
"""


class PostgresMoving:
    """Everything that a database holds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def leave_for(self, target: str) -> None:
        told = Literal(f"{MOVED}{target}; nothing is written to it any more.").as_string()
        with _as_owner():
            self._lock(LOCKED)
            if was_moved(self._connection):
                raise DatabaseMoved()
            self._connection.execute(FUNCTION)
            for table in NEVER_AGAIN:
                self._connection.execute(MARK.format(table=table, told=told))

    def come_back(self) -> bool:
        moved = was_moved(self._connection)
        with _as_owner():
            self._connection.execute("DROP FUNCTION IF EXISTS supportcases_moved() CASCADE")
        return moved

    def portions(self) -> Iterator[Portion]:
        for table, (columns, order) in CARRIED.items():
            statement = f"SELECT {columns} FROM supportcases_{table} ORDER BY {order}"
            for some in self._connection.stream(statement, PORTIONS.get(table, PORTION)):
                yield Portion(table, some)

    def is_empty(self) -> bool:
        self._lock(FILLED)
        return not any(
            self._connection.execute(f"SELECT 1 FROM supportcases_{table} LIMIT 1").fetchone() for table in CARRIED
        )

    def take_in(self, portions: Iterable[Portion]) -> None:
        """Add all of it, without the indexes until all is in: to make them then takes a part of the time."""
        with _as_owner():
            made = self._without_indexes()
        for portion in portions:
            try:
                self._copy(portion)
            except (psycopg.IntegrityError, psycopg.DataError) as error:
                raise DatabaseUnusable(f"A row of {portion.table} cannot be carried: {_told(error)}.") from error
        for statement in (MEMORY, *made):
            self._connection.execute(statement)
        sum_up_tallies(self._connection)
        for table in CARRIED:  # or the first lists would be planned for empty tables
            self._connection.execute(f"ANALYZE supportcases_{table}")

    def _without_indexes(self) -> list[str]:
        """Drop the indexes that only make it quicker, and return the statements that make them."""
        tables = [f"supportcases_{table}" for table in CARRIED]
        indexes = self._connection.execute(INDEXES, {"tables": tables}).fetchall()
        for name, _ in indexes:
            self._connection.execute(f"DROP INDEX {name}")
        return [made for _, made in indexes]

    def _copy(self, portion: Portion) -> None:
        columns, rows = CARRIED[portion.table][0].split(", "), portion.rows
        if portion.table == "messages":
            body = columns.index("body")
            columns, rows = [*columns, "body_folded"], [(*row, fold(row[body])) for row in rows]
        self._connection.copy("row", portion.table, columns, rows)

    def _lock(self, tables: tuple[str, ...]) -> None:
        for table in tables:
            self._connection.execute(LOCK.format(table))
        self._connection.execute(PATIENCE)


def was_moved(connection: Connection) -> bool:
    """Tell whether the database was moved."""
    return connection.execute("SELECT to_regprocedure('supportcases_moved()')").fetchone() != (None,)


@contextmanager
def _as_owner() -> Iterator[None]:
    """Say who can do what is done within the block, where whoever asks cannot."""
    try:
        yield
    except InsufficientPrivilege as error:
        raise DatabaseUnusable("Only the owner of the tables can move what is in them.") from error


def _told(error: psycopg.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
