"""All that somebody wrote, for who asks for it: the cases with their words and what they changed, and nobody else's."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from supportcases.domain.cases import Message
from supportcases.domain.events import HistoryEntry
from supportcases.domain.times import to_text
from supportcases.domain.whole_cases import Dossier
from supportcases.formats.case_json import to_json

FORMAT: Final = "supportcases author 1"


def by(label: str, dossiers: Iterable[Dossier]) -> Iterator[Dossier]:
    """Yield of each case what is signed with the label: messages, notes, and changes without a word; no other case."""
    for dossier in dossiers:
        words = tuple(said for said in dossier.messages if said.author_label == label)
        without_words = (entry for entry, said in dossier.entries() if said is None and entry.became)
        changes = tuple(entry for entry in without_words if entry.actor_label == label)
        if words or changes:
            yield Dossier(dossier.case, words, changes)


def written(store: str, label: str, dossiers: Iterable[Dossier]) -> Iterator[str]:
    """Yield one JSON object of all that, a case at a time."""
    head = {"format": FORMAT, "store": store, "author": label}
    before = f'{to_json(head)[:-1]},"cases":[\n'
    for dossier in dossiers:
        yield before + to_json(_case(dossier))
        before = ",\n"
    yield "\n]}\n"


def _case(dossier: Dossier) -> dict[str, Any]:
    case, messages, changes = dossier
    return {
        "id": case.id,
        "number": case.number,
        "subject": case.subject,
        "createdAt": to_text(case.created_at),
        "messages": [_message(said) for said in messages],
        "changes": [_change(entry) for entry in changes],
    }


def _message(said: Message) -> dict[str, Any]:
    return {
        "id": said.id,
        "createdAt": to_text(said.created_at),
        "internal": said.internal,
        "body": said.body,
        "attachments": [
            {"id": file.id, "name": file.name, "contentType": file.content_type, "size": file.size}
            for file in said.attachments
        ],
    }


def _change(entry: HistoryEntry) -> dict[str, Any]:
    return {"at": to_text(entry.at), "kind": entry.kind, "from": dict(entry.was), "to": dict(entry.became)}
