"""What the resources of both sides share: the desk, who may come, and requests that may come more than once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import falcon

from supportcases.desk import SupportDesk
from supportcases.desk.idempotency import IdempotentRequest
from supportcases.domain import fields
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.checking import checking
from supportcases.formats.case_json import CaseJson
from supportcases.storage.protocol import Answer
from supportcases.web.attachment_urls import AttachmentUrls
from supportcases.web.request import ApiRequest
from supportcases.web.response import send_answer, send_parts


class DeskResource:
    """A resource that asks the desk, for one side of it."""

    side: ActorKind  # `supportcases.web.auth` lets nobody else in
    writer: ClassVar[CaseJson]

    def __init__(self, desk: SupportDesk, *, max_body: int, urls: AttachmentUrls) -> None:
        """Take bodies of up to `max_body` bytes; `urls` makes those of files."""
        self._desk = desk
        self._max_body = max_body
        self._urls = urls

    def _send_answer(self, req: ApiRequest, resp: falcon.Response, answer: Answer) -> None:
        """Send an answer, also one that was kept: the URLs of its files are made anew each time."""
        send_answer(resp, answer._replace(body=self._urls.filled(answer.body, req, self.side)))

    def _send_thread(self, req: ApiRequest, resp: falcon.Response, parts: Iterable[str]) -> None:
        """Send a case with its messages, and the URLs of their files."""
        send_parts(resp, (self._urls.filled(part, req, self.side) for part in parts))

    def _retry(self, req: ApiRequest, actor: Actor, asked: Callable[[], Mapping[str, Any]]) -> IdempotentRequest:
        """Return the request as one that may come again with the same `Idempotency-Key`, from the same side.

        A merchant's keys are those of the store, a support key's its own.
        """
        key = req.env.get("HTTP_IDEMPOTENCY_KEY")
        if key is not None:
            with checking() as check:
                key = check("Idempotency-Key", fields.IDEMPOTENCY_KEY, key)
        repository, clock = self._desk.repository, self._desk.clock
        return IdempotentRequest(repository, scope=actor.scope, key=key, asked=asked, clock=clock)

    def _opened_once(self, req: ApiRequest, actor: Actor, new: dict[str, Any]) -> Answer:
        """Open a case and return the answer, or the one kept before; a subject that is missing is put into `new`."""

        def open_case() -> Answer:
            case = self._desk.open(actor, **new)
            return Answer(201, self.writer.case(case), f"{req.mounted_at}{req.uri_template}/{case.id}", case_id=case.id)

        asked = {"operation": "open", **new}
        retry = self._retry(req, actor, lambda: asked)
        answer = retry.kept()
        if answer is None:
            # here, and not in the transaction that keeps the answer: the host's subject maker may take its time
            if "subject" not in new:
                new["subject"] = self._desk.subject_for(new["body"])
            answer = retry.once(open_case)
        return answer
