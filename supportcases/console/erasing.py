"""Taking something out of a case for good, and holding what must stay."""

from typing import Any, Final

import falcon

from supportcases.console.erased import REASONS
from supportcases.console.notices import Notice, leave
from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest
from supportcases.console.who import go_to
from supportcases.domain.errors import AttachmentStoreNeeded, InvalidInput, OnHold, VacuumNeeded
from supportcases.web.auth import asker
from supportcases.web.forms import Form, form_of

FROM_WORDS: Final = ("message", "label", "attachment")  # what stands before a `:` and what is meant
WHOLE_STORE: Final = "store"
UNSURE: Final = "Must be ticked, since it cannot be taken back."


class ErasingPage:
    """What can be taken out of a case: `/console/cases/STORE/NUMBER/erase`."""

    def __init__(self, pages: Pages, *, max_body: int) -> None:
        """Show it on `pages`, and take forms of up to `max_body` bytes."""
        self._pages = pages
        self._desk = pages.desk
        self._max_body = max_body

    def on_get(self, req: ConsoleRequest, resp: falcon.Response, store: str, number: str) -> None:
        """Show what there is to be taken out, with what `what` names chosen, and what is held."""
        self._show(req, resp, f"{store}:{number}", chosen=req.parameters().get("what", [""])[-1])

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response, store: str, number: str) -> None:
        """Take out what was chosen, or hold or release the case or its store, and show the case as it is then."""
        form, ref = form_of(req, self._max_body), f"{store}:{number}"
        try:
            notice = self._held(req, ref, form) if "hold" in form else self._erased(req, ref, form)
        except (InvalidInput, OnHold, VacuumNeeded, AttachmentStoreNeeded) as error:
            resp.status = falcon.HTTP_422 if isinstance(error, InvalidInput) else falcon.HTTP_409
            self._show(req, resp, ref, problem=str(error), chosen=form.text("what"), reason=form.text("reason"))
        else:
            leave(req, resp, notice)
            go_to(resp, req.link(f"cases/{store}/{number}"))

    def _erased(self, req: ConsoleRequest, ref: str, form: Form) -> Notice:
        if form.text("sure") != "yes":
            raise InvalidInput({"the last box": UNSURE})
        what, _, named = form.text("what").partition(":")
        wanted: dict[str, Any] = {what: named} if what in FROM_WORDS else {"subject": what == "subject"}
        _, gone = self._desk.redact(asker(req), ref, reason=form.text("reason"), **wanted)
        return Notice("erased" if gone else "left")

    def _held(self, req: ConsoleRequest, ref: str, form: Form) -> Notice:
        case = self._desk.find(asker(req), ref)
        number = None if form.text("of") == WHOLE_STORE else case.number
        holds = form.text("hold") == "yes"
        change = self._desk.hold if holds else self._desk.release
        change(asker(req), case.store, number)
        if holds:
            return Notice("held")
        return Notice("stays" if self._desk.is_on_hold(asker(req), ref) and number else "released")

    def _show(
        self,
        req: ConsoleRequest,
        resp: falcon.Response,
        ref: str,
        *,
        problem: str | None = None,
        chosen: str = "",
        reason: str = "",
    ) -> None:
        actor = asker(req)
        thread = self._desk.get(actor, ref)
        messages, case = thread.messages, thread.case
        labels = {said.author_label for said in messages} | ({case.assignee} if case.assignee else set())
        self._pages.show_framed(
            req,
            resp,
            "erasing.html",
            asked={},
            case=case,
            messages=messages,
            labels=sorted(labels),
            files=[file for said in messages for file in said.attachments],
            reasons=REASONS,
            is_held=self._desk.is_on_hold(actor, ref),
            problem=problem,
            chosen=chosen,
            reason=reason,
        )
