"""Every SQL statement about what happened to the cases."""

import json
import sqlite3
from functools import lru_cache
from typing import Final

from supportcases.domain import times
from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import Case
from supportcases.domain.events import EventKind, HistoryEntry
from supportcases.storage.sqlite.errors import insert

ENTRY_COLUMNS: Final = "kind, actor_kind, actor_label, happened_at, was, became"

read_json: Final = json.JSONDecoder().raw_decode  # json.loads takes twice as long for texts as short as these


class SqliteEvents:
    """What happened to each case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def record(self, case: Case, entry: HistoryEntry) -> None:
        insert(self._connection, "entry", "events", entry_to_row(case, entry))

    def history(self, store: str, case_id: str, *, limit: int, offset: int) -> tuple[HistoryEntry, ...]:
        rows = self._connection.execute(
            f"""
            SELECT {ENTRY_COLUMNS}
            FROM supportcases_events
            WHERE store = :store
              AND case_id = :case_id
            ORDER BY position
            LIMIT :limit OFFSET :offset
            """,
            {"store": store, "case_id": case_id, "limit": limit, "offset": offset},
        ).fetchall()
        return tuple(map(entry_from_row, rows))

    def count(self, store: str, case_id: str) -> int:
        ((count,),) = self._connection.execute(
            """
            SELECT count(*)
            FROM supportcases_events
            WHERE store = :store
              AND case_id = :case_id
            """,
            {"store": store, "case_id": case_id},
        ).fetchall()
        return int(count)


def entry_to_row(case: Case, entry: HistoryEntry) -> dict[str, str]:
    """Return the row of an entry in the history of `case`."""
    return {
        "store": case.store,
        "case_id": case.id,
        "kind": entry.kind,
        "actor_kind": entry.actor_kind,
        "actor_label": entry.actor_label,
        "happened_at": times.to_text(entry.at),
        "was": _text(tuple(entry.was.items())),
        "became": _text(tuple(entry.became.items())),
    }


@lru_cache(maxsize=1_000)
def _text(changes: tuple[tuple[str, str | None], ...]) -> str:
    """Write what was changed; most histories tell of the same few changes."""
    return json.dumps(dict(changes))


def entry_from_row(row: tuple[str, str, str, str, str, str]) -> HistoryEntry:
    """Return the entry of a row with `ENTRY_COLUMNS`."""
    kind, actor_kind, actor_label, happened_at, was, became = row
    return HistoryEntry(
        kind=EventKind(kind),
        actor_kind=ActorKind(actor_kind),
        actor_label=actor_label,
        at=times.from_text(happened_at),
        was=read_json(was)[0],
        became=read_json(became)[0],
    )
