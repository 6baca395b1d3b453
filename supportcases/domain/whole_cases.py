"""A case as a whole, with all that belongs to it: what is carried from one desk to another."""

from collections.abc import Iterator
from typing import NamedTuple

from supportcases.domain.cases import Case, Message
from supportcases.domain.contradictions import came_with
from supportcases.domain.events import HistoryEntry


class Dossier(NamedTuple):
    """A case with all its messages, notes among them, and its history, each oldest first."""

    case: Case
    messages: tuple[Message, ...]
    history: tuple[HistoryEntry, ...]

    def entries(self) -> Iterator[tuple[HistoryEntry, Message | None]]:
        """Yield each entry of the history with the message that came with it."""
        waiting = list(reversed(self.messages))
        for entry in self.history:
            said = waiting and came_with(waiting[-1], entry)
            yield entry, waiting.pop() if said else None
