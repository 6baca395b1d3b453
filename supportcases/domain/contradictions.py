"""What in a case contradicts its history: with these messages and these fields no desk would have kept it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from supportcases.domain import cases, times
from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import AuthorKind, Case, Message, Status
from supportcases.domain.events import EventKind, HistoryEntry

STEPS: Final[dict[EventKind, Callable[[Case, datetime], Case]]] = {  # all others are no activity
    EventKind.REPLIED: cases.replied,
    EventKind.ANSWERED: cases.answered,
    EventKind.ANNOUNCED: cases.announced,
    EventKind.CLOSED: cases.closed,
    EventKind.REOPENED: cases.reopened,
}
AUTHORS: Final[dict[EventKind, tuple[AuthorKind, ...]]] = {  # of the message that comes with each
    EventKind.OPENED: (AuthorKind.MERCHANT,),
    EventKind.REPLIED: (AuthorKind.MERCHANT,),
    EventKind.ANSWERED: (AuthorKind.SUPPORT, AuthorKind.ELLIOT),
    EventKind.ANNOUNCED: (AuthorKind.SYSTEM,),
    EventKind.NOTED: (AuthorKind.SUPPORT, AuthorKind.ELLIOT, AuthorKind.SYSTEM),
}
SIDES: Final[dict[EventKind, ActorKind]] = {  # all else both do
    EventKind.REPLIED: ActorKind.MERCHANT,
    EventKind.ANSWERED: ActorKind.SUPPORT,
    EventKind.ANNOUNCED: ActorKind.SUPPORT,
    EventKind.NOTED: ActorKind.SUPPORT,
    EventKind.CHANGED: ActorKind.SUPPORT,
    EventKind.REDACTED: ActorKind.SUPPORT,
}
FIELDS: Final = {  # what a history tells of a case, each with the name that people know it by
    "status": "status",
    "unanswered_since": "unansweredSince",
    "closed_at": "closedAt",
    "last_activity_at": "lastActivityAt",
    **{name: name for name in cases.CHANGEABLE},
}

Contradictions = Iterator[tuple[str, str]]  # each with its place, and with a sentence that says what must be there


def contradictions(case: Case, messages: Sequence[Message], history: Sequence[HistoryEntry]) -> Contradictions:
    """Yield where a case contradicts its history.

    Notes and changes may have later times than what stands behind them: the clock may have gone back meanwhile.
    """
    if history[0].kind is not EventKind.OPENED or history[0].at != case.created_at:
        yield "history[0]", "Must tell that the case was opened, at its createdAt."
        return
    yield from _of_history(case, history)
    yield from _of_messages(messages, history)


def _of_history(case: Case, history: Sequence[HistoryEntry]) -> Contradictions:
    """Take the steps of the history anew, and compare where they lead."""
    at = case.created_at
    told = case._replace(status=Status.OPEN, last_activity_at=at, closed_at=None, unanswered_since=at)
    known: dict[str, str | None] = {}
    for index, entry in enumerate(history):
        place = f"history[{index}]"
        if index and entry.kind is EventKind.OPENED:
            yield f"{place}, kind", "Must not be opened a second time."
        if entry.actor_kind is not SIDES.get(entry.kind, entry.actor_kind):
            yield f"{place}, actorKind", f"Must be {SIDES[entry.kind]}: nobody else does that."
        if entry.at < told.last_activity_at:
            yield f"{place}, at", "Must not be before what had happened to the case."
        if any(known.get(name, was) != was for name, was in entry.was.items()):
            yield f"{place}, from", "Must be as the entries before it left the case."
        if entry.kind in STEPS:
            told = STEPS[entry.kind](told, entry.at)
        if entry.became.get("status", told.status) != told.status:
            yield f"{place}, to", f"Must have the status {told.status}, which the case has by it."
        if entry.kind is not EventKind.REDACTED:  # which tells of no field
            known |= entry.became
    if case._asdict() != told._asdict() | known:  # nearly always they are the same
        yield from _of_fields(case, {**told._asdict(), **cases.as_told(told), **known})


def _of_fields(case: Case, told: Mapping[str, str | datetime | None]) -> Contradictions:
    kept = case._asdict() | cases.as_told(case)
    for attribute, name in FIELDS.items():
        if kept[attribute] != told[attribute]:
            yield name, f"Must be {_written(told[attribute])}, as the history tells."


def _of_messages(messages: Sequence[Message], history: Sequence[HistoryEntry]) -> Contradictions:
    """Find for each entry that comes with a message the next one of the thread."""
    said = 0
    for index, entry in enumerate(history):
        if said < len(messages) and came_with(messages[said], entry):
            said += 1
        elif entry.kind in AUTHORS and entry.kind is not EventKind.ANSWERED:  # a status can be given without a word
            told = f"by {_one_of(AUTHORS[entry.kind])}, at {times.to_text(entry.at)}"
            yield f"messages[{said}]", f"Must be the one of which history[{index}] tells, {told}."
            return
    if said < len(messages):
        yield f"messages[{said}]", "Must be one of which the history tells, with its time and by its side."


def came_with(message: Message, entry: HistoryEntry) -> bool:
    """Tell whether that message may have come with that entry."""
    return (
        message.author_kind in AUTHORS.get(entry.kind, ())
        and message.internal is (entry.kind is EventKind.NOTED)
        and message.created_at == entry.at
    )


def _one_of(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _written(value: str | datetime | None) -> str:
    """Return a value as people write it."""
    if isinstance(value, datetime):
        return times.to_text(value)
    return "null" if value is None else str(value)
