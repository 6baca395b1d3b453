"""Every SQL statement about cases and messages. Each is told the store; a test tries each with a foreign one.

Those that list the cases of a store are in `merchant_list` and `search`.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

from supportcases.domain.cases import Case, CaseFilter, CasePage, CaseRef, Message, Thread, ThreadSize
from supportcases.domain.written import WrittenPage, WrittenThread
from supportcases.storage.rows import (
    COLUMNS,
    MESSAGE_COLUMNS,
    case_from_row,
    case_to_row,
    changed_columns,
    message_from_row,
    message_to_row,
    written_from_row,
    written_message_from_row,
)
from supportcases.storage.sqlite.errors import insert
from supportcases.storage.sqlite.merchant_list import StoreCases

NAMES: Final = ("c.id = :name", "c.number = :name")  # how a case is named, in this order in each pair of statements
CASE: Final = [
    f"""
    SELECT {COLUMNS}
    FROM supportcases_cases AS c
    WHERE c.store = :store
      AND {named}
    """
    for named in NAMES
]
# A case and its thread in one statement, which is of one moment by itself: each row has the case and a message. The
# index ends with `internal`: notes are not even passed over, so a merchant cannot feel them in the time.
THREAD: Final = [
    f"""
    SELECT {", ".join(f"c.{column}" for column in COLUMNS.split(", "))},
        {", ".join(f"m.{column}" for column in MESSAGE_COLUMNS.split(", "))}
    FROM supportcases_cases AS c
    LEFT JOIN supportcases_messages AS m ON m.store = c.store AND m.case_id = c.id AND m.internal = 0
    WHERE c.store = :store
      AND {named}
    ORDER BY m.position
    """
    for named in NAMES
]
WIDTH: Final = COLUMNS.count(",") + 1  # of a case in such a row


class SqliteCases:
    """The cases with their messages."""

    def __init__(self, connection: sqlite3.Connection, messages_added: Callable[[int, int], object]) -> None:
        self._connection = connection
        self._messages_added = messages_added  # so many, the last one at that position

    def next_number(self, store: str) -> int:
        ((number,),) = self._connection.execute(
            """
            INSERT INTO supportcases_stores (store, last_number)
            VALUES (:store, 1)
            ON CONFLICT (store) DO UPDATE SET last_number = last_number + 1
            RETURNING last_number
            """,
            {"store": store},
        ).fetchall()
        return int(number)

    def add(self, case: Case) -> None:
        insert(self._connection, "case", "cases", case_to_row(case))

    def add_message(self, case: Case, message: Message) -> None:
        self._messages_added(insert(self._connection, "message", "messages", message_to_row(case, message)), 1)

    def find(self, store: str, ref: CaseRef) -> Case | None:
        row = self._named(CASE, store, ref).fetchone()
        return case_from_row(row) if row else None

    def store_of(self, case_id: str) -> str | None:
        row = self._connection.execute(
            """
            SELECT store
            FROM supportcases_cases
            WHERE id = :id
            """,
            {"id": case_id},
        ).fetchone()
        return row[0] if row else None

    def following(self, store: str, number: int, *, limit: int) -> tuple[Case, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM supportcases_cases
            WHERE store = :store
              AND number > :number
            ORDER BY number
            LIMIT :limit
            """,
            {"store": store, "number": number, "limit": limit},
        ).fetchall()
        return tuple(map(case_from_row, rows))

    def thread(self, store: str, ref: CaseRef) -> Thread | None:
        rows = self._named(THREAD, store, ref).fetchall()
        if not rows:
            return None
        messages = tuple(message_from_row(row[WIDTH:]) for row in rows if row[WIDTH] is not None)
        return Thread(case_from_row(rows[0][:WIDTH]), messages)

    def written_thread(self, store: str, ref: CaseRef) -> WrittenThread | None:
        rows = self._named(THREAD, store, ref).fetchall()
        if not rows:
            return None
        messages = tuple([written_message_from_row(row[WIDTH:]) for row in rows if row[WIDTH] is not None])
        return WrittenThread(written_from_row(rows[0][:WIDTH]), messages)

    def _named(self, statements: list[str], store: str, ref: CaseRef) -> sqlite3.Cursor:
        """Ask for the case that is named by its id or by its number."""
        by_id, by_number = statements
        return self._connection.execute(by_id if ref.id else by_number, {"store": store, "name": ref.id or ref.number})

    def thread_size(self, store: str, case_id: str) -> ThreadSize:
        row = self._connection.execute(
            """
            SELECT messages, characters
            FROM supportcases_cases
            WHERE store = :store
              AND id = :case_id
            """,
            {"store": store, "case_id": case_id},
        ).fetchone()
        return ThreadSize(*row) if row else ThreadSize(0, 0)

    def thread_with_notes(self, store: str, case_id: str) -> tuple[Message, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {MESSAGE_COLUMNS}
            FROM supportcases_messages
            WHERE store = :store
              AND case_id = :case_id
            ORDER BY position
            """,
            {"store": store, "case_id": case_id},
        ).fetchall()
        return tuple(map(message_from_row, rows))

    def message(self, store: str, message_id: str) -> Message | None:
        row = self._connection.execute(
            f"""
            SELECT {MESSAGE_COLUMNS}
            FROM supportcases_messages
            WHERE store = :store
              AND id = :id
            """,
            {"store": store, "id": message_id},
        ).fetchone()
        return message_from_row(row) if row else None

    def update(self, case: Case, *, before: Case) -> None:
        if not (changed := changed_columns(before, case)):
            return
        self._connection.execute(
            f"""
            UPDATE supportcases_cases
            SET {", ".join(f"{column} = :{column}" for column in changed)}
            WHERE store = :store
              AND id = :id
            """,
            case_to_row(case),
        )

    def page(self, store: str, wanted: CaseFilter, *, limit: int, offset: int) -> CasePage:
        cases, count = StoreCases(self._connection, store, wanted).page(case_from_row, limit=limit, offset=offset)
        return CasePage(cases, count, offset, limit)

    def written_page(self, store: str, wanted: CaseFilter, *, limit: int, offset: int) -> WrittenPage:
        cases, count = StoreCases(self._connection, store, wanted).page(written_from_row, limit=limit, offset=offset)
        return WrittenPage(cases, count, offset, limit)
