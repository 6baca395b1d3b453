"""Every SQL statement that tells what happened to all cases, in the order in which it was kept."""

import sqlite3
from heapq import merge
from itertools import islice
from typing import Any, Final

from supportcases.domain.cases import Stores
from supportcases.domain.feed import FeedCursor, FeedPlace, WrittenEvent
from supportcases.storage.rows import FEED_COLUMNS, feed_event_from_row, stores_to_json

SELECT: Final = f"""
    SELECT {FEED_COLUMNS}, 0, {{place}}
    FROM supportcases_events AS e
    JOIN supportcases_cases AS c ON c.store = e.store AND c.id = e.case_id
    LEFT JOIN supportcases_messages AS m ON m.id = e.message_id
"""
BY_SEQUENCE: Final = SELECT.format(place="e.sequence")
BY_POSITION: Final = SELECT.format(place="e.position")

# whole texts, made once: sqlite3 finds the statement that it has prepared by them
PLACE_OF_SEEN: Final = """
    SELECT 0, sequence
    FROM supportcases_events
    WHERE store = :store
      AND case_id = :case_id
      AND sequence = :number
"""
BEHIND_SEEN: Final = f"""
    {BY_SEQUENCE}
    WHERE e.store = :store
      AND e.sequence > :sequence
    ORDER BY e.sequence
    LIMIT :limit
"""
NEWEST_SEEN: Final = f"""
    {BY_SEQUENCE}
    WHERE e.store = :store
      AND e.sequence IS NOT NULL
    ORDER BY e.sequence DESC
    LIMIT 1
"""
PURGED_SEEN: Final = """
    SELECT 0, ifnull(max(last_sequence), 0)
    FROM supportcases_tombstones
    WHERE store = :store
"""
PURGED: Final = "SELECT 0, ifnull(max(last_position), 0) FROM supportcases_tombstones"
PURGED_OF: Final = """
    SELECT 0, ifnull(max(last_position), 0)
    FROM json_each(:stores) AS s
    JOIN supportcases_tombstones ON store = s.value
"""
PLACE_OF: Final = """
    SELECT e.store, 0, e.position
    FROM supportcases_events AS e
    JOIN supportcases_cases AS c ON c.store = e.store AND c.id = e.case_id
    WHERE c.id = :case_id
"""
PLACES: Final = {  # by what the id of an event tells: whether merchants see it
    True: f"{PLACE_OF} AND e.sequence = :number",
    False: f"{PLACE_OF} AND e.sequence IS NULL AND e.revision = :number",
}
BEHIND: Final = f"""
    {BY_POSITION}
    WHERE e.position > :position
    ORDER BY e.position
    LIMIT :limit
"""
NEWEST: Final = f"""
    {BY_POSITION}
    ORDER BY e.position DESC
    LIMIT 1
"""


class SqliteFeeds:
    """What happened to all cases, for each side."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of_merchant(self, store: str) -> "MerchantFeed":
        return MerchantFeed(self._connection, store)

    def of_team(self, stores: Stores, wanted: Stores) -> "TeamFeed":
        return TeamFeed(self._connection, stores, wanted)


class MerchantFeed:
    """The events of a store that its merchants see."""

    def __init__(self, connection: sqlite3.Connection, store: str) -> None:
        self._connection = connection
        self._store = store

    def beginning(self) -> FeedPlace:
        found: FeedPlace = self._connection.execute(PURGED_SEEN, {"store": self._store}).fetchone()
        return found

    def place_of(self, cursor: FeedCursor) -> FeedPlace | None:
        if not cursor.is_seen:
            return None
        values = {"store": self._store, "case_id": cursor.case_id, "number": cursor.number}
        found: FeedPlace | None = self._connection.execute(PLACE_OF_SEEN, values).fetchone()
        return found

    def behind(self, place: FeedPlace, *, limit: int) -> tuple[WrittenEvent, ...]:
        return told(self._connection, BEHIND_SEEN, {"store": self._store, "sequence": place[1], "limit": limit})

    def newest(self) -> WrittenEvent | None:
        found = told(self._connection, NEWEST_SEEN, {"store": self._store})
        return found[0] if found else None


class TeamFeed:
    """The events of all stores that somebody of the team may see, by their positions; told are those of `wanted`."""

    def __init__(self, connection: sqlite3.Connection, stores: Stores, wanted: Stores) -> None:
        self._connection = connection
        self._stores = stores
        self._wanted = wanted

    def beginning(self) -> FeedPlace:
        statement = PURGED if self._stores is None else PURGED_OF
        values = {} if self._stores is None else {"stores": stores_to_json(self._stores)}
        found: FeedPlace = self._connection.execute(statement, values).fetchone()
        return found

    def place_of(self, cursor: FeedCursor) -> FeedPlace | None:
        values = {"case_id": cursor.case_id, "number": cursor.number}
        found = self._connection.execute(PLACES[cursor.is_seen], values).fetchone()
        return found[1:] if found and (self._stores is None or found[0] in self._stores) else None

    def behind(self, place: FeedPlace, *, limit: int) -> tuple[WrittenEvent, ...]:
        if self._wanted is None:
            return told(self._connection, BEHIND, {"position": place[1], "limit": limit})
        each = (self._positions(store, place[1], limit) for store in self._wanted)
        return self._at(list(islice(merge(*each), limit)))

    def newest(self) -> WrittenEvent | None:
        if self._wanted is None:
            found = told(self._connection, NEWEST, {})
        else:
            found = self._at([max(map(self._last_position, self._wanted), default=0)])
        return found[0] if found else None

    def _positions(self, store: str, position: int, limit: int) -> list[int]:
        rows = self._connection.execute(
            """
            SELECT position
            FROM supportcases_events
            WHERE store = :store
              AND position > :position
            ORDER BY position
            LIMIT :limit
            """,
            {"store": store, "position": position, "limit": limit},
        )
        return [position for (position,) in rows]

    def _last_position(self, store: str) -> int:
        ((last,),) = self._connection.execute(
            """
            SELECT ifnull(max(position), 0)
            FROM supportcases_events
            WHERE store = :store
            """,
            {"store": store},
        ).fetchall()
        return int(last)

    def _at(self, positions: list[int]) -> tuple[WrittenEvent, ...]:
        if not positions:
            return ()
        where = f"WHERE e.position IN ({', '.join(map(str, positions))}) ORDER BY e.position"
        return told(self._connection, BY_POSITION + where, {})


def told(connection: sqlite3.Connection, statement: str, values: dict[str, Any]) -> tuple[WrittenEvent, ...]:
    """Return the events that the statement finds."""
    return tuple(map(feed_event_from_row, connection.execute(statement, values).fetchall()))
