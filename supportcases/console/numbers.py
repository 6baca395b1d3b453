"""The numbers: what is open, who has waited longest, how long answers and closings took, and cases a day."""

from datetime import timedelta
from typing import Final, NamedTuple

import falcon

from supportcases.console.charts import Bar, chart
from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest
from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.cases import Case, Category, Severity, Status
from supportcases.domain.statistics import Spread
from supportcases.web.auth import asker

WINDOWS: Final = {"7": 7, "30": 30, "90": 90}  # days
USUAL: Final = "30"


class Took(NamedTuple):
    """How long something took: half of them, and nine of ten, no longer than that."""

    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    median: timedelta
    p90: timedelta


class Numbers:
    """How the desk is doing: `/console/numbers`."""

    def __init__(self, pages: Pages) -> None:
        """Show it on `pages`."""
        self._pages = pages
        self._desk = pages.desk

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Show what waits now, and the numbers of the cases that were opened in the last `days`."""
        actor = asker(req)
        asked = req.parameters().get("days", [USUAL])[-1]
        window = asked if asked in WINDOWS else USUAL
        midnight = self._pages.now().replace(hour=0, minute=0, second=0, microsecond=0)
        days = [midnight - timedelta(days=past) for past in reversed(range(WINDOWS[window]))]
        stats = self._desk.stats(actor, created_after=days[0])
        waiting, oldest = waiting_now(self._desk, actor)

        def opened(**wanted: object) -> int:
            return self._desk.queue(actor, limit=1, **wanted).count  # type: ignore[arg-type]

        self._pages.show_framed(
            req,
            resp,
            "numbers.html",
            asked={},
            windows=WINDOWS,
            window=window,
            waiting=waiting,
            oldest=oldest,
            opened=sum(sum(counts.values()) for counts in stats.counts.values()),
            first_answer=took(stats.first_answer),
            closing=took(stats.time_to_close),
            days=chart(
                (f"{day:%Y-%m-%d}", opened(created_after=day, created_before=day + timedelta(days=1))) for day in days
            ),
            categories=chart((each, opened(created_after=days[0], category=each)) for each in Category),
        )

    on_head = on_get


def waiting_now(desk: SupportDesk, actor: Actor) -> tuple[tuple[Bar, ...], Case | None]:
    """Return how many cases of each severity wait, and the one that has waited longest."""
    pages = {each: desk.queue(actor, status=Status.OPEN, severity=each, limit=1) for each in Severity}
    longest = [case for page in pages.values() for case in page.cases]
    oldest = min(longest, key=lambda case: case.waiting_since or case.created_at, default=None)
    return chart((severity, page.count) for severity, page in pages.items()), oldest


def took(spread: Spread) -> Took:
    """Return how some durations are spread."""
    return Took(spread.count, timedelta(seconds=spread.median or 0), timedelta(seconds=spread.p90 or 0))
