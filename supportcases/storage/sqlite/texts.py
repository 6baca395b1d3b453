"""Every SQL statement about canned texts."""

import sqlite3

from supportcases.domain.errors import AlreadyThere
from supportcases.domain.texts import CannedText
from supportcases.storage.sqlite.errors import TAKEN, insert


class SqliteTexts:
    """The canned texts."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

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
        row = self._connection.execute(
            """
            SELECT id, name, body
            FROM supportcases_texts
            WHERE id = :id
            """,
            {"id": text_id},
        ).fetchone()
        return CannedText(*row) if row else None

    def count(self) -> int:
        ((count,),) = self._connection.execute("SELECT count(*) FROM supportcases_texts").fetchall()
        return int(count)

    def add(self, text: CannedText) -> None:
        insert(self._connection, "text", "texts", text._asdict())

    def update(self, text: CannedText) -> None:
        try:
            self._connection.execute(
                """
                UPDATE supportcases_texts
                SET name = :name, body = :body
                WHERE id = :id
                """,
                text._asdict(),
            )
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode in TAKEN:
                raise AlreadyThere("text") from error
            raise

    def remove(self, text_id: str) -> None:
        self._connection.execute(
            """
            DELETE FROM supportcases_texts
            WHERE id = :id
            """,
            {"id": text_id},
        )
