"""A case as a whole, with all that belongs to it: what is carried from one desk to another."""

from typing import NamedTuple

from supportcases.domain.cases import Case, Message
from supportcases.domain.events import HistoryEntry


class Dossier(NamedTuple):
    """A case with all its messages, notes among them, and its history, each oldest first."""

    case: Case
    messages: tuple[Message, ...]
    history: tuple[HistoryEntry, ...]
