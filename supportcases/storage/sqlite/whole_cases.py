"""How many whole cases are written together."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from supportcases.domain.whole_cases import Dossier
from supportcases.storage.rows import case_to_row, message_to_row, numbered
from supportcases.storage.sqlite.errors import insert
from supportcases.storage.sqlite.events import LAST_SEQUENCE

# Rows of a statement. Before each statement that may be undone FTS5 writes what it knows of new subjects to the file:
# a case that comes alone takes four times as long for it, and so does each message behind it in the transaction.
TOGETHER: Final = 100


class SqliteWholeCases:
    """The cases with all that belongs to them."""

    def __init__(self, connection: sqlite3.Connection, messages_added: Callable[[int, int], object]) -> None:
        self._connection = connection
        self._messages_added = messages_added  # so many, the last one at that position

    def are_the_first(self) -> bool:
        return self._connection.execute("SELECT 1 FROM supportcases_cases LIMIT 1").fetchone() is None

    def add(self, dossiers: Sequence[Dossier]) -> None:
        self._claim_numbers(dossiers)
        self._insert("case", "cases", (case_to_row(case) for case, _, _ in dossiers))
        said = ((case, message) for case, messages, _ in dossiers for message in messages)
        last = self._insert("message", "messages", (message_to_row(case, message) for case, message in said))
        self._messages_added(last, sum(len(messages) for _, messages, _ in dossiers))
        self._insert("entry", "events", numbered(dossiers, self._last_sequences(dossiers)))

    def _claim_numbers(self, dossiers: Sequence[Dossier]) -> None:
        """Let the numbers of new cases go on behind the highest of each store."""
        highest: dict[str, int] = {}
        for case, _, _ in dossiers:
            highest[case.store] = max(case.number, highest.get(case.store, 0))
        self._connection.executemany(
            """
            INSERT INTO supportcases_stores (store, last_number)
            VALUES (:store, :number)
            ON CONFLICT (store) DO UPDATE SET last_number = max(last_number, excluded.last_number)
            """,
            [{"store": store, "number": number} for store, number in highest.items()],
        )

    def _last_sequences(self, dossiers: Sequence[Dossier]) -> dict[str, int]:
        stores = {case.store for case, _, _ in dossiers}
        last = {store: self._connection.execute(LAST_SEQUENCE, {"store": store}).fetchone() for store in stores}
        return {store: number for store, (number,) in last.items()}

    def _insert(self, thing: str, table: str, rows: Iterator[Mapping[str, Any]]) -> int:
        """Add the rows, and return the place of the last one in the table, or 0 where there are none."""
        last = 0
        while some := tuple(islice(rows, TOGETHER)):
            last = insert(self._connection, thing, table, *some)
        return last
