"""What an endpoint is told of an event: as the feed tells it, with the case and the message as they are now."""

from datetime import datetime
from typing import Final

from supportcases.domain.cases import CaseRef
from supportcases.domain.endpoints import TEST, TYPE, Delivery, Webhook
from supportcases.domain.feed import WrittenEvent
from supportcases.domain.times import to_text
from supportcases.formats.case_json import FOR_MERCHANTS, FOR_TEAM, to_json, with_urls
from supportcases.formats.feed_json import actor_text, change_text, label_for_merchants
from supportcases.storage.protocol import Transaction

MOST: Final = 20_000  # bytes of a payload; receivers refuse much longer ones


def payload(transaction: Transaction, webhook: Webhook, event: WrittenEvent) -> bytes | None:
    """Write what an endpoint is told of an event, or return None where there is no such case any more.

    The body of a message that is too long is left out, and `link` says where in the API it is. Files have no URL:
    those that the API gives are good for an hour or two, and what is delivered may be read later.
    """
    team = webhook.store is None
    writer, at = (FOR_TEAM, "/support/cases") if team else (FOR_MERCHANTS, "/support-cases")
    case = transaction.cases.find(event.store, CaseRef(id=event.case_id))
    if case is None:
        return None
    said = transaction.cases.message(event.store, event.message_id) if event.message_id else None
    link = to_json(f"{at}/{case.id}")
    label = event.actor_label if team else label_for_merchants(event.kind, event.message_label)

    def written(message: str) -> bytes:
        return (
            f'{{"id":"{event.id}","type":"{TYPE}{event.kind}","timestamp":"{event.at}",'
            f'"sequence":{to_json(event.sequence)},"data":{{"store":"{event.store}","case":{writer.case(case)},'
            f'"actor":{actor_text(event.actor_kind, label)},{message}'
            f'"change":{change_text(event.was, event.became, team)},"link":{link}}}}}'
        ).encode()

    whole = written(f'"message":{with_urls(writer.message(said))},' if said else "")
    if said is None or len(whole) <= MOST:
        return whole
    without_body = writer.message(said._replace(body="")).replace('"body":""', '"body":null', 1)
    return written(f'"message":{with_urls(without_body)},')


def test_payload(webhook: Webhook, delivery: Delivery, now: datetime) -> bytes:
    """Write what a test tells."""
    told = {"store": webhook.store} if webhook.store else {}
    members = {"id": delivery.event_id, "type": TEST, "timestamp": to_text(now), "sequence": None, "data": told}
    return to_json(members).encode()
