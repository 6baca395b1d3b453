"""Every SQL statement about cases and messages. Each is told the store; a test tries each with a foreign one.

Those that list the cases of a store are in `merchant_list`.
"""

from typing import Any, Final

from supportcases.domain.cases import Case, CaseFilter, CasePage, CaseRef, Message, Thread, ThreadSize
from supportcases.domain.text import fold
from supportcases.domain.written import WrittenPage, WrittenThread
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.merchant_list import StoreCases
from supportcases.storage.postgres.rows import CASE
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

NAMES: Final = ("c.id = %(name)s", "c.number = %(name)s")  # how a case is named, in this order in each pair
FIND: Final = [
    f"""
    SELECT {COLUMNS}
    FROM supportcases_cases AS c
    WHERE c.store = %(store)s
      AND {named}
    """
    for named in NAMES
]
# Who looks for a case to change it waits for all others who write to its store: the row of the store comes first, so
# that two who wait for each other cannot be, and of the case the newest version is read, whatever it was at first.
FIND_ALONE: Final = [
    f"""
    SELECT {CASE}
    FROM supportcases_stores AS s
    JOIN supportcases_cases AS c ON c.store = s.store
    WHERE s.store = %(store)s
      AND {named}
    FOR NO KEY UPDATE
    """
    for named in NAMES
]
# A case and its thread in one statement, which is of one moment by itself: each row has the case and a message. The
# index ends with `internal`: notes are not even passed over, so a merchant cannot feel them in the time.
THREAD: Final = [
    f"""
    SELECT {CASE}, {", ".join(f"m.{column}" for column in MESSAGE_COLUMNS.split(", "))}
    FROM supportcases_cases AS c
    LEFT JOIN supportcases_messages AS m ON m.store = c.store AND m.case_id = c.id AND NOT m.internal
    WHERE c.store = %(store)s
      AND {named}
    ORDER BY m.position
    """
    for named in NAMES
]
WIDTH: Final = COLUMNS.count(",") + 1  # of a case in such a row


class PostgresCases:
    """The cases with their messages."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes

    def next_number(self, store: str) -> int:
        row = self._connection.wait(
            """
            INSERT INTO supportcases_stores AS s (store, last_number)
            VALUES (%(store)s, 1)
            ON CONFLICT (store) DO UPDATE SET last_number = s.last_number + 1
            RETURNING last_number
            """,
            {"store": store},
        )
        return int(row[0]) if row else 0

    def add(self, case: Case) -> None:
        self._connection.insert("case", "cases", case_to_row(case))

    def add_message(self, case: Case, message: Message) -> None:
        row = {**message_to_row(case, message), "body_folded": fold(message.body)}
        self._connection.insert("message", "messages", row)

    def find(self, store: str, ref: CaseRef) -> Case | None:
        statements = FIND_ALONE if self._writes else FIND
        row = self._connection.wait(*_named(statements, store, ref))
        return case_from_row(row) if row else None

    def store_of(self, case_id: str) -> str | None:
        row = self._connection.execute(
            """
            SELECT store
            FROM supportcases_cases
            WHERE id = %(id)s
            """,
            {"id": case_id},
        ).fetchone()
        return row[0] if row else None

    def following(self, store: str, number: int, *, limit: int) -> tuple[Case, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {COLUMNS}
            FROM supportcases_cases
            WHERE store = %(store)s
              AND number > %(number)s
            ORDER BY number
            LIMIT %(limit)s
            """,
            {"store": store, "number": number, "limit": limit},
        ).fetchall()
        return tuple(map(case_from_row, rows))

    def thread(self, store: str, ref: CaseRef) -> Thread | None:
        rows = self._connection.execute(*_named(THREAD, store, ref)).fetchall()
        if not rows:
            return None
        messages = tuple(message_from_row(row[WIDTH:]) for row in rows if row[WIDTH] is not None)
        return Thread(case_from_row(rows[0][:WIDTH]), messages)

    def written_thread(self, store: str, ref: CaseRef) -> WrittenThread | None:
        rows = self._connection.execute(*_named(THREAD, store, ref)).fetchall()
        if not rows:
            return None
        messages = tuple([written_message_from_row(row[WIDTH:]) for row in rows if row[WIDTH] is not None])
        return WrittenThread(written_from_row(rows[0][:WIDTH]), messages)

    def thread_size(self, store: str, case_id: str) -> ThreadSize:
        row = self._connection.execute(
            """
            SELECT messages, characters
            FROM supportcases_cases
            WHERE store = %(store)s
              AND id = %(case_id)s
            """,
            {"store": store, "case_id": case_id},
        ).fetchone()
        return ThreadSize(*row) if row else ThreadSize(0, 0)

    def thread_with_notes(self, store: str, case_id: str) -> tuple[Message, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {MESSAGE_COLUMNS}
            FROM supportcases_messages
            WHERE store = %(store)s
              AND case_id = %(case_id)s
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
            WHERE store = %(store)s
              AND id = %(id)s
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
            SET {", ".join(f"{column} = %({column})s" for column in changed)}
            WHERE store = %(store)s
              AND id = %(id)s
            """,
            case_to_row(case),
        )

    def page(self, store: str, wanted: CaseFilter, *, limit: int, offset: int) -> CasePage:
        cases, count = StoreCases(self._connection, store, wanted).page(case_from_row, limit=limit, offset=offset)
        return CasePage(cases, count, offset, limit)

    def written_page(self, store: str, wanted: CaseFilter, *, limit: int, offset: int) -> WrittenPage:
        cases, count = StoreCases(self._connection, store, wanted).page(written_from_row, limit=limit, offset=offset)
        return WrittenPage(cases, count, offset, limit)


def _named(statements: list[str], store: str, ref: CaseRef) -> tuple[str, dict[str, Any]]:
    """Return the statement that asks for the case by its id or by its number, with its values."""
    by_id, by_number = statements
    return by_id if ref.id else by_number, {"store": store, "name": ref.id or ref.number}
