"""What the support team looks over, as JSON text: the history of a case, the stores, how the desk is doing."""

from collections.abc import Iterable

from supportcases.domain.events import History
from supportcases.domain.queue import QueueViews, StorePage
from supportcases.domain.statistics import Statistics
from supportcases.domain.texts import CannedText
from supportcases.domain.times import to_text
from supportcases.formats.case_json import FOR_TEAM, to_json


def history_text(history: History) -> str:
    """Write some of the history of a case."""
    entries = [
        {
            "at": to_text(entry.at),
            "kind": entry.kind,
            "actorKind": entry.actor_kind,
            "actorLabel": entry.actor_label,
            "from": entry.was,
            "to": entry.became,
        }
        for entry in history.entries
    ]
    return to_json({"data": entries, "meta": _meta(history)})


def views_text(views: QueueViews) -> str:
    """Write how many cases each view has."""
    return to_json(views._asdict())


def stores_text(page: StorePage) -> str:
    """Write some of the stores that have cases."""
    stores = [
        {
            "store": store.store,
            "open": store.open,
            "answered": store.answered,
            "closed": store.closed,
            "lastActivityAt": to_text(store.last_activity_at),
        }
        for store in page.stores
    ]
    return to_json({"data": stores, "meta": _meta(page)})


def texts_text(texts: Iterable[CannedText]) -> str:
    """Write the canned texts."""
    return to_json({"data": [text._asdict() for text in texts]})


def text_text(text: CannedText) -> str:
    """Write a canned text."""
    return to_json(text._asdict())


def statistics_text(statistics: Statistics) -> str:
    """Write how the desk is doing."""
    oldest = statistics.oldest_unanswered
    return (
        f'{{"counts":{to_json(statistics.counts)},"oldestUnanswered":{FOR_TEAM.case(oldest) if oldest else "null"},'
        f'"firstAnswer":{to_json(statistics.first_answer._asdict())},'
        f'"timeToClose":{to_json(statistics.time_to_close._asdict())}}}'
    )


def _meta(page: History | StorePage) -> dict[str, int]:
    return {"count": page.count, "offset": page.offset, "limit": page.limit, "countIsExact": True}
