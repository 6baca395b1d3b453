"""Every SQL statement that tells what happened to all cases, in the order in which it was kept.

Positions are given when an event is written, and another one with a lower position may be kept later: whoever follows
them misses events. So the team's order is that of transactions, and what is told ends before the oldest one that is
still under way. A merchant's order is the sequence of the store, whose row each writer holds until its end; the team's
never contradicts it, since an event has at least the transaction of the one before it in its store.
"""

from typing import Any, Final

from supportcases.domain.cases import Stores
from supportcases.domain.feed import BEGINNING, FeedCursor, FeedPlace, WrittenEvent
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.rows import FEED_COLUMNS, feed_event_from_row

EVENT: Final = """
    JOIN supportcases_cases AS c ON c.store = e.store AND c.id = e.case_id
    LEFT JOIN supportcases_messages AS m ON m.id = e.message_id
"""
BY_SEQUENCE: Final = f"SELECT {FEED_COLUMNS}, 0, e.sequence FROM supportcases_events AS e {EVENT}"
IN_ORDER: Final = f"SELECT {FEED_COLUMNS}, e.xid::text::bigint, e.position FROM {{events}} AS e {EVENT}"
KEPT: Final = "e.xid < pg_snapshot_xmin(pg_current_snapshot())"
BEHIND: Final = f"(e.xid, e.position) > (%(xid)s::xid8, %(position)s) AND {KEPT}"
OF_EACH: Final = """
    unnest(%(stores)s::text[]) AS s (store)
    CROSS JOIN LATERAL (
        SELECT *
        FROM supportcases_events AS e
        WHERE e.store = s.store
          AND {where}
        ORDER BY e.xid {order}, e.position {order}
        LIMIT %(limit)s
    )
"""

PURGED: Final = """
    SELECT last_xid, last_position
    FROM supportcases_tombstones
    ORDER BY last_xid DESC, last_position DESC
    LIMIT 1
"""
PURGED_OF: Final = """
    SELECT t.last_xid, t.last_position
    FROM unnest(%(stores)s::text[]) AS s (store)
    CROSS JOIN LATERAL (
        SELECT last_xid, last_position
        FROM supportcases_tombstones AS t
        WHERE t.store = s.store
        ORDER BY last_xid DESC, last_position DESC
        LIMIT 1
    ) AS t
    ORDER BY t.last_xid DESC, t.last_position DESC
    LIMIT 1
"""

OF_ID: Final = {  # by what the id of an event tells: whether merchants see it
    True: "e.sequence = %(number)s",
    False: "e.sequence IS NULL AND e.revision = %(number)s",
}


class PostgresFeeds:
    """What happened to all cases, for each side."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_merchant(self, store: str) -> "MerchantFeed":
        return MerchantFeed(self._connection, store)

    def of_team(self, stores: Stores, wanted: Stores) -> "TeamFeed":
        return TeamFeed(self._connection, stores, wanted)


class MerchantFeed:
    """The events of a store that its merchants see."""

    def __init__(self, connection: Connection, store: str) -> None:
        self._connection = connection
        self._store = store

    def beginning(self) -> FeedPlace:
        (last,) = self._connection.execute(
            "SELECT coalesce(max(last_sequence), 0) FROM supportcases_tombstones WHERE store = %(store)s",
            {"store": self._store},
        ).fetchall()[0]
        return 0, last

    def place_of(self, cursor: FeedCursor) -> FeedPlace | None:
        found = self._connection.execute(
            """
            SELECT 0, sequence
            FROM supportcases_events
            WHERE store = %(store)s
              AND case_id = %(case_id)s
              AND sequence = %(number)s
            """,
            {"store": self._store, "case_id": cursor.case_id, "number": cursor.number},
        ).fetchone()
        return found if cursor.is_seen else None

    def behind(self, place: FeedPlace, *, limit: int) -> tuple[WrittenEvent, ...]:
        return self._events(
            """
            WHERE e.store = %(store)s
              AND e.sequence > %(sequence)s
            ORDER BY e.sequence
            LIMIT %(limit)s
            """,
            {"sequence": place[1], "limit": limit},
        )

    def newest(self) -> WrittenEvent | None:
        found = self._events(
            """
            WHERE e.store = %(store)s
              AND e.sequence IS NOT NULL
            ORDER BY e.sequence DESC
            LIMIT 1
            """,
            {},
        )
        return found[0] if found else None

    def _events(self, wanted: str, values: dict[str, Any]) -> tuple[WrittenEvent, ...]:
        rows = self._connection.execute(BY_SEQUENCE + wanted, {"store": self._store, **values}).fetchall()
        return tuple(map(feed_event_from_row, rows))


class TeamFeed:
    """The events of all stores that somebody of the team may see; told are those of `wanted`."""

    def __init__(self, connection: Connection, stores: Stores, wanted: Stores) -> None:
        self._connection = connection
        self._stores = stores
        self._wanted = wanted

    def beginning(self) -> FeedPlace:
        found = self._connection.execute(
            PURGED if self._stores is None else PURGED_OF,
            {} if self._stores is None else {"stores": sorted(self._stores)},
        ).fetchone()
        return found or BEGINNING

    def place_of(self, cursor: FeedCursor) -> FeedPlace | None:
        found = self._connection.execute(
            f"""
            SELECT e.store, e.xid::text::bigint, e.position
            FROM supportcases_events AS e
            JOIN supportcases_cases AS c ON c.store = e.store AND c.id = e.case_id
            WHERE c.id = %(case_id)s
              AND {OF_ID[cursor.is_seen]}
            """,
            {"case_id": cursor.case_id, "number": cursor.number},
        ).fetchone()
        return found[1:] if found and (self._stores is None or found[0] in self._stores) else None

    def behind(self, place: FeedPlace, *, limit: int) -> tuple[WrittenEvent, ...]:
        xid, position = place
        return self._events(BEHIND, "", {"xid": str(xid), "position": position, "limit": limit})

    def newest(self) -> WrittenEvent | None:
        found = self._events(KEPT, "DESC", {"limit": 1})
        return found[0] if found else None

    def _events(self, where: str, order: str, values: dict[str, Any]) -> tuple[WrittenEvent, ...]:
        if self._wanted is None:
            events = IN_ORDER.format(events="supportcases_events") + f"WHERE {where}"
        else:
            events = IN_ORDER.format(events=OF_EACH.format(where=where, order=order))
            values["stores"] = sorted(self._wanted)
        rows = self._connection.execute(
            f"""
            {events}
            ORDER BY e.xid {order}, e.position {order}
            LIMIT %(limit)s
            """,
            values,
        ).fetchall()
        return tuple(map(feed_event_from_row, rows))
