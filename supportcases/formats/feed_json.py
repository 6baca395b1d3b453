"""What happened, as JSON text for whoever follows it: thin, since who wants to know more reads the case."""

import json
from functools import lru_cache
from json.encoder import encode_basestring as quoted

from supportcases.domain.actors import ActorKind
from supportcases.domain.endpoints import TYPE
from supportcases.domain.events import SEEN, EventKind
from supportcases.domain.feed import WrittenEvent, WrittenFeedPage
from supportcases.formats.case_json import to_json


def feed_text(page: WrittenFeedPage, side: ActorKind) -> str:
    """Write some of the events, as that side sees them."""
    team = side is ActorKind.SUPPORT
    events = ",".join([_event_text(event, team) for event in page.events])
    return f'{{"data":[{events}],"meta":{{"next":"{page.next}","end":{to_json(page.end)}}}}}'


def _event_text(event: WrittenEvent, team: bool) -> str:
    kind, store, case_id, number, by, agent, at, was, became, _, sequence, message_id, signed, *_ = event
    store = f'"store":"{store}",' if team else ""
    message = f',"messageId":"{message_id}"' if message_id else ""
    label = agent if team else label_for_merchants(kind, signed)
    return (
        f'{{"id":"{event.id}","type":"{TYPE}{kind}","sequence":{"null" if sequence is None else sequence},'
        f'"timestamp":"{at}",{store}"case":{{"id":"{case_id}","number":{number}}},'
        f'"actor":{actor_text(by, label)},"change":{change_text(was, became, team)}{message}}}'
    )


def label_for_merchants(kind: str, signed: str | None) -> str | None:
    """Return the label under which merchants know who did it: that of the message, unless it was there before."""
    return None if kind == EventKind.REDACTED else signed


@lru_cache(maxsize=1_000)
def actor_text(kind: str, label: str | None) -> str:
    """Write who did it: for a merchant the label is that of the thread, if any."""
    told = "" if label is None else f',"label":{quoted(label)}'
    return f'{{"kind":"{kind}"{told}}}'


@lru_cache(maxsize=1_000)  # most events tell of the same few changes
def change_text(was: str, became: str, team: bool) -> str:
    """Write what changed, of that what the side sees."""
    old, new = json.loads(was), json.loads(became)
    return to_json({name: {"from": old.get(name), "to": new[name]} for name in new if team or name in SEEN})
