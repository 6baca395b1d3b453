"""The orders of the queue: by which values of a case, and where an index has cases in such an order."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from supportcases.domain.cases import UUID_TEXT, Severity, Status
from supportcases.domain.queue import Place, QueueSort
from supportcases.domain.times import from_text, to_text, whole_milliseconds
from supportcases.storage.rows import LEAST, RANKS

WAITS: Final = "c.status = 'open' AND c.unanswered_since IS NOT NULL"
NOT_CRITICAL: Final = "(c.severity <> 'critical')::int"
RANK_BY_WAITING: Final = f"(CASE WHEN {WAITS} THEN {NOT_CRITICAL} ELSE 2 END)"
NEVER: Final = "'-infinity'::timestamptz"  # read as the empty text
WAITING: Final = f"(CASE WHEN {WAITS} THEN c.unanswered_since ELSE {NEVER} END)"
RANK_BY_SEVERITY: Final = "(CASE c.severity {} ELSE {} END)".format(
    " ".join(f"WHEN {name!r} THEN {rank}" for name, rank in RANKS.items() if rank != LEAST), LEAST
)


class Key(NamedTuple):
    """A value that cases are ordered by, upwards or downwards, and its type."""

    expression: str
    direction: str
    type: str


Keys = tuple[Key, ...]

ACTIVITY: Final = Key("c.last_activity_at", "DESC", "timestamptz")
AGE: Final = Key("c.created_at", "ASC", "timestamptz")
ID: Final = Key("c.id", "ASC", "uuid")

# each ends with the id, so that no two cases share a place
ORDERS: Final[Mapping[QueueSort, Keys]] = {
    QueueSort.WAITING: (Key(RANK_BY_WAITING, "ASC", "int"), Key(WAITING, "ASC", "timestamptz"), ACTIVITY, ID),
    QueueSort.ACTIVITY: (ACTIVITY, ID._replace(direction="DESC")),
    QueueSort.AGE: (AGE, ID),
    QueueSort.SEVERITY: (Key(RANK_BY_SEVERITY, "ASC", "int"), AGE, ID),
}


class Strand(NamedTuple):
    """Cases that an index has in the order of a queue: which, and by what it has them in order."""

    where: str
    keys: Keys


IN_TURN: Final = tuple(
    Strand(
        f"{WAITS} AND {NOT_CRITICAL} = {rank}",
        (Key("c.unanswered_since", "ASC", "timestamptz"), ACTIVITY, ID),
    )
    for rank in (0, 1)
)
NOBODY_WAITS: Final = "c.status = 'open' AND c.unanswered_since IS NULL"
# by an expression that is in one index alone: PostgreSQL would pass over all that are open to find the few
NOT_IN_TURN: Final = Strand(
    NOBODY_WAITS,
    (Key(f"(CASE WHEN {NOBODY_WAITS} THEN c.last_activity_at END)", "DESC", "timestamptz"), ID),
)


def strands(sort: QueueSort, status: str, severity: Severity | None) -> tuple[Strand, ...]:
    """Return the strands that have all cases of a status and, if given, a severity."""
    if sort is QueueSort.SEVERITY and severity is not None:
        return (Strand(f"c.status = '{Status(status)}' AND {RANK_BY_SEVERITY} = {RANKS[severity]}", ORDERS[sort]),)
    if sort is not QueueSort.WAITING:
        return (Strand(f"c.status = '{Status(status)}'", ORDERS[sort]),)
    if status == Status.OPEN:
        critical, others = IN_TURN
        in_turn = IN_TURN if severity is None else (critical if severity is Severity.CRITICAL else others,)
        return (*in_turn, NOT_IN_TURN)
    return (Strand(f"c.status = '{Status(status)}'", (ACTIVITY, ID)),)


def behind(keys: Keys) -> str:
    """Return the condition that a case stands behind the place of which `values_of` gives the values.

    The first key is compared once more alone, since PostgreSQL seeks in an index by that and not by the ORs.
    """
    alternatives, before = [], ""
    for n, (expression, direction, kind) in enumerate(keys):
        value = f"%(place_{n})s::{kind}"
        alternatives.append(f"{before}{expression} {'>' if direction == 'ASC' else '<'} {value}")
        before += f"{expression} = {value} AND "
    first, direction, kind = keys[0]
    at_first = f"{first} {'>=' if direction == 'ASC' else '<='} %(place_0)s::{kind}"
    return f"{at_first} AND ({' OR '.join(alternatives)})"


def values_of(place: Place, keys: Keys) -> dict[str, Any] | None:
    """Return the values of a place, or None where it is one that no case ever had."""
    values = {}
    for n, (value, key) in enumerate(zip(place, keys, strict=True)):
        read = _read(value, key.type)
        if read is None:
            return None
        values[f"place_{n}"] = read
    return values


def _read(value: str | int, kind: str) -> str | int | None:
    if kind == "int":
        return value
    if kind == "uuid":
        return value if UUID_TEXT.fullmatch(str(value)) else None
    if value == "":
        return "-infinity"
    try:
        return to_text(whole_milliseconds(from_text(str(value))))
    except ValueError:
        return None
