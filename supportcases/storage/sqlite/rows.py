"""Which rows are wanted: the condition that a filter is to SQLite."""

import json
from typing import Any, Final

from supportcases.domain.cases import CaseFilter
from supportcases.domain.queue import NONE
from supportcases.domain.times import to_text

NEWEST_FIRST: Final = "last_activity_at DESC, number DESC"  # the order of a merchant's list
MOMENTS: Final = {
    "created_after": "created_at >=",
    "created_before": "created_at <",
    "active_after": "last_activity_at >=",
    "active_before": "last_activity_at <",
}


def matching(wanted: CaseFilter) -> tuple[str, dict[str, Any]]:
    """Return the condition that the wanted cases, in a table that is called `c`, meet, and its values.

    What `query` they are to match is left out: `search` and `team_search` look for that.
    """
    conditions = ["TRUE"]
    values: dict[str, Any] = {}

    def want(condition: str, **more: Any) -> None:
        conditions.append(condition)
        values.update(more)

    if wanted.stores is not None:
        want("store IN (SELECT value FROM json_each(:stores))", stores=json.dumps(sorted(wanted.stores)))
    for column in ("store", "status", "severity", "category"):
        if (value := getattr(wanted, column)) is not None:
            want(f"{column} = :{column}", **{column: value})
    if wanted.assignee == NONE:
        want("assignee IS NULL")
    elif wanted.assignee is not None:
        want("assignee = :assignee", assignee=wanted.assignee)
    for name, condition in MOMENTS.items():
        if (moment := getattr(wanted, name)) is not None:
            want(f"{condition} :{name}", **{name: to_text(moment)})
    return " AND ".join(conditions), values
