"""One timeline of a case: what was said, noted and changed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.cases import Case, Message, Thread
from supportcases.domain.events import EventKind, HistoryEntry

HISTORY_PART: Final = 100  # entries that the desk gives at once
MOST_HISTORY: Final = 1_000  # entries that are looked at, the oldest first
MOST_SHOWN: Final = 200  # of a long timeline, unless all of it is asked for
TOLD_BY_MESSAGES: Final = (EventKind.OPENED, EventKind.REPLIED, EventKind.ANSWERED, EventKind.ANNOUNCED)


class Step(NamedTuple):
    """Something that happened, to be linked to as `#id`: a message, or a change without a word."""

    id: str
    at: datetime
    message: Message | None = None
    change: HistoryEntry | None = None


class Timeline(NamedTuple):
    """A case with what happened to it, oldest first; `author` opened it, `earlier` steps are not among them."""

    case: Case
    revision: int
    author: str
    steps: tuple[Step, ...]
    earlier: int = 0

    @property
    def newest(self) -> Step:
        """What happened last."""
        return self.steps[-1]

    def shortened(self) -> "Timeline":
        """Return the timeline without its beginning, where it is long."""
        earlier = max(0, len(self.steps) - MOST_SHOWN)
        return self._replace(steps=self.steps[earlier:], earlier=earlier)


def timeline_of(desk: SupportDesk, actor: Actor, ref: str) -> Timeline:
    """Return the whole timeline of a case."""
    with desk.repository.read():  # of one moment
        thread = desk.get(actor, ref)
        history = _history(desk, actor, thread.case.id)
    said = [Step(message.id, message.created_at, message=message) for message in thread.messages]
    steps = sorted([*said, *_changes(thread, history)], key=lambda step: step.at)  # a message before what it brought
    return Timeline(thread.case, thread.revision or 0, thread.messages[0].author_label, tuple(steps))


def _history(desk: SupportDesk, actor: Actor, ref: str) -> list[HistoryEntry]:
    entries: list[HistoryEntry] = []
    while len(entries) < MOST_HISTORY:
        part = desk.history(actor, ref, limit=HISTORY_PART, offset=len(entries))
        entries += part.entries
        if len(entries) >= part.count:
            break
    return entries


def _changes(thread: Thread, history: list[HistoryEntry]) -> Iterator[Step]:
    """Yield what was changed without a word, each with its place in the history for an id."""
    said = {message.created_at for message in thread.messages}
    for place, entry in enumerate(history, 1):
        is_told = entry.kind in TOLD_BY_MESSAGES and entry.at in said
        if entry.became and not is_told:
            yield Step(f"change-{place}", entry.at, change=entry)
