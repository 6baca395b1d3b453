"""What is left in a file of what was erased, and how it goes.

What is deleted is overwritten at once (`secure_delete`), in the journal. Until an index is merged it still has the
trigrams, and until all of the journal is in the file, the file and the journal have what stood there before.
"""

import sqlite3
import time
from typing import Final

from supportcases.processes import is_overdue, ticks
from supportcases.storage.sqlite.body_index import FEW, index_next
from supportcases.storage.sqlite.connections import Connection
from supportcases.storage.sqlite.errors import Faults
from supportcases.storage.sqlite.leases import Connections
from supportcases.storage.sqlite.transactions import ThreadState, give_back
from supportcases.storage.sqlite.writing import Writing, merge_indexes

READERS_TURN: Final = 5.0  # seconds in which nobody must read from the journal for a moment
A_LOOK: Final = 0.05  # seconds of an attempt, and between two
LAST: Final = """
    SELECT last, last <= ifnull((SELECT last_gone FROM supportcases_overwritten), -1)
    FROM (SELECT ifnull(max(position), 0) AS last FROM supportcases_erasures)
"""
NOTE: Final = """
    INSERT INTO supportcases_overwritten (always, last_gone)
    VALUES (1, :last)
    ON CONFLICT (always) DO UPDATE SET last_gone = max(last_gone, excluded.last_gone)
"""


def wipe(connections: Connections, faults: Faults, state: ThreadState) -> bool:
    """Let nothing be left of what the ledger tells of, a little in each transaction; tell whether that is so.

    What is gone already is not looked for again: that would take as long as the indexes are.
    """
    with Writing(connections, faults, state) as transaction:
        ((last, is_gone),) = transaction.connection.execute(LAST).fetchall()
    if not is_gone and (is_gone := _wiped(connections, faults, state)):
        with Writing(connections, faults, state) as transaction:
            transaction.connection.execute(NOTE, {"last": last})
    return bool(is_gone)


def rewrite(connections: Connections, faults: Faults, state: ThreadState) -> bool:
    """Write the file anew, and note that whatever is deleted in it is overwritten, once nothing older is left."""
    with Writing(connections, faults, state) as transaction:  # which refuses where nothing may be written
        ((last, _),) = transaction.connection.execute(LAST).fetchall()
    try:
        give_back(state)
        with connections.borrow(writes=True) as connection:
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        faults.raise_translated(error)
    if is_gone := _wiped(connections, faults, state):
        with Writing(connections, faults, state) as transaction:
            transaction.connection.execute(NOTE, {"last": last})
    return is_gone


def _wiped(connections: Connections, faults: Faults, state: ThreadState) -> bool:
    more = True
    while more:
        with Writing(connections, faults, state) as transaction:
            more = index_next(transaction.connection, FEW)
    merge_indexes(connections, faults, state, whole=True)
    return _empty_journal(connections, faults, state)


def _empty_journal(connections: Connections, faults: Faults, state: ThreadState) -> bool:
    """Move all of the journal into the file, once nobody reads from it any more, and tell whether it is empty."""
    try:
        give_back(state)
        until = ticks() + READERS_TURN
        while True:
            with connections.borrow(writes=True) as connection:
                if _is_empty(connection):
                    return True
            if ticks() > until or is_overdue():
                return False
            time.sleep(A_LOOK)
    except sqlite3.Error as error:
        faults.raise_translated(error)


def _is_empty(connection: Connection) -> bool:
    """Try to empty the journal; others cannot write meanwhile.

    Where another process moves some of it into the file just now, SQLite does not wait.
    """
    try:
        connection.execute(f"PRAGMA busy_timeout = {A_LOOK * 1000:.0f}")
        ((busy, *_),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return not busy
    finally:
        connection.execute("PRAGMA busy_timeout = 0")
