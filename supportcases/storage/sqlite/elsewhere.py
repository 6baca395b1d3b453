"""The SQL statement that finds a file whose bytes the database does not keep."""

import sqlite3
from collections.abc import Mapping
from typing import Final

# What was never sent to its end may have no bytes anywhere: there the newest file tells where bytes are kept by now.
# The plus keeps SQLite from reading all files that have bytes, by the index of their content.
ELSEWHERE: Final = """
    +a.content IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM supportcases_chunks AS k WHERE k.content = a.content)
    AND (
        a.finished_at IS NOT NULL
        OR NOT EXISTS (
            SELECT 1
            FROM supportcases_chunks AS k
            WHERE k.content = (
                SELECT content
                FROM supportcases_attachments
                WHERE finished_at IS NOT NULL
                ORDER BY id DESC
                LIMIT 1
            )
        )
        AND EXISTS (SELECT 1 FROM supportcases_attachments WHERE finished_at IS NOT NULL)
    )
"""
NAMED: Final = "FROM supportcases_attachments AS a WHERE a.id IN (SELECT value FROM json_each(:ids))"
GOING: Final = "FROM supportcases_attachments AS a WHERE a.dropped = 1"
OLD: Final = "FROM supportcases_attachments AS a WHERE a.message_id IS NULL AND a.created_at < :before"


def is_elsewhere(connection: sqlite3.Connection, files: str, values: Mapping[str, object]) -> bool:
    """Tell whether the database keeps nothing of the bytes of one of the files, which are those of `files` in SQL."""
    return connection.execute(f"SELECT 1 {files} AND {ELSEWHERE} LIMIT 1", values).fetchone() is not None
