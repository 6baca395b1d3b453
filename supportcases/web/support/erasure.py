"""The resources by which something is taken out of a case for good, and by which something is held."""

from typing import Final

import falcon

from supportcases.domain import fields
from supportcases.domain.checking import checking
from supportcases.domain.erasure import Hold
from supportcases.domain.times import to_text
from supportcases.formats.case_json import to_json
from supportcases.web import schemas, shapes
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest
from supportcases.web.response import send_text
from supportcases.web.support.cases import SupportResource, revisions_of

NEW_REDACTION: Final = shapes.NewRedaction()
HOLD_QUERY: Final = shapes.HoldQuery()


class Redactions(SupportResource):
    """What was taken out of a case: `/support/cases/{id}/redactions`."""

    def on_post(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Take one thing out of a case for good: the text of a message, the subject, a label or a file."""
        wanted = schemas.load(NEW_REDACTION, req.json_object(self._max_body))
        case, gone = self._desk.redact(asker(req), id, **wanted, if_revision=revisions_of(req))
        resp.status = falcon.HTTP_201
        send_text(resp, f'{{"case":{self.writer.case(case)},"gone":{to_json(gone)}}}')


class CaseHold(SupportResource):
    """Whether a case is held: `/support/cases/{id}/hold`."""

    def on_put(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Let nothing of a case be erased until it is released."""
        req.body(self._max_body)
        case = self._desk.find(asker(req), id)
        send_text(resp, hold_text(self._desk.hold(asker(req), case.store, case.number)))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Hold a case no more; where its store is held it still is."""
        case = self._desk.find(asker(req), id)
        self._desk.release(asker(req), case.store, case.number)
        resp.status = falcon.HTTP_204


class StoreHold(SupportResource):
    """Whether all of a store is held: `/support/stores/{store}/hold`."""

    def on_put(self, req: ApiRequest, resp: falcon.Response, store: str) -> None:
        """Let nothing of a store be erased until it is released."""
        req.body(self._max_body)
        send_text(resp, hold_text(self._desk.hold(asker(req), _checked(store))))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, store: str) -> None:
        """Hold a store no more; cases of it that are held by themselves still are."""
        self._desk.release(asker(req), _checked(store))
        resp.status = falcon.HTTP_204


class Holds(SupportResource):
    """All that is held: `/support/holds`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List what is held, in the order of stores and numbers, a store as a whole first."""
        wanted = schemas.load_parameters(HOLD_QUERY, req.parameters())
        held = self._desk.holds(asker(req), **wanted)
        send_text(resp, f'{{"data":[{",".join(map(hold_text, held))}]}}')

    on_head = on_get


def hold_text(hold: Hold) -> str:
    """Write a hold."""
    return to_json({"store": hold.store, "number": hold.number, "heldAt": to_text(hold.held_at)})


def _checked(store: str) -> str:
    with checking() as check:
        return check("store", fields.STORE, store)


ROUTES_OF_ERASURE: Final[dict[str, type[SupportResource]]] = {
    "support/cases/{id}/redactions": Redactions,
    "support/cases/{id}/hold": CaseHold,
    "support/stores/{store}/hold": StoreHold,
    "support/holds": Holds,
}
