"""Every SQL statement about files that come with messages, and about their bytes where the database keeps them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from supportcases.domain.attachments import Upload
from supportcases.domain.cases import Case
from supportcases.domain.times import to_text
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.elsewhere import GOING, NAMED, OLD, is_elsewhere
from supportcases.storage.postgres.texts import LOCK
from supportcases.storage.protocol.attachments import Pending
from supportcases.storage.rows import UPLOAD_COLUMNS, upload_from_row, upload_to_row

PROGRESS: Final = ("content", "attempted_at", "finished_at", "sha256", "shown_as")  # what of a file changes
AT_ONCE: Final = 1_000  # names that are read together
FIND: Final = f"""
    SELECT {UPLOAD_COLUMNS}
    FROM supportcases_attachments
    WHERE id = %(id)s
      AND NOT dropped
"""
PENDING: Final = """
    SELECT count(*), coalesce(sum(size), 0)
    FROM supportcases_attachments
    WHERE store = %(store)s
      AND message_id IS NULL
      AND created_at >= %(since)s
"""
ALL_PENDING: Final = """
    SELECT coalesce(sum(size), 0)::bigint
    FROM supportcases_attachments
    WHERE message_id IS NULL
"""
ATTACHED: Final = """
    SELECT coalesce(sum(size), 0)
    FROM supportcases_attachments
    WHERE store = %(store)s
      AND message_id IS NOT NULL
