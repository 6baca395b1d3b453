"""A merchant's cases: the list, the form for a new one, and one of them with its messages."""

import re
from typing import Any, Final

import falcon

from supportcases.console.files import Files
from supportcases.console.merchant.errors import sentence_of
from supportcases.console.merchant.pages import Pages, link
from supportcases.console.who import go_to
from supportcases.console.words import N_
from supportcases.domain import fields
from supportcases.domain.cases import Status
from supportcases.domain.errors import AttachmentsFull, InvalidInput, ThreadFull, TooManyCases
from supportcases.web.auth import asker
from supportcases.web.forms import Form, form_of
from supportcases.web.request import ApiRequest

PAGE: Final = 20
PLACE: Final = re.compile("[1-9][0-9]{0,5}")  # a page of the list
MOST_SHOWN: Final = 100  # messages of a long thread, unless all of it is asked for
MAX_BODY: Final = 1_048_576  # bytes of a form
# after which the form is shown again, with its text
REFUSALS: Final = (AttachmentsFull, InvalidInput, ThreadFull, TooManyCases)

FIELDS: Final = ("subject", "body", "severity", "category")  # of a new case
USUAL: Final = {"severity": fields.DEFAULT_SEVERITY, "category": fields.DEFAULT_CATEGORY}

SUPPORT: Final = N_("Support")
NEW_CASE: Final = N_("New case")
BODY: Final = N_("Write %(least)d to %(most)d characters, please.")
SUBJECT: Final = N_("The subject is to be one line of %(least)d to %(most)d characters.")
FILES: Final = N_("A file cannot be sent with this any more; attach it anew.")


class CaseList:
    """The merchant's cases: `/`."""

    def __init__(self, pages: Pages) -> None:
        """Show them on `pages`."""
        self._pages = pages

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Show those that are asked for, newest activity first, and how many wait for the merchant."""
        parameters = req.parameters()
        asked = {name: parameters.get(name, [""])[-1].strip() for name in ("query", "status")}
        wanted = {name: text for name, text in asked.items() if text}
        place = _place(parameters.get("page", ["1"])[-1])
        desk, actor = self._pages.desk, asker(req)
        found = desk.list(actor, limit=PAGE, offset=(place - 1) * PAGE, **wanted)
        self._pages.show(
            req,
            resp,
            "list.html",
            title=self._pages.say(req, SUPPORT),
            asked=asked,
            wanted=wanted,
            found=found,
            your_turn=desk.list(actor, limit=1, status=Status.ANSWERED).count,
            newer=place - 1,
            older=place + 1 if place * PAGE < found.count else 0,
        )

    on_head = on_get


class NewCase:
    """The form for a new case: `/new`."""

    def __init__(self, pages: Pages, files: Files) -> None:
        """Show it on `pages`, with `files`."""
        self._pages = pages
        self._files = files

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Show the form."""
        self._show(req, resp, dict.fromkeys(FIELDS, "") | USUAL)

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Open the case and show it; what is refused is kept in the form."""
        form = form_of(req, MAX_BODY)
        sent = {name: form.text(name) for name in FIELDS}
        given = {name: value for name, value in sent.items() if value.strip()}
        attached = form.texts("attachments")
        try:
            case = self._pages.desk.open(asker(req), **{"body": "", **given}, attachments=attached)
        except REFUSALS as error:
            resp.status = _status_of(error)
            self._show(req, resp, sent, problem_of(self._pages, req, error, fields.CASE_BODY), attached)
        else:
            go_to(resp, link(req, case.number))

    def _show(
        self,
        req: ApiRequest,
        resp: falcon.Response,
        given: dict[str, str],
        problem: str | None = None,
        attached: tuple[str, ...] = (),
    ) -> None:
        title = self._pages.say(req, NEW_CASE)
        composer = self._files.of_composer(req, asker(req).store, attached)
        self._pages.show(req, resp, "new.html", title=title, given=given, problem=problem, **composer)


class CasePage:
    """One case: `/NUMBER`."""

    def __init__(self, pages: Pages, files: Files) -> None:
        """Show it on `pages`, with `files`."""
        self._pages = pages
        self._files = files
        self._desk = pages.desk

    def on_get(self, req: ApiRequest, resp: falcon.Response, number: str) -> None:
        """Show the case."""
        self._show(req, resp, number)

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response, number: str) -> None:
        """Reply, close or reopen, and show the case as it is then; the text of what is refused is kept."""
        form = form_of(req, MAX_BODY)
        try:
            self._do(req, number, form)
        except REFUSALS as error:
            resp.status = _status_of(error)
            problem = problem_of(self._pages, req, error, fields.REPLY_BODY)
            self._show(req, resp, number, form.texts("attachments"), problem=problem, draft=form.text("body"))
        else:
            go_to(resp, link(req, number) + "#sc-last")

    def _do(self, req: ApiRequest, number: str, form: Form) -> None:
        """Do what the button says; what was written or attached goes with it, and is not lost."""
        actor, body, wanted = asker(req), form.text("body"), form.text("do")
        attached = form.texts("attachments")
        with self._desk.repository.write():
            if body.strip() or attached or wanted not in ("close", "reopen"):
                self._desk.reply(actor, number, body=body, attachments=attached)
            if wanted == "close":
                self._desk.close(actor, number)
            if wanted == "reopen":
                self._desk.reopen(actor, number)

    def _show(
        self, req: ApiRequest, resp: falcon.Response, number: str, attached: tuple[str, ...] = (), **kept: Any
    ) -> None:
        case, messages, _ = self._desk.get(asker(req), number)
        earlier = 0 if "all" in req.parameters() else max(0, len(messages) - MOST_SHOWN)
        messages = messages[earlier:]
        shown = {"case": case, "messages": messages, "earlier": earlier, "problem": None, "draft": ""}
        files = {"shown": self._files.shown(req, case, messages)}
        files |= self._files.of_composer(req, case.store, attached)
        self._pages.show(req, resp, "case.html", title=case.subject, **{**shown, **files, **kept})


def problem_of(pages: Pages, req: ApiRequest, error: Exception, body: fields.TextRule) -> str:
    """Return what is wrong with a form, as a merchant reads it; `body` is the rule of its text."""
    problems = error.problems if isinstance(error, InvalidInput) else {}
    for name, sentence, rule in (("subject", SUBJECT, fields.SUBJECT), ("body", BODY, body)):
        if name in problems:
            return pages.say(req, sentence) % {"least": rule.shortest, "most": rule.longest}
    if "attachments" in problems:
        return pages.say(req, FILES)
    return pages.say(req, sentence_of(error))


def _status_of(error: Exception) -> str:
    return falcon.HTTP_422 if isinstance(error, InvalidInput) else falcon.HTTP_409


def _place(text: str) -> int:
    return int(text) if PLACE.fullmatch(text) else 1
