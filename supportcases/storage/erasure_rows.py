"""How erasures and what is kept of purged cases are written as rows, and read again: the same in every engine."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from supportcases.domain.cases import Case
from supportcases.domain.erasure import Erasure, ErasureKind, Hold, Reason, Tombstone
from supportcases.domain.times import from_text, to_text

ERASURE_COLUMNS: Final = "kind, store, case_id, number, erased_at, reason, places"
TOMBSTONE_COLUMNS: Final = ", ".join(Tombstone._fields)
WHOLE_STORE: Final = 0  # the number of a hold of all of a store: no case has it


def erasure_to_row(erasure: Erasure) -> dict[str, Any]:
    """Return the row of an erasure."""
    return {
        "kind": erasure.kind,
        "store": erasure.store,
        "case_id": erasure.case_id,
        "number": erasure.number,
        "erased_at": to_text(erasure.at),
        "reason": erasure.reason,
        "places": json.dumps(erasure.places, sort_keys=True),
    }


def erasure_from_row(row: tuple[Any, ...]) -> Erasure:
    """Return the erasure of a row with `ERASURE_COLUMNS`."""
    kind, store, case_id, number, erased_at, reason, places = row
    named: dict[str, Any] = {
        name: value if value is True else tuple(value) for name, value in json.loads(places).items()
    }
    why = Reason(reason) if reason else None
    return Erasure(ErasureKind(kind), store, case_id, number, from_text(erased_at), why, **named)


def erasure_of_author(case: Case, at: datetime, named: Callable[[str], tuple[Any, ...]]) -> Erasure:
    """Return the erasure of an author in a case, whose places of each kind `named` looks up; see `PLACES_OF`.

    The subject goes too where the first message is theirs: it may be made of that.
    """
    labels = named("labels")
    return Erasure(
        ErasureKind.AUTHOR,
        case.store,
        case.id,
        case.number,
        at,
        None,
        subject=bool(labels) and named("first") == labels[:1],
        bodies=labels,
        labels=labels,
        entries=named("entries"),
        was=named("was"),
        became=named("became"),
        files=named("files"),
    )


def tombstone_to_row(tombstone: Tombstone) -> dict[str, Any]:
    """Return the row of what is kept of a purged case."""
    return {**tombstone._asdict(), "purged_at": to_text(tombstone.purged_at)}


def tombstone_from_row(row: tuple[Any, ...]) -> Tombstone:
    """Return what is kept of a purged case, of a row with `TOMBSTONE_COLUMNS`."""
    tombstone = Tombstone(*row)
    purged_at: Any = tombstone.purged_at
    return tombstone._replace(purged_at=from_text(purged_at))


def hold_to_row(store: str, number: int | None, at: datetime) -> dict[str, Any]:
    """Return the row of a hold."""
    return {"store": store, "number": WHOLE_STORE if number is None else number, "held_at": to_text(at)}


def hold_from_row(row: tuple[str, int, str]) -> Hold:
    """Return the hold of a row with its store, number and time."""
    store, number, held_at = row
    return Hold(store, number or None, from_text(held_at))
