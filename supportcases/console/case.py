"""A case: what happened to it, what is known of it, and the composer."""

import re
from collections.abc import Collection
from typing import Any, Final

import falcon

from supportcases.console.files import Files
from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest
from supportcases.console.texts import filled, values_of
from supportcases.console.timeline import SEARCHED, SHOWN, End, timeline_of
from supportcases.console.who import go_to
from supportcases.domain.errors import AttachmentsFull, CaseMoved, InvalidInput
from supportcases.domain.fields import CHANGES
from supportcases.web.auth import asker
from supportcases.web.forms import Form, form_of

OTHERS: Final = 5  # cases of the store that stand beside it
END: Final = re.compile("([0-9]{1,9})-([0-9]{1,9})")  # of a page of the timeline: entries of the history, messages
REVISION: Final = re.compile("[1-9][0-9]{0,17}")
NOTE: Final = "note"
ANSWER: Final = "answer"


class CasePage:
    """One case: `/console/cases/STORE/NUMBER`."""

    def __init__(self, pages: Pages, files: Files, *, max_body: int) -> None:
        """Show it on `pages` with its `files`, and take forms of up to `max_body` bytes."""
        self._pages = pages
        self._files = files
        self._desk = pages.desk
        self._max_body = max_body

    def on_get(self, req: ConsoleRequest, resp: falcon.Response, store: str, number: str) -> None:
        """Show the case; with `since` only whether it has moved since that revision."""
        ref = f"{store}:{number}"
        since = req.parameters().get("since")
        if since is None:
            self._show(req, resp, ref)
        elif self._desk.revision(asker(req), ref) == _revision(since[-1]):
            resp.status = falcon.HTTP_204
        else:
            self._pages.show(req, resp, "case_moved.html", timeline=timeline_of(self._desk, asker(req), ref))

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response, store: str, number: str) -> None:
        """Answer, add a note or change the case, and show it as it is then; the text of what is refused is kept."""
        form, ref = form_of(req, self._max_body), f"{store}:{number}"
        kept: dict[str, Any] = {
            "draft": form.text("body"),
            "kind": NOTE if form.text("kind") == NOTE else ANSWER,
            "attached": form.texts("attachments"),
        }
        try:
            if "body" in form:
                self._say(req, ref, form)
            else:
                self._change(req, ref, form)
        except CaseMoved:
            resp.status = falcon.HTTP_409
            self._show(req, resp, ref, moved=True, **kept)
        except (InvalidInput, AttachmentsFull) as error:
            resp.status = falcon.HTTP_422 if isinstance(error, InvalidInput) else falcon.HTTP_409
            self._show(req, resp, ref, problem=str(error), **kept)
        else:
            here = req.link(f"cases/{store}/{number}")
            go_to(resp, f"{here}#last" if "body" in form else here)

    def _say(self, req: ConsoleRequest, ref: str, form: Form) -> None:
        """Add a note, which may come late and harm nobody, or an answer to a case that has not moved meanwhile."""
        actor, body, files = asker(req), form.text("body"), form.texts("attachments")
        if form.text("kind") == NOTE:
            self._desk.note(actor, ref, body=body, attachments=files)
        else:
            close, seen = form.text("then") == "close", _seen(form)
            self._desk.answer(actor, ref, body=body, attachments=files, close=close, if_revision=seen)

    def _change(self, req: ConsoleRequest, ref: str, form: Form) -> None:
        change: dict[str, Any] = {name: form.text(name) for name in CHANGES if name in form}
        if "assignee" in form:
            change["assignee"] = form.text("assignee") or None
        self._desk.change(asker(req), ref, **change)

    def _show(
        self,
        req: ConsoleRequest,
        resp: falcon.Response,
        ref: str,
        *,
        moved: bool = False,
        problem: str | None = None,
        draft: str = "",
        kind: str = ANSWER,
        attached: tuple[str, ...] = (),
    ) -> None:
        actor, query = asker(req), req.parameters().get("query", [""])[-1].strip()
        end = END.fullmatch(req.parameters().get("until", [""])[-1])
        timeline = timeline_of(
            self._desk, actor, ref, End(*map(int, end.groups())) if end else None, most=SEARCHED if query else SHOWN
        )
        case, pages = timeline.case, self._pages
        values = values_of(timeline, actor, pages.now(), pages.language_of(req).say)
        others = self._desk.queue(actor, store=case.store, sort="activity", limit=OTHERS + 1).cases
        self._pages.show_framed(
            req,
            resp,
            "case.html",
            asked={"query": query} if query else {},
            case=case,
            query=query,
            timeline=timeline,
            others=[other for other in others if other.id != case.id][:OTHERS],
            assignees=sorted({*self._desk.assignees(actor), case.assignee or actor.label}),
            is_held=self._desk.is_on_hold(actor, ref),
            moved=moved,
            problem=problem,
            draft=draft,
            kind=kind,
            shown=self._files.shown(req, case, [step.message for step in timeline.steps if step.message]),
            **self._files.of_composer(req, case.store, attached),
            canned=[(text.name, filled(text.body, values)) for text in self._desk.texts(actor)],
        )


def _seen(form: Form) -> Collection[int] | None:
    """Return which revisions the case may have: the one that was looked at, where the form tells it."""
    return {_revision(form.text("revision"))} if "revision" in form else None


def _revision(text: str) -> int:
    """Return the revision that `text` writes; what is none is that of no case."""
    return int(text) if REVISION.fullmatch(text) else 0
