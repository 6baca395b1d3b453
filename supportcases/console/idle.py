"""Answered cases that went quiet: which they are, and closing those that are ticked, as `close-idle` does."""

from datetime import timedelta
from typing import Any, Final

import falcon

from supportcases.console.notices import Notice, leave
from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest
from supportcases.console.who import go_to
from supportcases.desk.triage import idle_notice
from supportcases.domain.checking import checking
from supportcases.domain.errors import InvalidInput
from supportcases.domain.fields import DAYS, DEFAULT_IDLE_DAYS
from supportcases.web.auth import asker
from supportcases.web.forms import form_of

MOST: Final = 100  # cases that are listed, and closed, at once


class IdlePage:
    """The cases that went quiet: `/console/idle`."""

    def __init__(self, pages: Pages, *, max_body: int) -> None:
        """Show them on `pages`, and take forms of up to `max_body` bytes."""
        self._pages = pages
        self._desk = pages.desk
        self._max_body = max_body

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """List those that have been quiet for so many days, the longest quiet first; nothing is closed."""
        days = _sent(req, "days") or str(DEFAULT_IDLE_DAYS)
        try:
            self._show(
                req, resp, days=days, cases=self._desk.idle(asker(req), answered_for=_span(days), limit=MOST + 1)
            )
        except InvalidInput as error:
            resp.status = falcon.HTTP_400
            self._show(req, resp, days=days, problem=str(error))

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Close those that are ticked and still quiet, and list what is left."""
        form = form_of(req, self._max_body)
        days, ticked = form.text("days"), form.texts("case")
        try:
            span = _span(days)
            closed = self._desk.close_idle(asker(req), answered_for=span, cases=ticked) if ticked else ()
        except InvalidInput as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, days=days, problem=str(error))
        else:
            leave(
                req, resp, Notice("idle", len(closed), len(set(ticked)) - len(closed)) if ticked else Notice("nothing")
            )
            go_to(resp, req.link("idle", days=days))

    def _show(
        self,
        req: ConsoleRequest,
        resp: falcon.Response,
        *,
        days: str,
        cases: tuple[Any, ...] | None = None,
        problem: str | None = None,
    ) -> None:
        self._pages.show_framed(
            req,
            resp,
            "idle.html",
            asked={},
            days=days,
            cases=cases[:MOST] if cases is not None else None,
            is_all=cases is None or len(cases) <= MOST,
            words=idle_notice(_span(days)) if cases else None,
            problem=problem,
        )


def _span(days: str) -> timedelta:
    """Return so many days.

    Raises:
        InvalidInput: They are no number of days, or too many.
    """
    with checking() as check:
        number = check("days", DAYS, _count(days))
    return timedelta(days=number)


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _sent(req: ConsoleRequest, name: str) -> str:
    return req.parameters().get(name, [""])[-1].strip()
