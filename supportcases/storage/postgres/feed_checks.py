"""Where the numbers and messages of the history are not such that nobody who follows it misses anything."""

from collections.abc import Iterator
from typing import Final

from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.restored import is_astray

NUMBER: Final = "(SELECT number FROM supportcases_cases AS c WHERE c.store = n.store AND c.id = n.case_id)"

MISNUMBERED: Final = f"""
    SELECT store, {NUMBER}, min(revision)
    FROM (
        SELECT store, case_id, xid, position, revision,
               row_number() OVER in_order AS expected,
               lag(xid, 1, '0') OVER in_order AS xid_before,
               lag(position, 1, 0) OVER in_order AS before
        FROM supportcases_events
        WHERE revision IS NOT NULL
        WINDOW in_order AS (PARTITION BY store, case_id ORDER BY revision)
    ) AS n
    WHERE revision <> expected
       OR (xid, position) < (xid_before, before)
    GROUP BY store, case_id
    ORDER BY store, case_id
"""
# which of the events up to the newest that was purged are gone nobody can tell, but how many; behind it none is
MISNUMBERED_SEEN: Final = """
    SELECT store, min(sequence)
    FROM (
        SELECT e.store, e.sequence, e.xid, e.position, t.last_sequence,
               row_number() OVER in_order + coalesce(t.sequences, 0) AS expected,
               lag(e.xid, 1, '0') OVER in_order AS xid_before,
               lag(e.position, 1, 0) OVER in_order AS before
        FROM supportcases_events AS e
        LEFT JOIN (
            SELECT store, sum(sequences) AS sequences, max(last_sequence) AS last_sequence
            FROM supportcases_tombstones
            GROUP BY store
        ) AS t USING (store)
        WHERE e.sequence IS NOT NULL
        WINDOW in_order AS (PARTITION BY e.store ORDER BY e.sequence)
    ) AS n
    WHERE (xid, position) < (xid_before, before)
       OR sequence > expected
       OR (sequence <> expected AND sequence > coalesce(last_sequence, 0))
    GROUP BY store
    ORDER BY store
"""


def wrong_histories(connection: Connection) -> Iterator[str]:
    """Yield of which store, and of which case, the events are not numbered in their order and without a gap."""
    if is_astray(connection):
        yield "it was copied from another server, and the owner of its tables has not used it since: events are untold"
    for store, sequence in connection.execute(MISNUMBERED_SEEN).fetchall():
        yield f"the events of {store} have a gap, a twin or another order at {sequence}"
    for store, number, revision in connection.execute(MISNUMBERED).fetchall():
        yield f"the history of {store} {number} has a gap, a twin or another order at {revision}"
    for store, number, revision in connection.execute(
        """
        SELECT c.store, c.number, e.revision
        FROM supportcases_events AS e
        JOIN supportcases_cases AS c ON c.store = e.store AND c.id = e.case_id
        LEFT JOIN supportcases_messages AS m ON m.id = e.message_id
        WHERE e.message_id IS NOT NULL
          AND (m.store, m.case_id) IS DISTINCT FROM (e.store, e.case_id)
        ORDER BY e.position
        """
    ):
        yield f"{store} {number}, history[{revision - 1}] came with a message that the case does not have"
