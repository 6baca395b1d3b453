"""The resources for merchants."""

from typing import Final

import falcon

from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import Status
from supportcases.formats.case_json import FOR_MERCHANTS
from supportcases.storage.protocol import Answer
from supportcases.web import schemas, shapes
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest
from supportcases.web.resources import DeskResource
from supportcases.web.response import send_text

NEW_CASE: Final = shapes.NewCase()
CASE_CHANGE: Final = shapes.CaseChange()
NEW_REPLY: Final = shapes.NewReply()
CASE_QUERY: Final = shapes.CaseQuery()


class MerchantResource(DeskResource):
    """A resource for merchants."""

    side = ActorKind.MERCHANT
    writer = FOR_MERCHANTS


class CaseCollection(MerchantResource):
    """All cases of the store: `/support-cases`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List or search the store's cases, newest activity first."""
        wanted = schemas.load_parameters(CASE_QUERY, req.parameters())
        send_text(resp, self.writer.page(self._desk.written_list(asker(req), **wanted)))

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Open a case."""
        actor = asker(req)
        new = schemas.load(NEW_CASE, req.json_object(self._max_body))
        self._send_answer(req, resp, self._opened_once(req, actor, new))


class CaseItem(MerchantResource):
    """One case: `/support-cases/{id_or_number}`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id_or_number: str) -> None:
        """Return a case with its messages, oldest first."""
        self._send_thread(req, resp, self.writer.thread(self._desk.written_thread(asker(req), id_or_number)))

    on_head = on_get

    def on_patch(self, req: ApiRequest, resp: falcon.Response, id_or_number: str) -> None:
        """Close or reopen a case."""
        actor = asker(req)
        change = schemas.load(CASE_CHANGE, req.json_object(self._max_body))
        act = self._desk.close if change["status"] is Status.CLOSED else self._desk.reopen
        send_text(resp, self.writer.case(act(actor, id_or_number)))


class CaseMessages(MerchantResource):
    """The thread of a case: `/support-cases/{id_or_number}/messages`."""

    def on_post(self, req: ApiRequest, resp: falcon.Response, id_or_number: str) -> None:
        """Reply; an answered or closed case is open again."""
        actor = asker(req)
        new = schemas.load(NEW_REPLY, req.json_object(self._max_body))

        def asked() -> dict[str, str]:
            return {"operation": "reply", "case": self._desk.find(actor, id_or_number).id, **new}

        def reply() -> Answer:
            said = self._desk.reply(actor, id_or_number, **new)
            return Answer(201, self.writer.reply(said), case_id=said.case.id)

        self._send_answer(req, resp, self._retry(req, actor, asked).once(reply))
