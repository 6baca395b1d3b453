"""The index of the trigrams of all messages, which follows them at a distance.

To index a message takes long within its own write and little together with others. So the write of every `EVERY`th
message, once it is kept, indexes what has come since the last time, and as many more where they have waited longer; a
search looks through the few that are left.
"""

import sqlite3
from typing import Final

EVERY: Final = 1_000  # messages that are indexed together
AT_ONCE: Final = 3_000  # in one transaction, where many came together: some 40 ms, for which other writers wait
FEW: Final = 200  # in one transaction, where nobody waits for it: some 4 ms
BEHIND: Final = 2_000  # messages without the index that a start leaves to the next `EVERY`th

INDEXED: Final = "(SELECT coalesce(max(id), 0) FROM supportcases_bodies_docsize)"  # up to that position
UNINDEXED: Final = f"""
    SELECT position
    FROM supportcases_messages
    WHERE position > {INDEXED}
    UNION ALL
    SELECT position
    FROM supportcases_outdated_bodies
"""


def is_behind(connection: sqlite3.Connection) -> bool:
    """Tell whether more messages than usual wait for the index: a process has ended in the middle, say."""
    ((waiting,),) = connection.execute(f"SELECT count(*) FROM ({UNINDEXED} LIMIT {BEHIND + 1})").fetchall()
    return bool(waiting > BEHIND)


def index_next(connection: sqlite3.Connection, most: int) -> bool:
    """Index so many messages that wait longest, take out what was changed or deleted, and tell if there may be more.

    Once it returns False nothing of a text that is gone is left in the index, nor beside it.
    """
    limit = {"most": most}
    changed = connection.execute("SELECT position FROM supportcases_outdated_bodies LIMIT :most", limit).fetchall()
    for statement in TAKE_OUT if changed else ():
        connection.execute(statement, limit)
    added = connection.execute(
        f"""
        INSERT INTO supportcases_bodies (rowid, body)
        SELECT position, fold(body)
        FROM supportcases_messages
        WHERE position > {INDEXED}
        ORDER BY position
        LIMIT :most
        """,
        limit,
    ).rowcount
    return most in (len(changed), added)


OUTDATED: Final = "(SELECT position, body FROM supportcases_outdated_bodies ORDER BY position LIMIT :most)"
TAKE_OUT: Final = (
    f"""
    INSERT INTO supportcases_bodies (supportcases_bodies, rowid, body)
    SELECT 'delete', position, fold(body)
    FROM {OUTDATED}
    """,
    f"""
    INSERT INTO supportcases_bodies (rowid, body)
    SELECT m.position, fold(m.body)
    FROM {OUTDATED} AS o
    JOIN supportcases_messages AS m USING (position)
    """,
    f"""
    DELETE FROM supportcases_outdated_bodies
    WHERE position IN (SELECT position FROM {OUTDATED})
    """,
)
