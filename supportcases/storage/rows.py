"""How cases and what belongs to them are written as rows, and read again: the same in every engine.

A time is the text that `domain.times` makes of it; an engine that has a type of its own for times reads and writes it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any, Final

from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.attachments import Upload
from supportcases.domain.cases import (
    Attachment,
    AuthorKind,
    Case,
    Category,
    Message,
    Severity,
    Status,
    Stores,
)
from supportcases.domain.errors import DatabaseUnusable
from supportcases.domain.events import EventKind, HistoryEntry, is_seen
from supportcases.domain.feed import WrittenEvent
from supportcases.domain.text import fold
from supportcases.domain.times import from_text, to_text
from supportcases.domain.whole_cases import Dossier
from supportcases.domain.written import WrittenCase, WrittenMessage, written
from supportcases.storage.erasure_rows import ERASURE_COLUMNS, TOMBSTONE_COLUMNS
from supportcases.storage.protocol import ApiKey

COLUMNS: Final = ", ".join(Case._fields)
FIXED: Final = ("id", "store", "number", "created_at")  # a case keeps these as they are
MESSAGE_COLUMNS: Final = ", ".join(Message._fields)
ENTRY_COLUMNS: Final = "kind, actor_kind, actor_label, happened_at, was, became"
FEED_COLUMNS: Final = (
    "e.kind, e.store, e.case_id, c.number, e.actor_kind, e.actor_label, e.happened_at, e.was, e.became, e.revision, "
    "e.sequence, e.message_id, m.author_label"
)
UPLOAD_COLUMNS: Final = ", ".join(Upload._fields)
KEY_COLUMNS: Final = "id, kind, store, stores, label, created_at, expires_at, revoked_at, admin"

# what is carried from one database into another: each table behind those that it needs, with its columns and an order
# of its rows; all else is made of these, but for who is signed in
CARRIED: Final = {
    "stores": ("store, last_number", "store"),
    "texts": ("id, name, body", "id"),
    "keys": (f"{KEY_COLUMNS}, key_hash", "id"),
    "replays": ("scope, key, fingerprint, status, body, location, kept_at, case_id, erased_at", "scope, key"),
    "cases": (f"{COLUMNS}, subject_folded", "store, number"),
    "messages": (f"{MESSAGE_COLUMNS}, store, case_id", "store, case_id, position"),
    "events": (f"position, {ENTRY_COLUMNS}, store, case_id, revision, sequence, message_id", "position"),
    "secrets": ("name, value", "name"),
    "attachments": (f"{UPLOAD_COLUMNS}, dropped", "id"),
    "chunks": ("content, number, bytes", "content, number"),
    "webhooks": (
        "id, store, url, types, description, enabled, disabled_because, created_at, failing_since, secret, old_secret, "
        "rotated_at, after_xid, after_position, failures, paused_until",
        "id",
    ),
    "deliveries": (
        "webhook_id, number, kind, event_id, type, attempt, due_at, finished_at, status, problem, milliseconds",
        "webhook_id, number",
    ),
    "erasures": (f"position, {ERASURE_COLUMNS}", "position"),
    "tombstones": (TOMBSTONE_COLUMNS, "store, number"),
    "holds": ("store, number, held_at", "store, number"),
}
PORTION: Final = 1_000  # rows that are carried at once
PORTIONS: Final = {"chunks": 16}  # of which each is large
NEVER_AGAIN: Final = (*CARRIED, "sessions")  # to which nothing is written once a database was moved
MOVED: Final = "This database was moved to "  # how the sentence begins that whoever writes to it is told

# looking one up takes a tenth of what calling the enumeration does
CATEGORIES: Final = {category.value: category for category in Category}
SEVERITIES: Final = {severity.value: severity for severity in Severity}
STATUSES: Final = {status.value: status for status in Status}
AUTHOR_KINDS: Final = {kind.value: kind for kind in AuthorKind}
RANKS: Final = {severity.value: rank for rank, severity in enumerate(Severity)}  # worst first
LEAST: Final = max(RANKS.values())  # of what only a newer version knows too


def case_to_row(case: Case) -> dict[str, Any]:
    """Return the row of a case."""
    return {**written(case)._asdict(), "subject_folded": fold(case.subject)}


def changed_columns(before: Case, after: Case) -> list[str]:
    """Return the columns that are to be written: of what is named the indexes are written anew."""
    names = [name for name, was, becomes in zip(Case._fields, before, after, strict=True) if was != becomes]
    folded = ["subject_folded"] if "subject" in names else []
    return [name for name in names if name not in FIXED] + folded


def case_from_row(row: tuple[Any, ...]) -> Case:
    """Return the case of a row with `COLUMNS`."""
    case_id, store, number, subject, category, severity, status, created, active, closed, since, assignee = row
    try:
        category, severity, status = CATEGORIES[category], SEVERITIES[severity], STATUSES[status]
    except KeyError as unknown:
        raise unreadable(unknown) from None
    created, active = from_text(created), from_text(active)
    closed = from_text(closed) if closed else None
    since = from_text(since) if since else None
    return Case(case_id, store, number, subject, category, severity, status, created, active, closed, since, assignee)


def written_from_row(row: tuple[Any, ...]) -> WrittenCase:
    """Return the case of a row with `COLUMNS` as it is written down."""
    case = tuple.__new__(WrittenCase, row)  # as `_make` does, in a third of the time
    try:
        CATEGORIES[case.category], SEVERITIES[case.severity], STATUSES[case.status]
    except KeyError as unknown:
        raise unreadable(unknown) from None
    return case


def unreadable(unknown: KeyError) -> DatabaseUnusable:
    """Return the error for a word that this version does not know."""
    return DatabaseUnusable(f"A newer version of supportcases wrote {unknown}; this one cannot read it.")


def message_to_row(case: Case, message: Message) -> dict[str, Any]:
    """Return the row of a message of `case`."""
    of = {"store": case.store, "case_id": case.id}
    told = {"created_at": to_text(message.created_at), "attachments": attachments_to_json(message.attachments)}
    return {**message._asdict(), **of, **told}


def message_from_row(row: tuple[Any, ...]) -> Message:
    """Return the message of a row with `MESSAGE_COLUMNS`."""
    message_id, author_kind, author_label, body, created_at, internal, attachments = row
    kind, at = AUTHOR_KINDS[author_kind], from_text(created_at)
    return Message(message_id, kind, author_label, body, at, bool(internal), attachments_from_json(attachments))


def attachments_to_json(attachments: tuple[Attachment, ...]) -> str | None:
    """Write what a message tells of its files; most messages have none."""
    return json.dumps(attachments) if attachments else None


def attachments_from_json(text: str | None) -> tuple[Attachment, ...]:
    """Return what a message tells of its files."""
    return tuple(Attachment(*one) for one in json.loads(text)) if text else ()


def written_message_from_row(row: tuple[Any, ...]) -> WrittenMessage:
    """Return the message of a row with `MESSAGE_COLUMNS` as it is written down."""
    message = tuple.__new__(WrittenMessage, row)
    try:
        AUTHOR_KINDS[message.author_kind]
    except KeyError as unknown:
        raise unreadable(unknown) from None
    return message._replace(attachments=attachments_from_json(row[-1])) if row[-1] else message


read_json: Final = json.JSONDecoder().raw_decode  # json.loads takes twice as long for texts as short as these


def entry_to_row(case: Case, entry: HistoryEntry, message_id: str | None) -> dict[str, Any]:
    """Return the row of an entry in the history of `case`, but for its numbers."""
    return {
        "store": case.store,
        "case_id": case.id,
        "kind": entry.kind,
        "actor_kind": entry.actor_kind,
        "actor_label": entry.actor_label,
        "happened_at": to_text(entry.at),
        "was": _text(tuple(entry.was.items())),
        "became": _text(tuple(entry.became.items())),
        "message_id": message_id,
    }


def numbered(dossiers: Iterable[Dossier], last: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the histories of new cases; `last` is the last sequence of each store."""
    sequences = {store: count(number + 1) for store, number in last.items()}
    for dossier in dossiers:
        case = dossier.case
        for revision, (entry, message) in enumerate(dossier.entries(), start=1):
            seen = is_seen(entry.kind, entry.became)
            row = entry_to_row(case, entry, message.id if message else None)
            yield {**row, "revision": revision, "sequence": next(sequences[case.store]) if seen else None}


