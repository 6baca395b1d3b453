"""The resources for the support team."""

import re
from collections.abc import Collection
from typing import Any, Final

import falcon

from supportcases.domain.actors import ActorKind
from supportcases.domain.errors import InvalidInput
from supportcases.formats.case_json import FOR_TEAM
from supportcases.formats.report_json import history_text, statistics_text, stores_text, views_text
from supportcases.storage.protocol import Answer
from supportcases.web import schemas, shapes
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest
from supportcases.web.resources import DeskResource
from supportcases.web.response import send, send_text

NEW_CASE: Final = shapes.NewSupportCase()
CHANGE: Final = shapes.SupportCaseChange()
MANY_CHANGE: Final = shapes.ManyCasesChange()
NEW_MESSAGE: Final = shapes.NewSupportMessage()
QUEUE_QUERY: Final = shapes.QueueQuery()
WHOLE_CASE_QUERY: Final = shapes.WholeCaseQuery()
HISTORY_QUERY: Final = shapes.HistoryQuery()
STATISTICS_QUERY: Final = shapes.StatisticsQuery()
STORE_QUERY: Final = shapes.SupportStoreQuery()

ETAG: Final = '"([1-9][0-9]{0,17})"'  # of a case: its revision, so that notes and assignments change it too


class SupportResource(DeskResource):
    """A resource for the support team."""

    side = ActorKind.SUPPORT
    writer = FOR_TEAM


class Queue(SupportResource):
    """The cases of all stores: `/support/cases`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List or search the cases of all stores, whoever waits first."""
        wanted = schemas.load_parameters(QUEUE_QUERY, req.parameters())
        send_text(resp, self.writer.page(self._desk.queue(asker(req), **wanted)))

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Open a case on a store's behalf."""
        actor = asker(req)
        new = schemas.load(NEW_CASE, req.json_object(self._max_body))
        actor.must_enter(new["store"])  # before a kept answer is looked for: the host may have narrowed the actor
        self._send_answer(req, resp, self._opened_once(req, actor, new))

    def on_patch(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Change many cases, and note the same on each, all at once; one that is not there is passed over."""
        change = schemas.load(MANY_CHANGE, req.json_object(self._max_body))
        if len(change) == 1:
            others = ", ".join(name for name in MANY_CHANGE.fields if name != "cases")
            raise InvalidInput({"request body": f"Must have at least one of {others}."})
        changed = self._desk.change_many(asker(req), change.pop("cases"), **change)
        send_text(resp, f'{{"data":{self.writer.cases(changed)}}}')


class QueuedCase(SupportResource):
    """One case: `/support/cases/{id}`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Return a case with its messages and notes, oldest first."""
        wanted = schemas.load_parameters(WHOLE_CASE_QUERY, req.parameters())
        if wanted.get("history"):
            thread, history = self._desk.whole_case(asker(req), id)
            parts = self.writer.thread(thread, f',"history":{history_text(history)}')
        else:
            thread = self._desk.get(asker(req), id)
            parts = self.writer.thread(thread)
        resp.etag = str(thread.revision)
        self._send_thread(req, resp, parts)

    on_head = on_get

    def on_patch(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Change a case's status, severity, category, assignee or subject."""
        actor = asker(req)
        change = schemas.load(CHANGE, req.json_object(self._max_body))
        if not change:
            raise InvalidInput({"request body": f"Must have at least one of {', '.join(CHANGE.fields)}."})
        with self._desk.repository.write():  # so that the tag is that of this very change
            case = self._desk.change(actor, id, **change, if_revision=revisions_of(req))
            revision = self._desk.revision(actor, case.id)
        resp.etag = str(revision)
        send_text(resp, self.writer.case(case))


class QueuedCaseMessages(SupportResource):
    """The thread of a case: `/support/cases/{id}/messages`."""

    def on_post(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Answer, or add an internal note."""
        actor = asker(req)
        new = schemas.load(NEW_MESSAGE, req.json_object(self._max_body))
        internal, close = new.pop("internal"), new.pop("close")
        if internal and close:
            raise InvalidInput({"close": "Must not be true with internal: a note changes nothing of the case."})
        revisions = revisions_of(req)

        def asked() -> dict[str, Any]:
            case = self._desk.find(actor, id)
            return {"operation": "note" if internal else "answer", "case": case.id, "close": close, **new}

        def say() -> Answer:
            if internal:
                said = self._desk.note(actor, id, **new, if_revision=revisions)
            else:
                said = self._desk.answer(actor, id, **new, close=close, if_revision=revisions)
            return Answer(201, self.writer.reply(said), case_id=said.case.id)

        self._send_answer(req, resp, self._retry(req, actor, asked).once(say))


class QueuedCaseHistory(SupportResource):
    """What happened to a case: `/support/cases/{id}/history`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Return who changed what of a case, when, from what to what, oldest first."""
        wanted = schemas.load_parameters(HISTORY_QUERY, req.parameters())
        send_text(resp, history_text(self._desk.history(asker(req), id, **wanted)))

    on_head = on_get


class DeskStatistics(SupportResource):
    """How the desk is doing: `/support/stats`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Count the cases opened in a window, and tell how long answers and closings took."""
        wanted = schemas.load_parameters(STATISTICS_QUERY, req.parameters())
        send_text(resp, statistics_text(self._desk.stats(asker(req), **wanted)))

    on_head = on_get


class Views(SupportResource):
    """How many cases each view of the queue has: `/support/views`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Count the cases of each view that an agent works in: waiting, one's own, nobody's, and so on."""
        send_text(resp, views_text(self._desk.views(asker(req))))

    on_head = on_get


class Assignees(SupportResource):
    """Whom cases may be given to: `/support/assignees`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List the labels of those whom a case may be given to: of the asker, and of who has a support key."""
        send(resp, {"data": self._desk.assignees(asker(req))})

    on_head = on_get


class Stores(SupportResource):
    """The stores that have cases: `/support/stores`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List the stores with how many of their cases have each status, newest activity first."""
        wanted = schemas.load_parameters(STORE_QUERY, req.parameters())
        send_text(resp, stores_text(self._desk.stores(asker(req), **wanted)))

    on_head = on_get


def revisions_of(req: ApiRequest) -> Collection[int] | None:
    """Return the revisions that `If-Match` allows; None is any (RFC 9110, section 13.1.1).

    What is no tag of ours allows none: a condition that is not understood must not be passed over.
    """
    condition = req.get_header("If-Match", default="*").strip(" \t")
    if condition == "*":
        return None
    tags = [re.fullmatch(ETAG, tag.strip(" \t")) for tag in condition.split(",")]  # Falcon's parser loses the quotes
    return {int(tag[1]) for tag in tags if tag}