"""


class PostgresAttachments:
    """The files, each until it goes with nothing attached to a message."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection = connection
        self._alone = "FOR UPDATE" if writes else ""

    def secret(self) -> bytes | None:
        row = self._connection.execute("SELECT value FROM supportcases_secrets WHERE name = 'attachments'").fetchone()
        return bytes.fromhex(row[0]) if row else None

    def add(self, upload: Upload, secret: str) -> None:
        self._connection.execute(
            """
            INSERT INTO supportcases_secrets (name, value)
            VALUES ('attachments', %(secret)s)
            ON CONFLICT (name) DO NOTHING
            """,
            {"secret": secret},
        )
        self._connection.insert("file", "attachments", upload_to_row(upload))

    def find(self, upload_id: str) -> Upload | None:
        row = self._connection.execute(FIND, {"id": upload_id}).fetchone()
        return upload_from_row(row) if row else None

    def find_alone(self, upload_id: str) -> Upload | None:
        row = self._connection.wait(f"{FIND} FOR UPDATE", {"id": upload_id})
        return upload_from_row(row) if row else None

    def may_be_sent(self, upload: Upload, now: datetime) -> bool:
        return not self._connection.execute(
            """
            SELECT 1
            FROM supportcases_keys
            WHERE id = %(key_id)s
              AND (revoked_at IS NOT NULL OR expires_at <= %(now)s)
            """,
            {"key_id": upload.key_id, "now": to_text(now)},
        ).fetchone()

    def update(self, upload: Upload) -> None:
        self._connection.execute(
            f"""
            UPDATE supportcases_attachments
            SET {", ".join(f"{column} = %({column})s" for column in PROGRESS)}
            WHERE id = %(id)s
              AND NOT dropped
            """,
            upload_to_row(upload),
        )

    def renew(self, upload_id: str, content: str, now: datetime) -> bool:
        done = self._connection.execute(
            """
            UPDATE supportcases_attachments
            SET attempted_at = %(now)s
            WHERE id = %(id)s
              AND content = %(content)s
              AND attempted_at IS NOT NULL
              AND NOT dropped
            """,
            {"id": upload_id, "content": content, "now": to_text(now)},
        )
        return done.rowcount == 1

    def of(self, store: str, owner: str, ids: Sequence[str]) -> tuple[Upload, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {UPLOAD_COLUMNS}
            FROM supportcases_attachments
            WHERE id = ANY (%(ids)s::uuid[])
              AND store = %(store)s
              AND owner = %(owner)s
              AND NOT dropped
            ORDER BY id
            {self._alone}
            """,
            {"store": store, "owner": owner, "ids": list(ids)},
        ).fetchall()
        return tuple(map(upload_from_row, rows))

    def attach(self, case: Case, message_id: str, ids: Sequence[str]) -> None:
        self._connection.execute(
            """
            UPDATE supportcases_attachments
            SET message_id = %(message_id)s
            WHERE id = ANY (%(ids)s::uuid[])
              AND store = %(store)s
            """,
            {"store": case.store, "message_id": message_id, "ids": list(ids)},
        )

    def pending(self, store: str, since: datetime) -> Pending:
        self._connection.wait(LOCK, {"name": f"supportcases_attachments of {store}"})
        ((files, size),) = self._connection.execute(PENDING, {"store": store, "since": to_text(since)}).fetchall()
        return Pending(files, int(size))

    def all_pending_bytes(self) -> int:
        ((total,),) = self._connection.execute(ALL_PENDING).fetchall()
        return int(total)

    def attached_bytes(self, store: str) -> int:
        ((total,),) = self._connection.execute(ATTACHED, {"store": store}).fetchall()
        return int(total)

    def drop_pending(self, before: datetime, *, limit: int) -> tuple[Upload, ...]:
        self._connection.execute(
            """
            UPDATE supportcases_attachments
            SET dropped = TRUE
            WHERE id IN (
                SELECT id
                FROM supportcases_attachments
                WHERE message_id IS NULL
                  AND created_at < %(before)s
                ORDER BY created_at
                LIMIT %(limit)s
                FOR UPDATE SKIP LOCKED
            )
            """,
            {"before": to_text(before), "limit": limit},
        )
        return self.going(limit=limit)

    def going(self, *, limit: int) -> tuple[Upload, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {UPLOAD_COLUMNS}
            FROM supportcases_attachments
            WHERE dropped
            LIMIT %(limit)s
            """,
            {"limit": limit},
        ).fetchall()
        return tuple(map(upload_from_row, rows))

    def is_one_elsewhere(self, ids: Sequence[str]) -> bool:
        return is_elsewhere(self._connection, NAMED, {"ids": list(ids)})

    def is_going_elsewhere(self, before: datetime | None = None) -> bool:
        if is_elsewhere(self._connection, GOING, {}):  # each by an index of its own: an OR would read the whole table
            return True
        return before is not None and is_elsewhere(self._connection, OLD, {"before": to_text(before)})

    def remove(self, upload_id: str) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_attachments
            WHERE id = %(id)s
              AND dropped
            """,
            {"id": upload_id},
        )

    def contents(self) -> Iterator[str]:
        last = "00000000-0000-0000-0000-000000000000"
        while names := self._connection.execute(
            """
            SELECT content
            FROM supportcases_attachments
            WHERE content > %(last)s
            ORDER BY content
            LIMIT %(limit)s
            """,
            {"last": last, "limit": AT_ONCE},
        ).fetchall():
            yield from (name for (name,) in names)
            ((last,),) = names[-1:]

    def attached(self, store: str, case_id: str) -> tuple[Upload, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {", ".join(f"a.{column}" for column in UPLOAD_COLUMNS.split(", "))}
            FROM supportcases_messages AS m
            JOIN supportcases_attachments AS a ON a.message_id = m.id AND a.store = m.store
            WHERE m.store = %(store)s
              AND m.case_id = %(case_id)s
              AND m.attachments IS NOT NULL
              AND NOT a.dropped
            ORDER BY m.position, a.id
            """,
            {"store": store, "case_id": case_id},
        ).fetchall()
        return tuple(map(upload_from_row, rows))

    def add_chunk(self, content: str, number: int, chunk: bytes) -> bool:
        done = self._connection.execute(
            """
            INSERT INTO supportcases_chunks (content, number, bytes)
            SELECT content, %(number)s, %(chunk)s::bytea
            FROM supportcases_attachments
            WHERE content = %(content)s
              AND attempted_at IS NOT NULL
              AND NOT dropped
            """,
            {"content": content, "number": number, "chunk": chunk},
        )
        return done.rowcount == 1

    def chunk(self, content: str, number: int) -> bytes | None:
        row = self._connection.execute(
            """
            SELECT bytes
            FROM supportcases_chunks
            WHERE content = %(content)s
              AND number = %(number)s
            """,
            {"content": content, "number": number},
        ).fetchone()
        return row[0] if row else None

    def remove_chunks(self, content: str, *, limit: int) -> bool:
        done = self._connection.execute(
            """
            DELETE FROM supportcases_chunks
            WHERE ctid = ANY (ARRAY (
                SELECT ctid
                FROM supportcases_chunks
                WHERE content = %(content)s
                LIMIT %(limit)s
            ))
            """,
            {"content": content, "limit": limit},
        )
        if done.rowcount < limit:
            return False
        left = self._connection.execute(
            "SELECT 1 FROM supportcases_chunks WHERE content = %(content)s LIMIT 1", {"content": content}
        ).fetchone()
        return left is not None

    def chunk_contents(self) -> tuple[str, ...]:
        rows = self._connection.execute(
            """
            SELECT DISTINCT content
            FROM supportcases_chunks
            ORDER BY content
            """
        ).fetchall()
        return tuple(content for (content,) in rows)
