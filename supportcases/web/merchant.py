"""The resources for merchants."""

from typing import Any, Final

import falcon

from supportcases.actors import ActorKind
from supportcases.cases import Status, Thread
from supportcases.repository import Answer
from supportcases.web import schemas
from supportcases.web.answers import send, send_answer, to_json
from supportcases.web.auth import asker
from supportcases.web.requests import ApiRequest
from supportcases.web.resources import DeskResource

NEW_CASE: Final = schemas.NewCase()
CASE_CHANGE: Final = schemas.CaseChange()
NEW_REPLY: Final = schemas.NewReply()
CASE_QUERY: Final = schemas.CaseQuery()
CASE: Final = schemas.CaseOut()
MESSAGE: Final = schemas.MessageOut()
CASE_LIST: Final = schemas.CaseList()
REPLY: Final = schemas.ReplyOut()


class MerchantResource(DeskResource):
    """A resource for merchants."""

    side = ActorKind.MERCHANT


class CaseCollection(MerchantResource):
    """All cases of the store: `/support-cases`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List or search the store's cases, newest activity first."""
        wanted = schemas.load_parameters(CASE_QUERY, req.parameters())
        page = self._desk.list(asker(req), **wanted)
        send(resp, CASE_LIST.dump({"cases": page.cases, "meta": page}))

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Open a case."""
        actor = asker(req)
        new = schemas.load(NEW_CASE, req.json_object(self._max_body))
        cases = f"{req.mounted_at}{req.uri_template}"

        def open_case() -> Answer:
            case = self._desk.open(actor, **new)
            return Answer(201, to_json(CASE.dump(case)), f"{cases}/{case.id}")

        send_answer(resp, self._opened_once(req, actor, new, open_case))


class CaseItem(MerchantResource):
    """One case: `/support-cases/{id_or_number}`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id_or_number: str) -> None:
        """Return a case with its messages, oldest first."""
        send(resp, thread_json(self._desk.get(asker(req), id_or_number)))

    on_head = on_get

    def on_patch(self, req: ApiRequest, resp: falcon.Response, id_or_number: str) -> None:
        """Close or reopen a case."""
        actor = asker(req)
        change = schemas.load(CASE_CHANGE, req.json_object(self._max_body))
        act = self._desk.close if change["status"] is Status.CLOSED else self._desk.reopen
        send(resp, CASE.dump(act(actor, id_or_number)))


class CaseMessages(MerchantResource):
    """The thread of a case: `/support-cases/{id_or_number}/messages`."""

    def on_post(self, req: ApiRequest, resp: falcon.Response, id_or_number: str) -> None:
        """Reply; an answered or closed case is open again."""
        actor = asker(req)
        new = schemas.load(NEW_REPLY, req.json_object(self._max_body))

        def asked() -> dict[str, str]:
            return {"operation": "reply", "case": self._desk.find(actor, id_or_number).id, **new}

        def reply() -> Answer:
            added = self._desk.reply(actor, id_or_number, **new)
            return Answer(201, to_json(REPLY.dump({"message": added.message, "status": added.case.status})))

        send_answer(resp, self._retry(req, actor, asked).once(reply))


def thread_json(thread: Thread) -> dict[str, Any]:
    """Return a case with its messages, as `ThreadOut` describes it."""
    return {**CASE.dump(thread.case), "messages": MESSAGE.dump(thread.messages, many=True)}
