"""Times as the console says them: spans, how long somebody has waited, and the days of the week."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from supportcases.console.marks import written
from supportcases.console.words import N_
from supportcases.domain.cases import Case, Severity

PATIENCE: Final = {  # hours from which on a wait is long, and too long
    Severity.CRITICAL: (1, 4),
    Severity.HIGH: (4, 24),
    Severity.NORMAL: (24, 72),
    Severity.LOW: (72, 168),
}
WEEKDAYS: Final = (
    *(N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday")),
)

Say = Callable[[str], str]  # a sentence in some language


def spelled(span: timedelta, say: Say = N_) -> str:
    """Write a span of time shortly: `4 d 3 h`, `5 h 09 m`, `12 m`; nothing where it is less than a minute."""
    minutes = max(0, int(span.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        days_and_hours = say(N_("%(days)d d %(hours)d h")) if hours and days < 3 else say(N_("%(days)d d"))
        return days_and_hours % {"days": days, "hours": hours}
    if hours:
        return say(N_("%(hours)d h %(minutes)02d m")) % {"hours": hours, "minutes": minutes}
    return say(N_("%(minutes)d m")) % {"minutes": minutes} if minutes else ""


class Wait(NamedTuple):
    """How long a merchant has waited, since when, and whether that is long for the severity: cool, warm or hot."""

    heat: str
    span: str
    since: str


def waited(case: Case, now: datetime, say: Say = N_) -> Wait:
    """Return how long the merchant of a case has waited."""
    since = case.waiting_since or now
    warm, hot = PATIENCE[case.severity]
    span = now - since
    hours = span.total_seconds() / 3600
    heat = "hot" if hours >= hot else "warm" if hours >= warm else "cool"
    return Wait(heat, spelled(span, say), written(since))
