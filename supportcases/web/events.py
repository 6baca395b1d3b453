"""The resources of the change feed, one for each side."""

from typing import ClassVar, Final

import falcon

from supportcases.domain.actors import ActorKind
from supportcases.formats.feed_json import feed_text
from supportcases.web import schemas, shapes
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest
from supportcases.web.resources import DeskResource
from supportcases.web.response import send_text

PAUSE: Final = "2"  # seconds that whoever has seen all waits at least


class Feed(DeskResource):
    """What happened to the cases of one side, oldest first."""

    query: ClassVar[schemas.Query]

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List what happened after a cursor; with `meta.next` one goes on, and at the end asks again a little later."""
        wanted = schemas.load_parameters(self.query, req.parameters())
        page = self._desk.written_events(asker(req), **wanted)
        send_text(resp, feed_text(page, self.side))
        resp.set_header("Cache-Control", "no-store")
        if page.end:
            resp.set_header("Retry-After", PAUSE)

    on_head = on_get


class MerchantFeed(Feed):
    """What happened to the cases of the store: `/support-cases/events`."""

    side = ActorKind.MERCHANT
    query = shapes.FeedQuery()


class SupportFeed(Feed):
    """What happened to the cases of all stores: `/support/events`."""

    side = ActorKind.SUPPORT
    query = shapes.SupportFeedQuery()