@lru_cache(maxsize=1_000)
def _text(changes: tuple[tuple[str, str | None], ...]) -> str:
    """Write what was changed; most histories tell of the same few changes."""
    return json.dumps(dict(changes))


def entry_from_row(row: tuple[str, str, str, str, str, str]) -> HistoryEntry:
    """Return the entry of a row with `ENTRY_COLUMNS`."""
    kind, actor_kind, actor_label, happened_at, was, became = row
    return HistoryEntry(
        kind=EventKind(kind),
        actor_kind=ActorKind(actor_kind),
        actor_label=actor_label,
        at=from_text(happened_at),
        was=read_json(was)[0],
        became=read_json(became)[0],
    )


def feed_event_from_row(row: tuple[Any, ...]) -> WrittenEvent:
    """Return the event of a row with `FEED_COLUMNS` and the two numbers of its place, as it is written down."""
    return tuple.__new__(WrittenEvent, row)


def key_to_row(key: ApiKey, key_hash: str) -> dict[str, Any]:
    """Return the row of a new key."""
    return {
        "id": key.id,
        "key_hash": key_hash,
        "kind": key.actor.kind,
        **_stores_to_row(key.actor),
        "label": key.actor.label,
        "admin": key.actor.admin,
        "created_at": to_text(key.created_at),
        "expires_at": to_text(key.expires_at) if key.expires_at else None,
    }


