"""Which rows are wanted: the condition that a filter, and a search, is to PostgreSQL."""

from typing import Any, Final

from supportcases.domain.cases import CaseFilter, Status
from supportcases.domain.queue import NONE
from supportcases.domain.text import fold
from supportcases.domain.times import to_text
from supportcases.storage.rows import COLUMNS

CASE: Final = ", ".join(f"c.{column}" for column in COLUMNS.split(", "))  # of a table that is called `c`
MOMENTS: Final = {
    "created_after": "c.created_at >=",
    "created_before": "c.created_at <",
    "active_after": "c.last_activity_at >=",
    "active_before": "c.last_activity_at <",
}
SPANS: Final = frozenset(MOMENTS)
# true of all cases: with it PostgreSQL seeks in an index that begins with the status
ANY_STATUS: Final = f"c.status IN ({', '.join(repr(str(status)) for status in Status)})"


def matching(wanted: CaseFilter) -> tuple[str, dict[str, Any]]:
    """Return the condition that the wanted cases, in a table that is called `c`, meet, and its values.

    What `query` they are to match is left out: `search` and `team_search` look for that.
    """
    conditions = ["TRUE"]
    values: dict[str, Any] = {}
    if wanted.stores is not None:
        conditions.append("c.store = ANY (%(stores)s)")
        values["stores"] = sorted(wanted.stores)
    for column in ("store", "status", "severity", "category"):
        if (value := getattr(wanted, column)) is not None:
            conditions.append(f"c.{column} = %({column})s")
            values[column] = value
    if wanted.assignee == NONE:
        conditions.append("c.assignee IS NULL")
    elif wanted.assignee is not None:
        conditions.append("c.assignee = %(assignee)s")
        values["assignee"] = wanted.assignee
    for name, condition in MOMENTS.items():
        if (moment := getattr(wanted, name)) is not None:
            conditions.append(f"{condition} %({name})s")
            values[name] = to_text(moment)
    if wanted.status is None and SPANS & values.keys():
        conditions.append(ANY_STATUS)
    return " AND ".join(conditions), values


def containing(query: str) -> str | None:
    """Return the pattern of LIKE for folded texts that contain the folded `query`, or None where nothing is left."""
    folded = fold(query).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{folded}%" if folded else None
