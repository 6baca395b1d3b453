"""How endpoints and deliveries are written as rows, and read again: the same in every engine."""

import json
from datetime import datetime
from typing import Any, Final

from supportcases.domain.endpoints import Delivery, Progress, Secrets, Turn, Webhook
from supportcases.domain.times import from_text, to_text

WEBHOOK_COLUMNS: Final = ", ".join(f"w.{name}" for name in Webhook._fields)
SECRET_COLUMNS: Final = "w.secret, w.old_secret, w.rotated_at"  # noqa: S105 - names
PROGRESS_COLUMNS: Final = "w.after_xid, w.after_position, w.failures, w.paused_until"
TURN_COLUMNS: Final = f"{WEBHOOK_COLUMNS}, {SECRET_COLUMNS}, {PROGRESS_COLUMNS}"
DELIVERY_COLUMNS: Final = "number, " + ", ".join(Delivery._fields[1:])


def webhook_to_row(webhook: Webhook) -> dict[str, Any]:
    """Return the row of an endpoint, but for its secrets and its progress."""
    return {
        **webhook._asdict(),
        "types": None if webhook.types is None else json.dumps(webhook.types),
        "created_at": to_text(webhook.created_at),
        "failing_since": _text(webhook.failing_since),
    }


def secrets_to_row(secrets: Secrets) -> dict[str, Any]:
    """Return the columns of the secrets."""
    return {"secret": secrets.secret, "old_secret": secrets.old, "rotated_at": _text(secrets.rotated_at)}


def progress_to_row(progress: Progress) -> dict[str, Any]:
    """Return the columns of the progress."""
    xid, position = progress.place
    paused = _text(progress.paused_until)
    return {"after_xid": xid, "after_position": position, "failures": progress.failures, "paused_until": paused}


def webhook_from_row(row: tuple[Any, ...]) -> Webhook:
    """Return the endpoint of a row with `WEBHOOK_COLUMNS`."""
    webhook_id, store, url, types, description, enabled, because, created_at, failing_since = row
    told = None if types is None else tuple(json.loads(types))
    created = from_text(created_at)
    return Webhook(webhook_id, store, url, told, description, bool(enabled), because, created, _time(failing_since))


def secrets_from_row(row: tuple[Any, ...]) -> Secrets:
    """Return the secrets of a row with `SECRET_COLUMNS`."""
    secret, old, rotated_at = row
    return Secrets(secret, old, _time(rotated_at))


def turn_from_row(row: tuple[Any, ...], lease: str) -> Turn:
    """Return the endpoint of a row with `TURN_COLUMNS` as a worker takes it."""
    width = len(Webhook._fields)
    xid, position, failures, paused_until = row[width + 3 :]
    progress = Progress((xid, position), failures, _time(paused_until))
    return Turn(webhook_from_row(row[:width]), secrets_from_row(row[width : width + 3]), progress, lease)


def delivery_to_row(delivery: Delivery) -> dict[str, Any]:
    """Return the row of a delivery without its number."""
    row = delivery._asdict()
    del row["id"]
    return row | {"due_at": to_text(delivery.due_at), "finished_at": _text(delivery.finished_at)}


def delivery_from_row(row: tuple[Any, ...]) -> Delivery:
    """Return the delivery of a row with `DELIVERY_COLUMNS`."""
    delivery = Delivery(*row)
    finished_at: Any = delivery.finished_at
    return delivery._replace(due_at=from_text(str(delivery.due_at)), finished_at=_time(finished_at))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)


def _time(text: str | None) -> datetime | None:
    return from_text(text) if text else None
