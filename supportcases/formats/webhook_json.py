"""Webhooks and what was delivered to them as JSON text, for both sides of the API and wherever else they are shown."""

from datetime import datetime
from typing import Any

from supportcases.domain.actors import ActorKind
from supportcases.domain.endpoints import Delivery, DeliveryPage, Webhook, WebhookPage
from supportcases.domain.times import to_text
from supportcases.formats.case_json import to_json


def webhooks_text(page: WebhookPage, side: ActorKind) -> str:
    """Write some of the webhooks."""
    exact = {"countIsExact": True} if side is ActorKind.SUPPORT else {}
    meta = {"count": page.count, "offset": page.offset, "limit": page.limit, **exact}
    return to_json({"data": [webhook_members(webhook, side) for webhook in page.webhooks], "meta": meta})


def webhook_text(webhook: Webhook, side: ActorKind, secret: str | None = None) -> str:
    """Write a webhook, with its secret where that has just been made."""
    return to_json({**webhook_members(webhook, side), **({"secret": secret} if secret else {})})


def webhook_members(webhook: Webhook, side: ActorKind) -> dict[str, Any]:
    """Return the members of a webhook as that side sees it: the team with its store, null for the desk's own."""
    return {
        "id": webhook.id,
        **({"store": webhook.store} if side is ActorKind.SUPPORT else {}),
        "url": webhook.url,
        "types": webhook.types,
        "description": webhook.description,
        "enabled": webhook.enabled,
        "disabledBecause": webhook.disabled_because,
        "createdAt": to_text(webhook.created_at),
        "failingSince": _time(webhook.failing_since),
    }


def deliveries_text(page: DeliveryPage) -> str:
    """Write some of the deliveries."""
    return to_json({"data": [delivery_members(one) for one in page.deliveries], "meta": {"next": page.next}})


def delivery_text(delivery: Delivery) -> str:
    """Write a delivery."""
    return to_json(delivery_members(delivery))


def delivery_members(delivery: Delivery) -> dict[str, Any]:
    """Return the members of a delivery."""
    return {
        "id": delivery.id,
        "kind": delivery.kind,
        "state": delivery.state,
        "eventId": delivery.event_id,
        "type": delivery.type,
        "attempt": delivery.attempt,
        "dueAt": to_text(delivery.due_at),
        "finishedAt": _time(delivery.finished_at),
        "status": delivery.status,
        "problem": delivery.problem,
        "milliseconds": delivery.milliseconds,
    }


def _time(moment: datetime | None) -> str | None:
    return to_text(moment) if moment else None
