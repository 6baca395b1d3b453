"""The resources of webhooks, of each side: endpoints that are told what happens, and what was delivered to them."""

import re
from typing import Any, Final, NamedTuple

import falcon

from supportcases.desk import SupportDesk
from supportcases.domain.actors import ActorKind
from supportcases.domain.endpoints import Delivery, NewSecret, Webhook
from supportcases.domain.errors import InvalidInput, WebhookNotFound
from supportcases.formats.webhook_json import deliveries_text, delivery_text, webhook_text, webhooks_text
from supportcases.web import schemas
from supportcases.web import webhook_shapes as shapes
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest
from supportcases.web.resources import DeskResource
from supportcases.web.response import send_text

DELIVERY_QUERY: Final = shapes.DeliveryQuery()
NUMBER: Final = re.compile("[1-9][0-9]{0,14}", re.ASCII)  # of a delivery, as its JSON has it


class Shapes(NamedTuple):
    """What may come in from one side."""

    query: schemas.Query
    new: schemas.Input
    change: schemas.Input


SHAPES: Final = {
    ActorKind.MERCHANT: Shapes(shapes.WebhookQuery(), shapes.NewWebhook(), shapes.WebhookChange()),
    ActorKind.SUPPORT: Shapes(shapes.SupportWebhookQuery(), shapes.NewSupportWebhook(), shapes.SupportWebhookChange()),
}


class WebhookResource(DeskResource):
    """A resource of webhooks: to a merchant those of the store, to the team those of the stores that it serves."""

    def __init__(self, desk: SupportDesk, *, side: ActorKind, **shared: Any) -> None:
        """Serve that side; the rest is what every resource takes."""
        super().__init__(desk, **shared)
        self.side = side
        self._shapes = SHAPES[side]

    def _send(self, resp: falcon.Response, webhook: Webhook) -> None:
        send_text(resp, webhook_text(webhook, self.side))

    def _send_secret(self, resp: falcon.Response, new: NewSecret) -> None:
        send_text(resp, webhook_text(new.webhook, self.side, new.secret))

    def _send_waiting(self, resp: falcon.Response, delivery: Delivery) -> None:
        resp.status = falcon.HTTP_202
        send_text(resp, delivery_text(delivery))

    def _pass_over_body(self, req: ApiRequest) -> None:
        """Read a body of which nothing counts: some servers cut a connection of which they have not read all."""
        req.body(self._max_body)


class Webhooks(WebhookResource):
    """The webhooks: `.../webhooks`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List the webhooks, oldest first."""
        wanted = schemas.load_parameters(self._shapes.query, req.parameters())
        send_text(resp, webhooks_text(self._desk.webhooks(asker(req), **wanted), self.side))

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Add a webhook, which is told what happens from now on, and whose secret is told only this once."""
        new = self._desk.add_webhook(asker(req), **schemas.load(self._shapes.new, req.json_object(self._max_body)))
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"{req.mounted_at}{req.uri_template}/{new.webhook.id}")
        self._send_secret(resp, new)


class WebhookItem(WebhookResource):
    """One webhook: `.../webhooks/{id}`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Return a webhook, without its secret."""
        self._send(resp, self._desk.webhook(asker(req), id))

    on_head = on_get

    def on_patch(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Change the URL, the types or the description of a webhook, disable it, or enable it again."""
        change = schemas.load(self._shapes.change, req.json_object(self._max_body))
        if not change:
            raise InvalidInput({"request body": f"Must have at least one of {', '.join(self._shapes.change.fields)}."})
        self._send(resp, self._desk.change_webhook(asker(req), id, **change))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Remove a webhook, which is told nothing more, and return what it was."""
        self._send(resp, self._desk.remove_webhook(asker(req), id))


class WebhookTest(WebhookResource):
    """A try of a webhook: `.../webhooks/{id}/test`."""

    def on_post(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Let a webhook be told `webhook.test` once; its deliveries tell what came of it."""
        self._pass_over_body(req)
        self._send_waiting(resp, self._desk.test_webhook(asker(req), id))


class WebhookRotation(WebhookResource):
    """A new secret of a webhook: `.../webhooks/{id}/rotate`."""

    def on_post(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Give a webhook a new secret, told only this once; for 24 hours the one before signs too."""
        self._pass_over_body(req)
        self._send_secret(resp, self._desk.rotate_secret(asker(req), id))


class WebhookDeliveries(WebhookResource):
    """What was delivered to a webhook: `.../webhooks/{id}/deliveries`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """List the attempts of the last 30 days to tell a webhook of something, newest first."""
        wanted = schemas.load_parameters(DELIVERY_QUERY, req.parameters())
        send_text(resp, deliveries_text(self._desk.deliveries(asker(req), id, **wanted)))

    on_head = on_get


class Redelivery(WebhookResource):
    """A delivery once more: `.../webhooks/{id}/deliveries/{delivery}/redeliver`."""

    def on_post(self, req: ApiRequest, resp: falcon.Response, id: str, delivery: str) -> None:
        """Let a webhook be told once more of what a delivery tells."""
        self._pass_over_body(req)
        if not NUMBER.fullmatch(delivery):
            raise WebhookNotFound()
        self._send_waiting(resp, self._desk.redeliver(asker(req), id, int(delivery)))


BELOW: Final[dict[str, type[WebhookResource]]] = {
    "": Webhooks,
    "/{id}": WebhookItem,
    "/{id}/test": WebhookTest,
    "/{id}/rotate": WebhookRotation,
    "/{id}/deliveries": WebhookDeliveries,
    "/{id}/deliveries/{delivery}/redeliver": Redelivery,
}


def routes_of_webhooks(desk: SupportDesk, **shared: Any) -> dict[str, WebhookResource]:
    """Return the resources of both sides by their paths."""
    return {
        f"{at}/webhooks{path}": resource(desk, side=side, **shared)
        for at, side in (("support-cases", ActorKind.MERCHANT), ("support", ActorKind.SUPPORT))
        for path, resource in BELOW.items()
    }
