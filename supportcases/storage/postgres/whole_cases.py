"""How many whole cases are written together: as a stream for each table, many times as quick as row by row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from supportcases.domain.text import fold
from supportcases.domain.whole_cases import Dossier
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.events import ITS_XID, LAST_SEQUENCE
from supportcases.storage.rows import case_to_row, message_to_row, numbered

ALONE: Final = "LOCK TABLE ONLY supportcases_stores IN EXCLUSIVE MODE"  # who writes waits for a row
ENDS: Final = f"""
    SELECT s.store, ({LAST_SEQUENCE}), ({ITS_XID})::text
    FROM unnest(%(stores)s::text[]) AS s (store)
""".replace("%(store)s", "s.store")


class PostgresWholeCases:
    """The cases with all that belongs to them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def are_the_first(self) -> bool:
        self._connection.wait(ALONE, {})
        return self._connection.execute("SELECT 1 FROM supportcases_cases LIMIT 1").fetchone() is None

    def add(self, dossiers: Sequence[Dossier]) -> None:
        self._claim_numbers(dossiers)
        self._copy("case", "cases", (case_to_row(case) for case, _, _ in dossiers))
        said = ((case, message) for case, messages, _ in dossiers for message in messages)
        folded = ({**message_to_row(case, message), "body_folded": fold(message.body)} for case, message in said)
        self._copy("message", "messages", folded)
        last, xids = self._ends_of_histories({case.store for case, _, _ in dossiers})
        happened = numbered(dossiers, last)
        self._copy("entry", "events", ({**row, "xid": xids[row["store"]]} for row in happened))

    def _claim_numbers(self, dossiers: Sequence[Dossier]) -> None:
        """Let the numbers of new cases go on behind the highest of each store; nobody else writes to these stores.

        All who claim several stores do so in the same order, so that no two wait for each other.
        """
        highest: dict[str, int] = {}
        for case, _, _ in dossiers:
            highest[case.store] = max(case.number, highest.get(case.store, 0))
        stores = sorted(highest)
        self._connection.wait(
            """
            INSERT INTO supportcases_stores AS s (store, last_number)
            SELECT store, number
            FROM unnest(%(stores)s::text[], %(numbers)s::bigint[]) WITH ORDINALITY AS n (store, number, place)
            ORDER BY place
            ON CONFLICT (store) DO UPDATE SET last_number = greatest(s.last_number, excluded.last_number)
            RETURNING 1
            """,
            {"stores": stores, "numbers": [highest[store] for store in stores]},
        )

    def _ends_of_histories(self, stores: set[str]) -> tuple[dict[str, int], dict[str, str]]:
        """Return the last sequence of each store, and the place of what comes next to its history."""
        rows = self._connection.execute(ENDS, {"stores": sorted(stores)}).fetchall()
        return {store: last for store, last, _ in rows}, {store: xid for store, _, xid in rows}

    def _copy(self, thing: str, table: str, rows: Iterator[Mapping[str, Any]]) -> None:
        first = next(rows, None)
        if first is not None:
            every: Iterable[Mapping[str, Any]] = chain([first], rows)
            self._connection.copy(thing, table, list(first), (list(row.values()) for row in every))
