"""Cases as CSV, a row each, for a spreadsheet: the one place that writes them so."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from supportcases.domain.cases import Case
from supportcases.domain.statistics import CaseFigures
from supportcases.domain.times import to_text

COLUMNS: Final = (
    *("store", "number", "id", "subject", "category", "severity", "status", "assignee"),
    *("createdAt", "firstAnswerAt", "secondsToFirstAnswer", "closedAt", "secondsToClose"),
    *("lastActivityAt", "waitingSince", "messages", "notes"),
)
# What a spreadsheet takes for a formula, or passes over before one (OWASP, «CSV Injection»)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
SECOND: Final = timedelta(seconds=1)
AT_ONCE: Final = 16_384  # characters that are handed on together


def written(rows: Iterable[tuple[Case, CaseFigures]]) -> Iterator[str]:
    """Yield the names of the columns and a row for each case, some rows at a time.

    Texts stand in quotes, whatever a spreadsheet takes to separate cells, and one that begins like a formula has a
    `'` before it.
    """
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    for case, figures in rows:
        writer.writerow(_row(case, figures))
        if lines.tell() >= AT_ONCE:
            yield lines.getvalue()
            lines.seek(0)
            lines.truncate()
    yield lines.getvalue()


def defused(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _row(case: Case, figures: CaseFigures) -> tuple[str | int | float, ...]:
    answered_after = figures.first_answer
    closed_after = case.closed_at - case.created_at if case.closed_at else None
    return (
        *(case.store, case.number, case.id, defused(case.subject)),
        *(str(case.category), str(case.severity), str(case.status), defused(case.assignee or "")),
        to_text(case.created_at),
        "" if answered_after is None else to_text(case.created_at + answered_after),
        "" if answered_after is None else answered_after / SECOND,
        to_text(case.closed_at) if case.closed_at else "",
        "" if closed_after is None else closed_after / SECOND,
        to_text(case.last_activity_at),
        to_text(case.waiting_since) if case.waiting_since else "",
        *(figures.messages, figures.notes),
    )
