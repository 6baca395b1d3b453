"""Cases as a whole, each with all that belongs to it, and the way by which many of them come into a repository."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from supportcases.cases import UUID_TEXT, Case, Message
from supportcases.events import HistoryEntry
from supportcases.repository import Repository

BATCH: Final = 5_000  # cases that are kept, or not, together


@dataclass(frozen=True, slots=True)
class Dossier:
    """A case with all its messages, notes among them, and its history, each oldest first."""

    case: Case
    messages: tuple[Message, ...]
    history: tuple[HistoryEntry, ...]


def load(repository: Repository, dossiers: Iterable[Dossier]) -> int:
    """Add cases as they are, ids, numbers and times included, and return how many they were.

    It is the quick way for many: no use case is gone through, nobody is told, and every 5,000 cases are one
    transaction, so that others can write meanwhile. A store's next case has the number behind its highest. Where a case
    of that id, or of that number in its store, is there already, the repository's exception flies, and of the 5,000
    that it came with none is kept.

    Raises:
        ValueError: An id is no UUID in lower case, or a moment has no time zone; of its 5,000 cases none is kept.
    """
    waiting, count = iter(dossiers), 0
    while batch := [_checked(dossier) for dossier in islice(waiting, BATCH)]:
        with repository.write() as transaction:
            for dossier in batch:
                transaction.cases.claim_number(dossier.case)
                transaction.cases.add(dossier.case)
                for message in dossier.messages:
                    transaction.cases.add_message(dossier.case, message)
                for entry in dossier.history:
                    transaction.events.record(dossier.case, entry)
        count += len(batch)
    return count


def _checked(dossier: Dossier) -> Dossier:
    """Return the dossier if its ids are such as go out as they are."""
    for name in (dossier.case.id, *(message.id for message in dossier.messages)):
        if not UUID_TEXT.fullmatch(name) or name != name.lower():
            raise ValueError(f"An id must be a UUID in lower case, not {name!r}.")
    return dossier
