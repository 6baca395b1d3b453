"""What must hold of the files that come with messages, each thing with the question that finds where it does not."""

import sqlite3
from collections.abc import Iterator
from functools import partial

from supportcases.domain.erasure import REDACTED
from supportcases.storage.attached_bytes import FILE_COLUMNS, Attached, strays, wrong_bytes
from supportcases.storage.protocol import ContentStore


def wrong_attachments(connection: sqlite3.Connection, contents: ContentStore | None) -> Iterator[str]:
    """Compare what messages tell of their files with the files, and the bytes with what was sent."""
    yield from _told_falsely(connection)
    yield from _not_told(connection)
    yield from _chunks_of_nothing(connection)
    files = connection.execute(f"SELECT {FILE_COLUMNS} FROM supportcases_attachments WHERE message_id IS NOT NULL")
    yield from wrong_bytes(map(Attached._make, files), partial(_kept, connection), contents)


def stray_contents(connection: sqlite3.Connection, contents: ContentStore | None) -> Iterator[str]:
    """Look in a folder for what the database does not tell of."""
    return strays(contents, partial(_is_known, connection))


def attached_files(connection: sqlite3.Connection) -> int:
    """Return how many files came with messages."""
    ((count,),) = connection.execute(
        "SELECT count(*) FROM supportcases_attachments WHERE message_id IS NOT NULL"
    ).fetchall()
    return int(count)


def _told_falsely(connection: sqlite3.Connection) -> Iterator[str]:
    for store, number, file_id in connection.execute(
        """
        SELECT c.store, c.number, json_extract(t.value, '$[0]')
        FROM supportcases_messages AS m
        JOIN json_each(m.attachments) AS t
        JOIN supportcases_cases AS c ON c.store = m.store AND c.id = m.case_id
        LEFT JOIN supportcases_attachments AS a
            ON a.id = json_extract(t.value, '$[0]')
            AND a.message_id = m.id
            AND a.store = m.store
            AND a.name = json_extract(t.value, '$[1]')
            AND a.content_type = json_extract(t.value, '$[2]')
            AND a.size = json_extract(t.value, '$[3]')
            AND a.dropped = 0
        WHERE m.attachments IS NOT NULL
          AND a.id IS NULL
          AND json_extract(t.value, '$[1]') <> :redacted
        """,
        {"redacted": REDACTED},
    ):
        yield f"{store} {number} tells of the file {file_id}, which is not there as it is told"


def _not_told(connection: sqlite3.Connection) -> Iterator[str]:
    for store, file_id in connection.execute(
        """
        SELECT a.store, a.id
        FROM supportcases_attachments AS a
        WHERE a.message_id IS NOT NULL
          AND NOT EXISTS (
              SELECT 1
              FROM supportcases_messages AS m
              JOIN json_each(m.attachments) AS t
              WHERE m.id = a.message_id
                AND json_extract(t.value, '$[0]') = a.id
          )
        """
    ):
        yield f"no message of {store} tells of the file {file_id}, which came with one"


def _chunks_of_nothing(connection: sqlite3.Connection) -> Iterator[str]:
    for (content,) in connection.execute(
        """
        SELECT DISTINCT content
        FROM supportcases_chunks AS c
        WHERE NOT EXISTS (SELECT 1 FROM supportcases_attachments AS a WHERE a.content = c.content)
        """
    ):
        yield f"there are pieces of {content}, and no such file"


def _kept(connection: sqlite3.Connection, content: str) -> Iterator[tuple[int, bytes]]:
    yield from connection.execute(
        "SELECT number, bytes FROM supportcases_chunks WHERE content = :content ORDER BY number", {"content": content}
    )


def _is_known(connection: sqlite3.Connection, content: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM supportcases_attachments WHERE content = :content", {"content": content}
    ).fetchone()
    return row is not None
