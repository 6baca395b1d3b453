"""The resources for the team's canned texts."""

from typing import Final

import falcon

from supportcases.domain.errors import InvalidInput
from supportcases.formats.report_json import text_text, texts_text
from supportcases.web import schemas, shapes
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest
from supportcases.web.response import send_text
from supportcases.web.support.cases import SupportResource

NEW_TEXT: Final = shapes.NewText()
CHANGE: Final = shapes.TextChange()


class CannedTexts(SupportResource):
    """The canned texts: `/support/texts`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List the canned texts, in the order of their names."""
        send_text(resp, texts_text(self._desk.texts(asker(req))))

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Add a canned text; only for a support key with the right admin."""
        actor = asker(req)
        actor.must_be_admin()
        text = self._desk.add_text(actor, **schemas.load(NEW_TEXT, req.json_object(self._max_body)))
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"{req.mounted_at}{req.uri_template}/{text.id}")
        send_text(resp, text_text(text))


class CannedTextItem(SupportResource):
    """One canned text: `/support/texts/{id}`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Return a canned text."""
        send_text(resp, text_text(self._desk.text(asker(req), id)))

    on_head = on_get

    def on_patch(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Change the name or the body of a canned text; only for a support key with the right admin."""
        actor = asker(req)
        actor.must_be_admin()
        change = schemas.load(CHANGE, req.json_object(self._max_body))
        if not change:
            raise InvalidInput({"request body": f"Must have at least one of {', '.join(CHANGE.fields)}."})
        send_text(resp, text_text(self._desk.change_text(actor, id, **change)))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Remove a canned text; only for a support key with the right admin."""
        self._desk.remove_text(asker(req), id)
        resp.status = falcon.HTTP_204
