"""The team's canned texts: listed for all of it, written by those with the right admin, and filled in for a case."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import falcon

from supportcases.console.notices import Notice, leave
from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest
from supportcases.console.spans import WEEKDAYS, Say
from supportcases.console.timeline import Timeline
from supportcases.console.who import go_to
from supportcases.domain.actors import Actor
from supportcases.domain.errors import InvalidInput, TooManyTexts
from supportcases.domain.texts import CannedText
from supportcases.web.auth import asker
from supportcases.web.forms import Form, form_of

VARIABLE: Final = re.compile(r"\{([a-z]+)\}")


class TextsPage:
    """The canned texts: `/console/texts`."""

    def __init__(self, pages: Pages, *, max_body: int) -> None:
        """Show them on `pages`, and take forms of up to `max_body` bytes."""
        self._pages = pages
        self._desk = pages.desk
        self._max_body = max_body

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """List them, with a form for each where the asker may write them."""
        self._show(req, resp)

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Add, change or remove one; what is refused is kept in its form."""
        form = form_of(req, self._max_body)
        try:
            notice = self._write(asker(req), form)
        except (InvalidInput, TooManyTexts) as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, str(error), CannedText(form.text("id"), form.text("name"), form.text("body")))
        else:
            leave(req, resp, notice)
            go_to(resp, req.link("texts"))

    def _write(self, actor: Actor, form: Form) -> Notice:
        text_id, given = form.text("id"), {"name": form.text("name"), "body": form.text("body")}
        if form.text("do") == "remove":
            self._desk.remove_text(actor, text_id)
            return Notice("removed")
        if text_id:
            self._desk.change_text(actor, text_id, **given)
            return Notice("saved")
        self._desk.add_text(actor, **given)
        return Notice("added")

    def _show(
        self, req: ConsoleRequest, resp: falcon.Response, problem: str | None = None, kept: CannedText | None = None
    ) -> None:
        texts = self._desk.texts(asker(req))
        self._pages.show_framed(req, resp, "texts.html", asked={}, texts=texts, problem=problem, kept=kept)


def values_of(timeline: Timeline, actor: Actor, now: datetime, say: Say) -> dict[str, str]:
    """Return what the variables of a canned text are for a case, in the language in which `say` says things."""
    return {
        "author": timeline.author,
        "number": f"#{timeline.case.number:06}",
        "subject": timeline.case.subject,
        "agent": actor.label,
        "tomorrow": say(WEEKDAYS[(now + timedelta(days=1)).weekday()]),
    }


def filled(body: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables filled in; what is none stays as it is."""
    return VARIABLE.sub(lambda found: values.get(found[1], found[0]), body)
