"""Every SQL statement about canned texts."""

from typing import Final

from psycopg.errors import UniqueViolation

from supportcases.domain.errors import AlreadyThere
from supportcases.domain.texts import CannedText
from supportcases.storage.postgres.connections import Connection

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))"


class PostgresTexts:
    """The canned texts."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes

    def all(self) -> tuple[CannedText, ...]:
        rows = self._connection.execute(
            """
            SELECT id, name, body
            FROM supportcases_texts
            ORDER BY name
            """
        ).fetchall()
        return tuple(CannedText(*row) for row in rows)

    def find(self, text_id: str) -> CannedText | None:
        self._let_one_write()
        row = self._connection.execute(
            """
            SELECT id, name, body
            FROM supportcases_texts
            WHERE id = %(id)s
            """,
            {"id": text_id},
        ).fetchone()
        return CannedText(*row) if row else None

    def count(self) -> int:
        self._let_one_write()
        ((count,),) = self._connection.execute("SELECT count(*) FROM supportcases_texts").fetchall()
        return int(count)

    def add(self, text: CannedText) -> None:
        self._connection.insert("text", "texts", text._asdict())

    def update(self, text: CannedText) -> None:
        try:
            self._connection.execute(
                """
                UPDATE supportcases_texts
                SET name = %(name)s, body = %(body)s
                WHERE id = %(id)s
                """,
                text._asdict(),
            )
        except UniqueViolation as error:
            raise AlreadyThere("text") from error

    def remove(self, text_id: str) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_texts
            WHERE id = %(id)s
            """,
            {"id": text_id},
        )

    def _let_one_write(self) -> None:
        """Wait for those who write texts, and let nobody else until the end: whoever counts, or reads to change."""
        if self._writes:
            self._connection.wait(LOCK, {"name": "supportcases_texts"})
