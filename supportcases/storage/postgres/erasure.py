"""Every SQL statement by which something is taken out of cases for good; whole cases go by `purging`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from supportcases.domain.cases import Case, Stores
from supportcases.domain.erasure import PLACES, REDACTED, Erasure, Hold, Tombstone
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
from supportcases.storage.postgres.counts import forget_tallies
from supportcases.storage.postgres.erasure_statements import ERASE_ANSWERS, HAS_LABEL, PLACES_OF, REDACT
from supportcases.storage.postgres.purging import ALONE, HELD, Purging
from supportcases.storage.postgres.rows import CASE
from supportcases.storage.rows import case_from_row

NOTHING: Final[dict[str, Any]] = {"subject": False} | {place: [] for place in PLACES if place != "subject"}


class PostgresErasures(Purging):
    """What is taken out of cases for good."""

    def apply(self, erasure: Erasure, *, is_seen: bool = True) -> bool:
        places = erasure.places
        values = {
            **NOTHING,
            **places,
            "store": erasure.store,
            "case_id": erasure.case_id or None,
            "redacted": REDACTED,
            "now": to_text(erasure.at),
            "is_seen": is_seen,
        }
        changed = 0
        for of, statement in REDACT:
            if not places.keys().isdisjoint(of):
                changed += self._connection.execute(statement, values).fetchone() != (0,)
        if changed:
            if erasure.was or erasure.became:
                forget_tallies(self._connection)
            self._connection.execute(ERASE_ANSWERS, values)
            self._connection.insert("erasure", "erasures", erasure_to_row(erasure))
        return bool(changed)

    def is_done(self, erasure: Erasure) -> bool:
        found = self._connection.execute(
            """
            SELECT 1
            FROM supportcases_erasures
            WHERE case_id = %(case_id)s
              AND store = %(store)s
              AND kind = %(kind)s
              AND erased_at = %(erased_at)s
              AND places::text = %(places)s
            LIMIT 1
            """,
            erasure_to_row(erasure),
        ).fetchone()
        return found is not None

    def cases_with(self, store: str, label: str, *, after: int, limit: int) -> tuple[Case, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {CASE}
            FROM supportcases_cases AS c
            WHERE c.store = %(store)s
              AND c.number > %(after)s
              AND {HAS_LABEL}
            ORDER BY c.number
            LIMIT %(limit)s
            """,
            {"store": store, "label": label, "after": after, "limit": limit},
        ).fetchall()
        return tuple(map(case_from_row, rows))

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
            WHERE store = %(store)s
              AND label = %(label)s
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
            WHERE store = %(store)s
              AND number = %(number)s
            """,
            {"store": store, "number": number},
        ).fetchone()
        return tombstone_from_row(row) if row else None

    def tombstones(self, *, after: tuple[str, int], limit: int) -> tuple[Tombstone, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {TOMBSTONE_COLUMNS}
            FROM supportcases_tombstones
            WHERE (store, number) > (%(behind)s, %(number)s)
            ORDER BY store, number
            LIMIT %(limit)s
            """,
            {"behind": after[0], "number": after[1], "limit": limit},
        ).fetchall()
        return tuple(map(tombstone_from_row, rows))

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        for tombstone in tombstones:
            self._connection.execute(
                """
                INSERT INTO supportcases_stores AS s (store, last_number)
                VALUES (%(store)s, %(number)s)
                ON CONFLICT (store) DO UPDATE SET last_number = greatest(s.last_number, excluded.last_number)
                """,
                {"store": tombstone.store, "number": tombstone.number},
            )
            self._connection.insert("case", "tombstones", tombstone_to_row(tombstone))

    def ledger(self, *, after: int, limit: int) -> tuple[tuple[int, Erasure], ...]:
        rows = self._connection.execute(
            f"""
            SELECT position, {ERASURE_COLUMNS}
            FROM supportcases_erasures
            WHERE position > %(after)s
            ORDER BY position
            LIMIT %(limit)s
            """,
            {"after": after, "limit": limit},
        ).fetchall()
        return tuple((position, erasure_from_row(tuple(row))) for position, *row in rows)

    def hold(self, store: str, number: int | None, at: datetime) -> None:
        self._connection.wait(ALONE, {"store": store})  # or what is going could be said to be held
        self._connection.execute(
            """
            INSERT INTO supportcases_holds (store, number, held_at)
            VALUES (%(store)s, %(number)s, %(held_at)s)
            ON CONFLICT (store, number) DO NOTHING
            """,
            hold_to_row(store, number, at),
        )

    def release(self, store: str, number: int | None) -> bool:
        done = self._connection.execute(
            """
            DELETE FROM supportcases_holds
            WHERE store = %(store)s
              AND number = %(number)s
            """,
            {"store": store, "number": WHOLE_STORE if number is None else number},
        )
        return done.rowcount == 1

    def holds(self, stores: Stores, *, limit: int, offset: int) -> tuple[Hold, ...]:
        rows = self._connection.execute(
            """
            SELECT store, number, held_at
            FROM supportcases_holds AS h
            WHERE (%(stores)s::text[] IS NULL OR h.store = ANY (%(stores)s))
            ORDER BY store, number
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            {"stores": None if stores is None else sorted(stores), "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(hold_from_row((held, number, at)) for held, number, at in rows)

    def is_held(self, store: str, number: int) -> bool:
        row = self._connection.execute(
            f"SELECT 1 FROM (SELECT %(store)s::text AS store, %(number)s::bigint AS number) AS c WHERE {HELD}",
            {"store": store, "number": number},
        ).fetchone()
        return row is not None

    def may_erase(self) -> bool:
        return True
