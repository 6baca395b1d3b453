"""The queue: a view, filters in the query string, or what a search finds."""

import re
from typing import Any, Final

import falcon

from supportcases.console.bulk import do_with_many
from supportcases.console.notices import leave
from supportcases.console.pages import Pages
from supportcases.console.request import FILTERS, ConsoleRequest
from supportcases.console.views import FIRST, title_of
from supportcases.console.who import go_to
from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.cases import Case, parse_number, parse_reference
from supportcases.domain.errors import CaseNotFound, InvalidInput
from supportcases.domain.queue import ME, NONE
from supportcases.web.auth import asker
from supportcases.web.forms import form_of

SHOWN: Final = re.compile(r"(\S*[^\s:]) ?(#\d+)")  # how the pages themselves write which case it is: acme #000005
EXCERPTS: Final = "excerpts"  # whether each row has a few words of the case
PAGE: Final = 50
MANY: Final = 100  # of a search for a number, among which its case is looked for


class Queue:
    """The cases: `/console/`."""

    def __init__(self, pages: Pages, *, max_body: int) -> None:
        """Show them on `pages`, and take forms of up to `max_body` bytes."""
        self._pages = pages
        self._desk = pages.desk
        self._max_body = max_body

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Show the cases that are asked for, or the one whose number was looked for."""
        actor = asker(req)
        asked = asked_of(req)
        if case := named_case(self._desk, actor, asked.get("query", "")):
            go_to(resp, req.link(f"cases/{case.store}/{case.number}"))
            return
        self._show(req, resp, asked)

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Do something with the cases that are ticked, and show the queue as it is then."""
        form = form_of(req, self._max_body)
        try:
            notice = do_with_many(self._desk, asker(req), form)
        except InvalidInput as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, asked_of(req), problem=str(error))
        else:
            leave(req, resp, notice)
            go_to(resp, req.onward(req.here))

    def _show(
        self, req: ConsoleRequest, resp: falcon.Response, asked: dict[str, Any], problem: str | None = None
    ) -> None:
        along = {EXCERPTS: "true"} if _given(req, EXCERPTS) == "true" else {}
        cursor, excerpts = _given(req, "cursor"), bool(along) or "query" in asked
        try:
            page = self._desk.queue(asker(req), limit=PAGE, cursor=cursor, excerpts=excerpts, **asked)
        except InvalidInput as error:
            page, problem = None, str(error)
            resp.status = falcon.HTTP_400
        more: dict[str, Any] = {"page": page, "problem": problem, "title": title_of(asked), "along": along}
        if req.get_header("X-Part"):
            self._pages.show(req, resp, "queue_rows.html", asked=asked, **more)
        else:
            more["assignees"] = assignees_of(self._desk, asker(req), asked.get("assignee"))
            self._pages.show_framed(req, resp, "queue.html", asked=asked, **more)


def asked_of(req: ConsoleRequest) -> dict[str, Any]:
    """Return what the queue is asked for: those who wait, where nothing is said."""
    asked = {name: value for name in FILTERS if (value := _given(req, name))}
    return asked or dict(FIRST.asked)


def assignees_of(desk: SupportDesk, actor: Actor, asked: str | None) -> list[str]:
    """Return whose cases can be asked for: nobody's, the asker's, the others', and those of whoever is asked for."""
    others = {*desk.assignees(actor)} - {actor.label} | {asked or ME}
    return [NONE, ME, *sorted(others - {ME, NONE})]


def _given(req: ConsoleRequest, name: str) -> str | None:
    """Return a parameter; one that is empty, as of a form whose field was left alone, was not given."""
    return req.parameters().get(name, [""])[-1].strip() or None


def named_case(desk: SupportDesk, actor: Actor, query: str) -> Case | None:
    """Return the case that a search names by store and number, or by a number that one visible case alone has."""
    query = SHOWN.sub(r"\1:\2", query) if SHOWN.fullmatch(query) else query
    named = parse_reference(query)
    if named is None or not (named.store or query.startswith("#")):
        return None
    if named.store:
        try:
            return desk.find(actor, query)
        except CaseNotFound:
            return None
    found = desk.queue(actor, query=query, limit=MANY).cases
    numbered = [case for case in found if case.number == parse_number(query)]
    return numbered[0] if len(numbered) == 1 and len(found) < MANY else None
