"""One timeline of a case: what was said, noted and changed; of a long one a page, from the newest on back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.cases import Case, Message
from supportcases.domain.events import EventKind, History, HistoryEntry

SHOWN: Final = 200  # steps on a page
SEARCHED: Final = 1_000  # on one that is to show what a search found
WITH_A_MESSAGE: Final = (  # what happened, if there is a message of the same time
    EventKind.OPENED,
    EventKind.REPLIED,
    EventKind.ANSWERED,
    EventKind.ANNOUNCED,
    EventKind.NOTED,
)


class Step(NamedTuple):
    """Something that happened, to be linked to as `#id`: a message, or a change without a word."""

    id: str
    at: datetime
    message: Message | None = None
    change: HistoryEntry | None = None


class End(NamedTuple):
    """Where a page of a timeline ends: behind so many entries of the history, and so many messages."""

    entries: int
    messages: int


class Timeline(NamedTuple):
    """A case with a page of what happened to it, oldest first; `author` opened it.

    `before` is where the page before ends, if there is one; `is_newest` tells whether nothing comes behind this one.
    """

    case: Case
    revision: int
    author: str
    steps: tuple[Step, ...]
    before: End | None
    is_newest: bool

    @property
    def newest(self) -> Step:
        """What happened last."""
        return self.steps[-1]


def timeline_of(desk: SupportDesk, actor: Actor, ref: str, end: End | None = None, *, most: int = SHOWN) -> Timeline:
    """Return the page of a case's timeline that ends there, or else the newest one, with at most `most` steps."""
    thread, history = desk.whole_case(actor, ref, until=end.entries if end else None, limit=most)
    messages = thread.messages[: end.messages] if end else thread.messages
    steps, before = _page(messages, history, most)
    is_newest = history.offset + len(history.entries) == history.count
    return Timeline(thread.case, history.count, thread.messages[0].author_label, steps, before, is_newest)


def _page(messages: Sequence[Message], history: History, most: int) -> tuple[tuple[Step, ...], End | None]:
    """Go back from the newest through both, each in its order; return the steps, and where what is left ends."""
    steps: list[Step] = []
    entries, said, happened = history.entries, len(messages), len(history.entries)
    while len(steps) < most and (happened or (said and not history.offset)):
        entry = entries[happened - 1] if happened else None
        message = messages[said - 1] if said else None
        is_told = entry and message and entry.at == message.created_at and entry.kind in WITH_A_MESSAGE
        if message and (is_told or entry is None or message.created_at > entry.at):
            steps.append(Step(message.id, message.created_at, message=message))
            said -= 1
        elif entry and entry.became:
            steps.append(Step(f"change-{history.offset + happened}", entry.at, change=entry))
        if entry and (is_told or not (message and message.created_at > entry.at)):
            happened -= 1
    left = End(history.offset + happened, said)
    return tuple(reversed(steps)), left if any(left) else None
