"""Every SQL statement by which something is taken out of cases for good; whole cases go by `purging`."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from supportcases.domain.cases import Case, Stores
from supportcases.domain.erasure import REDACTED, Erasure, Hold, Tombstone
from supportcases.domain.times import to_text
from supportcases.storage.erasure_rows import (
    ERASURE_COLUMNS,
    TOMBSTONE_COLUMNS,
    WHOLE_STORE,
    erasure_from_row,
    erasure_of_author,
    erasure_to_row,
    hold_from_row,
    hold_to_row,
    tombstone_from_row,
    tombstone_to_row,
)
from supportcases.storage.rows import COLUMNS, case_from_row, stores_to_json
from supportcases.storage.sqlite.erasure_statements import (
    ERASE_ANSWERS,
    HAS_LABEL,
    OF_THE_STORE,
    PLACES_OF,
    REDACT,
    REDACT_ASSIGNEE,
)
from supportcases.storage.sqlite.errors import insert
from supportcases.storage.sqlite.purging import HELD, Purging, forget_tallies

TOGETHER: Final = 1_000  # numbers of cases that are looked through at once


class SqliteErasures(Purging):
    """What is taken out of cases for good."""

    def apply(self, erasure: Erasure, *, is_seen: bool = True) -> bool:
        named = {place: json.dumps(value) for place, value in erasure.places.items()}
        values = {"store": erasure.store, "case_id": erasure.case_id, "redacted": REDACTED, **named}
        changed = 0
        with self._erasing([erasure.case_id]):
            for place in named:
                changed += sum(self._connection.execute(statement, values).rowcount for statement in REDACT[place])
        if erasure.became:
            changed += self._connection.execute(REDACT_ASSIGNEE, values).rowcount
            forget_tallies(self._connection)
        if changed:
            self._connection.execute(ERASE_ANSWERS, {**values, "now": to_text(erasure.at), "is_seen": is_seen})
            insert(self._connection, "erasure", "erasures", erasure_to_row(erasure))
        return bool(changed)

    def is_done(self, erasure: Erasure) -> bool:
        found = self._connection.execute(
            """
            SELECT 1
            FROM supportcases_erasures
            WHERE case_id = :case_id
              AND store = :store
              AND kind = :kind
              AND erased_at = :erased_at
              AND places = :places
            LIMIT 1
            """,
            erasure_to_row(erasure),
        ).fetchone()
        return found is not None

    def cases_with(self, store: str, label: str, *, after: int, limit: int) -> tuple[Case, ...]:
        found: list[Case] = []
        last = self._last_number(store)
        while after < last and len(found) < limit:
            rows = self._connection.execute(
                f"""
                SELECT {COLUMNS}
                FROM supportcases_cases AS c
                WHERE store = :store
                  AND number > :after
                  AND number <= :until
                  AND {HAS_LABEL}
                ORDER BY number
                LIMIT :limit
                """,
                {
                    "store": store,
                    "label": label,
                    "after": after,
                    "until": after + TOGETHER,
                    "limit": limit - len(found),
                },
            ).fetchall()
            found += map(case_from_row, rows)
            after += TOGETHER
        return tuple(found)

    def _last_number(self, store: str) -> int:
        row = self._connection.execute(
            "SELECT last_number FROM supportcases_stores WHERE store = :store", {"store": store}
        ).fetchone()
        return row[0] if row else 0

    def places_of(self, case: Case, label: str, *, at: datetime) -> Erasure:
        values = {"store": case.store, "case_id": case.id, "label": label}

        def named(place: str) -> tuple[Any, ...]:
            return tuple(value for (value,) in self._connection.execute(PLACES_OF[place], values).fetchall())

        return erasure_of_author(case, at, named)

    def keys_with(self, store: str, label: str) -> tuple[str, ...]:
        rows = self._connection.execute(
            """
            SELECT id
            FROM supportcases_keys
            WHERE store = :store
              AND label = :label
            ORDER BY id
            """,
            {"store": store, "label": label},
        ).fetchall()
        return tuple(key_id for (key_id,) in rows)

    def tombstone(self, store: str, number: int) -> Tombstone | None:
        row = self._connection.execute(
            f"""
            SELECT {TOMBSTONE_COLUMNS}
            FROM supportcases_tombstones
            WHERE store = :store
              AND number = :number
            """,
            {"store": store, "number": number},
        ).fetchone()
        return tombstone_from_row(row) if row else None

    def tombstones(self, *, after: tuple[str, int], limit: int) -> tuple[Tombstone, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {TOMBSTONE_COLUMNS}
            FROM supportcases_tombstones
            WHERE (store, number) > (:store, :number)
            ORDER BY store, number
            LIMIT :limit
            """,
            {"store": after[0], "number": after[1], "limit": limit},
        ).fetchall()
        return tuple(map(tombstone_from_row, rows))

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        for tombstone in tombstones:
            insert(self._connection, "case", "tombstones", tombstone_to_row(tombstone))
            self._connection.execute(
                """
                INSERT INTO supportcases_stores (store, last_number)
                VALUES (:store, :number)
                ON CONFLICT (store) DO UPDATE SET last_number = max(last_number, excluded.last_number)
                """,
                {"store": tombstone.store, "number": tombstone.number},
            )

    def ledger(self, *, after: int, limit: int) -> tuple[tuple[int, Erasure], ...]:
        rows = self._connection.execute(
            f"""
            SELECT position, {ERASURE_COLUMNS}
            FROM supportcases_erasures
            WHERE position > :after
            ORDER BY position
            LIMIT :limit
            """,
            {"after": after, "limit": limit},
        ).fetchall()
        return tuple((position, erasure_from_row(row)) for position, *row in rows)

    def hold(self, store: str, number: int | None, at: datetime) -> None:
        self._connection.execute(
            """
            INSERT INTO supportcases_holds (store, number, held_at)
            VALUES (:store, :number, :held_at)
            ON CONFLICT (store, number) DO NOTHING
            """,
            hold_to_row(store, number, at),
        )

    def release(self, store: str, number: int | None) -> bool:
        done = self._connection.execute(
            """
            DELETE FROM supportcases_holds
            WHERE store = :store
              AND number = :number
            """,
            {"store": store, "number": WHOLE_STORE if number is None else number},
        )
        return done.rowcount == 1

    def holds(self, stores: Stores, *, limit: int, offset: int) -> tuple[Hold, ...]:
        rows = self._connection.execute(
            f"""
            SELECT store, number, held_at
            FROM supportcases_holds AS h
            WHERE {OF_THE_STORE}
            ORDER BY store, number
            LIMIT :limit OFFSET :offset
            """,
            {"stores": stores_to_json(stores), "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(hold_from_row, rows))

    def is_held(self, store: str, number: int) -> bool:
        row = self._connection.execute(
            f"SELECT 1 FROM (SELECT :store AS store, :number AS number) AS c WHERE {HELD}",
            {"store": store, "number": number},
        ).fetchone()
        return row is not None

    def may_erase(self) -> bool:
        return self._connection.execute("SELECT 1 FROM supportcases_overwritten").fetchone() is not None

    @contextmanager
    def _erasing(self, case_ids: Sequence[str]) -> Iterator[None]:
        """Let the history of these cases, and of no others, be changed inside."""
        ids = {"ids": json.dumps(case_ids)}
        self._connection.execute(
            "INSERT INTO supportcases_erasing (case_id) SELECT value FROM json_each(:ids)",
            ids,
        )
        yield  # where it fails, the row goes with all else: nothing of the transaction, or of its part, is kept
        self._connection.execute("DELETE FROM supportcases_erasing")
