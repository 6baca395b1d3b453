"""The orders of the queue: by which values of a case, and where an index has the cases in such an order."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from supportcases.domain.cases import Severity, Status
from supportcases.domain.queue import Place, QueueSort
from supportcases.storage.rows import LEAST, RANKS

WAITS: Final = "status = 'open' AND unanswered_since IS NOT NULL"
RANK_BY_WAITING: Final = f"(CASE WHEN {WAITS} THEN severity <> 'critical' ELSE 2 END)"
WAITING: Final = f"(CASE WHEN {WAITS} THEN unanswered_since ELSE '' END)"
RANK_BY_SEVERITY: Final = (
    f"(CASE severity {' '.join(f'WHEN {name!r} THEN {rank}' for name, rank in RANKS.items())} ELSE {LEAST} END)"
)

Keys = tuple[tuple[str, str], ...]  # expressions, each with ASC or DESC

NEWEST_ACTIVITY: Final[Keys] = (("last_activity_at", "DESC"), ("id", "DESC"))
OLDEST: Final[Keys] = (("created_at", "ASC"), ("id", "ASC"))
NOT_WAITING: Final[Keys] = (("last_activity_at", "DESC"), ("id", "ASC"))
LONGEST_WAIT: Final[Keys] = (("unanswered_since", "ASC"), *NOT_WAITING)

# each ends with the id, so that no two cases share a place
ORDERS: Final[Mapping[QueueSort, Keys]] = {
    QueueSort.WAITING: ((RANK_BY_WAITING, "ASC"), (WAITING, "ASC"), *NOT_WAITING),
    QueueSort.ACTIVITY: NEWEST_ACTIVITY,
    QueueSort.AGE: OLDEST,
    QueueSort.SEVERITY: ((RANK_BY_SEVERITY, "ASC"), *OLDEST),
}

BY_ACTIVITY: Final = "supportcases_cases_by_all_activity"
BY_AGE: Final = "supportcases_cases_by_age"
BY_WAITING: Final = "supportcases_cases_by_waiting"


class Strand(NamedTuple):
    """Cases of one status and severity that an index has in the order of a queue.

    Attributes:
        where: Which cases those are.
        by: The index that has them in order, side by side.
        alike: The values, of those that the queue is ordered by, that all of them share.
        keys: The rest, by which the index has them in order.
    """

    where: str
    by: str
    alike: Place
    keys: Keys


def strands(sort: QueueSort, status: str, severity: str) -> tuple[Strand, ...]:
    """Return the strands that have all cases of a status and severity."""
    where = f"status = {quoted(status)} AND severity = {quoted(severity)}"
    if sort is QueueSort.AGE:
        return (Strand(where, BY_AGE, (), OLDEST),)
    if sort is QueueSort.SEVERITY:
        return (Strand(where, BY_AGE, (RANKS.get(severity, LEAST),), OLDEST),)
    if sort is QueueSort.ACTIVITY:
        return (Strand(where, BY_ACTIVITY, (), NEWEST_ACTIVITY),)
    if status != Status.OPEN:
        return (Strand(where, BY_ACTIVITY, (2, ""), NOT_WAITING),)
    rank = int(severity != Severity.CRITICAL)
    return (
        Strand(f"{where} AND unanswered_since IS NOT NULL", BY_WAITING, (rank,), LONGEST_WAIT),
        Strand(f"{where} AND unanswered_since IS NULL", BY_WAITING, (2, ""), NOT_WAITING),
    )


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def behind(keys: Keys) -> str:
    """Return the condition that a case stands behind the place of which `values_of` gives the values.

    The first key is compared once more alone, since SQLite seeks in the index by that and not by the ORs.
    """
    alternatives, before = [], ""
    for left, (expression, direction) in zip(range(len(keys), 0, -1), keys, strict=True):
        alternatives.append(f"{before}{expression} {'>' if direction == 'ASC' else '<'} :place_{left}")
        before += f"{expression} = :place_{left} AND "
    first, direction = keys[0]
    return f"{first} {'>=' if direction == 'ASC' else '<='} :place_{len(keys)} AND ({' OR '.join(alternatives)})"


def strand_behind(strand: Strand, place: Place) -> str | None:
    """Return the condition that a case of the strand stands behind `place`, or None where none of them does."""
    alike = place[: len(strand.alike)]
    if strand.alike > alike:
        return "TRUE"
    return behind(strand.keys) if strand.alike == alike else None


def values_of(place: Place) -> dict[str, Any]:
    """Return the values of a place: the last is `:place_1`, so that a strand finds those of its keys."""
    return {f"place_{left}": value for left, value in zip(range(len(place), 0, -1), place, strict=True)}
