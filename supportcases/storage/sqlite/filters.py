"""Which cases are wanted, as a condition of SQL: to list them and to count them, of one store or of all."""

import json
from typing import Any, Final

from supportcases.domain import times
from supportcases.domain.cases import CaseFilter, parse_number
from supportcases.domain.queue import NONE

MOMENTS: Final = {
    "created_after": "created_at >=",
    "created_before": "created_at <",
    "active_after": "last_activity_at >=",
    "active_before": "last_activity_at <",
}
QUERY: Final = """(
    instr(subject_folded, :folded)
    OR number = :number
    OR EXISTS (
        SELECT 1
        FROM supportcases_messages AS q
        WHERE q.store = c.store
          AND q.case_id = c.id
          AND instr(casefold(q.body), :folded)
    )
)"""


def matching(wanted: CaseFilter) -> tuple[str, dict[str, Any]]:
    """Return the condition that the wanted cases, in a table that is called `c`, meet, and its values."""
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
            want(f"{condition} :{name}", **{name: times.to_text(moment)})
    if wanted.query:
        want(QUERY, folded=wanted.query.casefold(), number=parse_number(wanted.query))
    return " AND ".join(conditions), values


def counting(wanted: CaseFilter) -> tuple[str, str]:
    """Return what counts the wanted cases, and of which table: triggers keep count by store, status and severity."""
    others = wanted._replace(stores=None, store=None, status=None, severity=None)
    return ("sum(cases)", "counts") if others == CaseFilter() else ("count(*)", "cases")