def _stores_to_row(actor: Actor) -> dict[str, str | None]:
    """Write a merchant's store, or the stores of somebody of the support team as JSON: NULL is all of them."""
    if actor.kind is ActorKind.MERCHANT:
        return {"store": actor.store, "stores": None}
    return {"store": None, "stores": stores_to_json(actor.stores)}


def stores_to_json(stores: Stores) -> str | None:
    """Write which stores somebody sees."""
    return None if stores is None else json.dumps(sorted(stores))


@lru_cache(maxsize=1_000)  # a key comes with every request, and is as it was unless its row has changed
def key_from_row(row: tuple[str, str, str, str | None, str, str, str | None, str | None, int]) -> ApiKey:
    """Return the key of a row with `KEY_COLUMNS`."""
    key_id, kind, store, stores, label, created_at, expires_at, revoked_at, admin = row
    served = [store] if kind == ActorKind.MERCHANT else json.loads(stores or "null")
    return ApiKey(
        id=key_id,
        actor=Actor(ActorKind(kind), label, None if served is None else frozenset(served), key_id, bool(admin)),
        created_at=from_text(created_at),
        expires_at=from_text(expires_at) if expires_at else None,
        revoked_at=from_text(revoked_at) if revoked_at else None,
    )


def upload_to_row(upload: Upload) -> dict[str, Any]:
    """Return the row of a file."""
    row = upload._asdict()
    return {name: to_text(value) if isinstance(value, datetime) else value for name, value in row.items()}


def upload_from_row(row: tuple[Any, ...]) -> Upload:
    """Return the file of a row with `UPLOAD_COLUMNS`."""
    upload = Upload(*row)
    return upload._replace(
        created_at=from_text(row[CREATED]),
        attempted_at=from_text(row[ATTEMPTED]) if row[ATTEMPTED] else None,
        finished_at=from_text(row[FINISHED]) if row[FINISHED] else None,
    )


CREATED, ATTEMPTED, FINISHED = map(Upload._fields.index, ("created_at", "attempted_at", "finished_at"))
