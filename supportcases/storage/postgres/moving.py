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
    *("webhooks", "deliveries", "sessions", "keys", "replays", "texts", "erasures", "tombstones", "holds"),
)
FILLED: Final = (  # nothing else is filled by those who wait for these
    *("stores", "secrets", "webhooks", "keys", "replays", "texts", "holds"),
)
# The other database has the events in the order of the team's feed, which is not that of their positions here, and so
# who follows that feed goes on behind as many. A purged event keeps its place between the others.
PLACES: Final = """
    (
        SELECT xid AS its_xid, position AS stood, row_number() OVER (ORDER BY xid, position) AS place
        FROM (
            SELECT xid, position
            FROM supportcases_events
            UNION ALL
            SELECT last_xid::text::xid8, last_position
            FROM supportcases_tombstones
            WHERE last_position > 0
        ) AS every
    ) AS p
"""
SOURCES: Final = {
    "events": f"supportcases_events AS e JOIN {PLACES} ON p.its_xid = e.xid AND p.stood = e.position",
    "tombstones": (
        f"supportcases_tombstones AS t LEFT JOIN {PLACES} "
        "ON p.its_xid = t.last_xid::text::xid8 AND p.stood = t.last_position"
    ),
}
IN_ORDER: Final = {
    "events": (CARRIED["events"][0].replace("position", "place", 1), "place"),
    "tombstones": (
        CARRIED["tombstones"][0].replace("last_xid, last_position", "0, coalesce(place, 0)"),
        "store, number",
    ),
    "webhooks": (
        CARRIED["webhooks"][0].replace(
            "after_xid, after_position",
            """0, CASE
                WHEN store IS NULL THEN (
                    SELECT count(*)
                    FROM supportcases_events AS e
                    WHERE (e.xid, e.position) <= (after_xid::text::xid8, after_position)
                ) + (
                    SELECT count(*)
                    FROM supportcases_tombstones AS t
                    WHERE t.last_position > 0
                      AND (t.last_xid, t.last_position) <= (after_xid, after_position)
                )
                ELSE after_position
            END""",
        ),
        "id",
    ),
}
NEXT_POSITIONS: Final = """
    SELECT setval(pg_get_serial_sequence('supportcases_events', 'position'), greatest(
               (SELECT max(position) FROM supportcases_events),
               (SELECT max(nullif(last_position, 0)) FROM supportcases_tombstones))),
           setval(pg_get_serial_sequence('supportcases_erasures', 'position'),
               (SELECT max(position) FROM supportcases_erasures))
"""
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
WAS_MOVED: Final = "to_regprocedure('supportcases_moved()') IS NOT NULL"
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
        for table, (columns, order) in (CARRIED | IN_ORDER).items():
            source = SOURCES.get(table, f"supportcases_{table}")
            statement = f"SELECT {columns} FROM {source} ORDER BY {order}"
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
        self._connection.execute(NEXT_POSITIONS)
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
        if portion.table == "events":
            columns, rows = [*columns, "xid"], [(*row, "0") for row in rows]
        self._connection.copy("row", portion.table, columns, rows)

    def _lock(self, tables: tuple[str, ...]) -> None:
        for table in tables:
            self._connection.execute(LOCK.format(table))
        self._connection.execute(PATIENCE)


def was_moved(connection: Connection) -> bool:
    """Tell whether the database was moved."""
    return connection.execute(f"SELECT {WAS_MOVED}").fetchone() == (True,)


@contextmanager
def _as_owner() -> Iterator[None]:
    """Say who can do what is done within the block, where whoever asks cannot."""
    try:
        yield
    except InsufficientPrivilege as error:
        raise DatabaseUnusable("Only the owner of the tables can move what is in them.") from error


def _told(error: psycopg.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
