"""The resources for merchants."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import falcon

from supportcases import fields
from supportcases.actors import Actor
from supportcases.cases import Status, Thread
from supportcases.desk import SupportDesk
from supportcases.fields import checking
from supportcases.replays import Retry
from supportcases.repository import Answer
from supportcases.web import schemas
from supportcases.web.answers import send, send_answer, to_json
from supportcases.web.auth import merchant
from supportcases.web.requests import ApiRequest

NEW_CASE: Final = schemas.NewCase()
CASE_CHANGE: Final = schemas.CaseChange()
NEW_REPLY: Final = schemas.NewReply()
CASE_QUERY: Final = schemas.CaseQuery()
CASE: Final = schemas.CaseOut()
MESSAGE: Final = schemas.MessageOut()
CASE_LIST: Final = schemas.CaseList()
REPLY: Final = schemas.ReplyOut()


class DeskResource:
    """A resource that asks the desk."""

    def __init__(self, desk: SupportDesk, *, max_body: int) -> None:
        """Take bodies of up to `max_body` bytes."""
        self._desk = desk
        self._max_body = max_body


class CaseCollection(DeskResource):
    """All cases of the store: `/support-cases`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List or search the store's cases, newest activity first."""
        wanted = schemas.load_parameters(CASE_QUERY, req.parameters())
        page = self._desk.list(merchant(req), **wanted)
        send(resp, CASE_LIST.dump({"cases": page.cases, "meta": page}))

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Open a case."""
        actor = merchant(req)
        new = schemas.load(NEW_CASE, req.json_object(self._max_body))
        cases = f"{req.mounted_at}{req.uri_template}"
        asked = {"operation": "open", **new}
        retry = retry_of(req, self._desk, actor, lambda: asked)

        def open_case() -> Answer:
            case = self._desk.open(actor, **new)
            return Answer(201, to_json(CASE.dump(case)), f"{cases}/{case.id}")

        answer = retry.kept()
        if answer is None:
            # here, and not in the transaction that keeps the answer: the host's subject maker may take its time
            if "subject" not in new:
                new["subject"] = self._desk.subject_for(new["body"])
            answer = retry.once(open_case)
        send_answer(resp, answer)


class CaseItem(DeskResource):
    """One case: `/support-cases/{id_or_number}`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id_or_number: str) -> None:
        """Return a case with its messages, oldest first."""
        send(resp, thread_json(self._desk.get(merchant(req), id_or_number)))

    on_head = on_get

    def on_patch(self, req: ApiRequest, resp: falcon.Response, id_or_number: str) -> None:
        """Close or reopen a case."""
        actor = merchant(req)
        change = schemas.load(CASE_CHANGE, req.json_object(self._max_body))
        act = self._desk.close if change["status"] is Status.CLOSED else self._desk.reopen
        send(resp, CASE.dump(act(actor, id_or_number)))


class CaseMessages(DeskResource):
    """The thread of a case: `/support-cases/{id_or_number}/messages`."""

    def on_post(self, req: ApiRequest, resp: falcon.Response, id_or_number: str) -> None:
        """Reply; an answered or closed case is open again."""
        actor = merchant(req)
        new = schemas.load(NEW_REPLY, req.json_object(self._max_body))

        def asked() -> dict[str, str]:
            return {"operation": "reply", "case": self._desk.find(actor, id_or_number).id, **new}

        def reply() -> Answer:
            added = self._desk.reply(actor, id_or_number, **new)
            return Answer(201, to_json(REPLY.dump({"message": added.message, "status": added.case.status})))

        send_answer(resp, retry_of(req, self._desk, actor, asked).once(reply))


def thread_json(thread: Thread) -> dict[str, Any]:
    """Return a case with its messages, as `ThreadOut` describes it."""
    return {**CASE.dump(thread.case), "messages": MESSAGE.dump(thread.messages, many=True)}


def retry_of(req: ApiRequest, desk: SupportDesk, actor: Actor, asked: Callable[[], Mapping[str, str]]) -> Retry:
    """Return the request as one that may come again with the same `Idempotency-Key`, within its store."""
    key = req.env.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None:
        with checking() as check:
            key = check("Idempotency-Key", fields.IDEMPOTENCY_KEY, key)
    return Retry(desk.repository, scope=f"store:{actor.store}", key=key, asked=asked, clock=desk.clock)
