"""The SQL statement that finds a file whose bytes the database does not keep."""

from collections.abc import Mapping
from typing import Any, Final

from supportcases.storage.postgres.connections import Connection

# What was never sent to its end may have no bytes anywhere: there the newest file tells where bytes are kept by now.
ELSEWHERE: Final = """
    a.content IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM supportcases_chunks AS k WHERE k.content = a.content)
    AND (
        a.finished_at IS NOT NULL
        OR NOT EXISTS (
            SELECT 1
            FROM supportcases_chunks AS k
            WHERE k.content = (
                SELECT n.content
                FROM supportcases_attachments AS n
                WHERE n.finished_at IS NOT NULL
                ORDER BY n.id DESC
                LIMIT 1
            )
        )
        AND EXISTS (SELECT 1 FROM supportcases_attachments AS n WHERE n.finished_at IS NOT NULL)
    )
"""
NAMED: Final = "FROM supportcases_attachments AS a WHERE a.id = ANY (%(ids)s::uuid[])"
GOING: Final = "FROM supportcases_attachments AS a WHERE a.dropped"
OLD: Final = "FROM supportcases_attachments AS a WHERE a.message_id IS NULL AND a.created_at < %(before)s"


def is_elsewhere(connection: Connection, files: str, values: Mapping[str, Any]) -> bool:
    """Tell whether the database keeps nothing of the bytes of one of the files, which are those of `files` in SQL."""
    return connection.execute(f"SELECT 1 {files} AND {ELSEWHERE} LIMIT 1", values).fetchone() is not None
