"""What must hold of the files that come with messages, each thing with the question that finds where it does not."""

from collections.abc import Iterator
from functools import partial

from supportcases.domain.erasure import REDACTED
from supportcases.storage.attached_bytes import AT_ONCE, FILE_COLUMNS, Attached, strays, wrong_bytes
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.protocol import ContentStore


def wrong_attachments(connection: Connection, contents: ContentStore | None) -> Iterator[str]:
    """Compare what messages tell of their files with the files, and the bytes with what was sent."""
    yield from _told_falsely(connection)
    yield from _not_told(connection)
    yield from _chunks_of_nothing(connection)
    statement = f"SELECT {FILE_COLUMNS} FROM supportcases_attachments WHERE message_id IS NOT NULL ORDER BY content"
    files = (Attached._make(row) for some in connection.stream(statement, 1_000) for row in some)
    yield from wrong_bytes(files, partial(_kept, connection), contents)


def stray_contents(connection: Connection, contents: ContentStore | None) -> Iterator[str]:
    """Look in a folder for what the database does not tell of."""
    return strays(contents, partial(_is_known, connection))


def attached_files(connection: Connection) -> int:
    """Return how many files came with messages."""
    ((count,),) = connection.execute(
        "SELECT count(*) FROM supportcases_attachments WHERE message_id IS NOT NULL"
    ).fetchall()
    return int(count)


def _told_falsely(connection: Connection) -> Iterator[str]:
    for store, number, file_id in connection.execute(
        """
        SELECT c.store, c.number, t.value ->> 0
        FROM supportcases_messages AS m
        CROSS JOIN LATERAL json_array_elements(m.attachments) AS t (value)
        JOIN supportcases_cases AS c ON c.store = m.store AND c.id = m.case_id
        LEFT JOIN supportcases_attachments AS a
            ON a.id = (t.value ->> 0)::uuid
            AND a.message_id = m.id
            AND a.store = m.store
            AND a.name = t.value ->> 1
            AND a.content_type = t.value ->> 2
            AND a.size = (t.value ->> 3)::bigint
            AND NOT a.dropped
        WHERE m.attachments IS NOT NULL
          AND a.id IS NULL
          AND t.value ->> 1 <> %(redacted)s
        """,
        {"redacted": REDACTED},
    ):
        yield f"{store} {number} tells of the file {file_id}, which is not there as it is told"


def _not_told(connection: Connection) -> Iterator[str]:
    for store, file_id in connection.execute(
        """
        SELECT a.store, a.id
        FROM supportcases_attachments AS a
        WHERE a.message_id IS NOT NULL
          AND NOT EXISTS (
              SELECT 1
              FROM supportcases_messages AS m
              CROSS JOIN LATERAL json_array_elements(m.attachments) AS t (value)
              WHERE m.id = a.message_id
                AND t.value ->> 0 = a.id::text
          )
        """
    ):
        yield f"no message of {store} tells of the file {file_id}, which came with one"


def _chunks_of_nothing(connection: Connection) -> Iterator[str]:
    for (content,) in connection.execute(
        """
        SELECT DISTINCT content
        FROM supportcases_chunks AS c
        WHERE NOT EXISTS (SELECT 1 FROM supportcases_attachments AS a WHERE a.content = c.content)
        """
    ):
        yield f"there are pieces of {content}, and no such file"


def _kept(connection: Connection, content: str) -> Iterator[tuple[int, bytes]]:
    last = -1
    while pieces := connection.execute(
        """
        SELECT number, bytes
        FROM supportcases_chunks
        WHERE content = %(content)s
          AND number > %(last)s
        ORDER BY number
        LIMIT %(limit)s
        """,
        {"content": content, "last": last, "limit": AT_ONCE},
    ).fetchall():
        for last, piece in pieces:
            yield last, piece


def _is_known(connection: Connection, content: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM supportcases_attachments WHERE content = %(content)s", {"content": content}
    ).fetchone()
    return row is not None
