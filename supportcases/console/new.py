"""A case that the team opens on a store's behalf."""

from typing import Final

import falcon

from supportcases.console.files import Files
from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest
from supportcases.console.who import go_to
from supportcases.domain.errors import AttachmentsFull, InvalidInput, NotPermitted
from supportcases.web.auth import asker
from supportcases.web.forms import form_of

FIELDS: Final = ("store", "subject", "body", "author", "severity", "category")


class NewCase:
    """The form for it: `/console/new`."""

    def __init__(self, pages: Pages, files: Files, *, max_body: int) -> None:
        """Show it on `pages`, take forms of up to `max_body` bytes, and let `files` come with the case."""
        self._pages = pages
        self._files = files
        self._max_body = max_body

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Show the form; `store` may say for whom."""
        self._show(req, resp, {"store": req.parameters().get("store", [""])[-1]})

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Open the case and show it; what is refused is kept in the form."""
        form = form_of(req, self._max_body)
        sent = {name: form.text(name) for name in FIELDS}
        given = {name: value for name, value in sent.items() if value.strip()}
        attached = form.texts("attachments")
        try:
            case = self._pages.desk.open(asker(req), **{"store": "", "body": "", **given}, attachments=attached)
        except (InvalidInput, NotPermitted, AttachmentsFull) as error:
            resp.status = falcon.HTTP_409 if isinstance(error, AttachmentsFull) else falcon.HTTP_422
            self._show(req, resp, sent, str(error), attached)
        else:
            go_to(resp, req.link(f"cases/{case.store}/{case.number}"))

    def _show(
        self,
        req: ConsoleRequest,
        resp: falcon.Response,
        given: dict[str, str],
        problem: str | None = None,
        attached: tuple[str, ...] = (),
    ) -> None:
        composer = self._files.of_composer(req, given["store"].strip(), attached)
        self._pages.show_framed(req, resp, "new.html", asked={}, given=given, problem=problem, **composer)
