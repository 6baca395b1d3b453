"""What happened to a case: written in the transaction of the change itself, never edited."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.cases import Case, Message, Status


class EventKind(StrEnum):
    """What can happen to a case."""

    OPENED = "opened"
    REPLIED = "replied"
    ANSWERED = "answered"
    ANNOUNCED = "announced"
    NOTED = "noted"
    CLOSED = "closed"
    REOPENED = "reopened"
    CHANGED = "changed"
    REDACTED = "redacted"


TURNS: Final = {
    Status.OPEN: EventKind.REOPENED,
    Status.ANSWERED: EventKind.ANSWERED,
    Status.CLOSED: EventKind.CLOSED,
}


SEEN: Final = frozenset({"subject", "category", "severity", "status"})  # the fields whose changes merchants see
UNSEEN: Final = "note"  # what was `redacted` where merchants have never seen it: a note, its file, who signed it


def is_seen(kind: EventKind, became: Mapping[str, str | None]) -> bool:
    """Tell whether merchants see that this happened: no note, and no change or redaction of what they do not see."""
    if kind is EventKind.CHANGED:
        return not SEEN.isdisjoint(became)
    if kind is EventKind.REDACTED:
        return became.get("redacted") != UNSEEN
    return kind is not EventKind.NOTED


def kind_of_change(before: Case, after: Case) -> EventKind:
    """Return what happened to a case that was changed without a word."""
    return EventKind.CHANGED if after.status is before.status else TURNS[after.status]


class Event(NamedTuple):
    """What happened to a case, who did it and when.

    `case` is as it was afterwards, `was` and `became` hold the fields that changed, `message` is what was said with it.
    """

    kind: EventKind
    case: Case
    actor: Actor
    at: datetime
    was: Mapping[str, str | None]
    became: Mapping[str, str | None]
    message: Message | None = None

    @property
    def entry(self) -> "HistoryEntry":
        """What the history keeps of it."""
        return HistoryEntry(self.kind, self.actor.kind, self.actor.label, self.at, self.was, self.became)


OnEvent = Callable[[Event], object]


class HistoryEntry(NamedTuple):
    """What once happened to a case: who did it, when, and each field that it changed, from what to what."""

    kind: EventKind
    actor_kind: ActorKind
    actor_label: str
    at: datetime
    was: Mapping[str, str | None]
    became: Mapping[str, str | None]


class History(NamedTuple):
    """Some of the history of a case, oldest first; `count` is how many entries it has in all."""

    entries: tuple[HistoryEntry, ...]
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    offset: int
    limit: int
