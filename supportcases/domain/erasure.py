"""What is taken out of cases for good, and what is kept to prove it: ids and times, no label and no text."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from supportcases.domain.cases import Case

REDACTED: Final = "[redacted]"  # stands where a text or a label stood


class Reason(StrEnum):
    """Why something is taken out."""

    REQUEST = "request"
    LAW = "law"
    MISTAKE = "mistake"


class ErasureKind(StrEnum):
    """How something is taken out."""

    MESSAGE = "message"
    SUBJECT = "subject"
    LABEL = "label"
    ATTACHMENT = "attachment"
    AUTHOR = "author"
    PURGE = "purge"


class Erasure(NamedTuple):
    """What is taken out of one case, once: it names places and tells nothing of what stood there.

    Attributes:
        kind: How; by a purge the case goes as a whole, and nothing else is named.
        store: The store of the case.
        case_id: The id of the case; empty where only labels of keys are taken out.
        number: The number of the case; 0 in the same way.
        at: When.
        reason: Why; None for a purge.
        subject: Whether its subject is taken out, and each that it had before.
        bodies: The ids of the messages whose text is taken out.
        labels: The ids of the messages whose author's label is taken out.
        entries: The revisions of the history whose actor's label is taken out.
        was: The revisions of the history before which the label taken out was the assignee.
        became: The revisions of the history after which it was.
        files: The ids of the attachments whose bytes and names are taken out.
        keys: The ids of the keys of the store's merchants whose label is taken out.
    """

    kind: ErasureKind
    store: str
    case_id: str
    number: int
    at: datetime
    reason: Reason | None
    subject: bool = False
    bodies: Sequence[str] = ()
    labels: Sequence[str] = ()
    entries: Sequence[int] = ()
    was: Sequence[int] = ()
    became: Sequence[int] = ()
    files: Sequence[str] = ()
    keys: Sequence[str] = ()

    @property
    def places(self) -> dict[str, Any]:
        """The places that are named, as JSON can hold them."""
        named: dict[str, Any] = {name: getattr(self, name) for name in PLACES}
        return {name: value if value is True else list(value) for name, value in named.items() if value}


PLACES: Final = ("subject", "bodies", "labels", "entries", "was", "became", "files", "keys")


class Tombstone(NamedTuple):
    """What is kept of a case that was purged, so that numbers, and those of the feed, are known to have no gap.

    Attributes:
        store: The store of the case.
        number: The number of the case.
        case_id: The id of the case.
        purged_at: When it was purged.
        sequences: How many of its events merchants saw.
        last_sequence: The highest sequence of them.
        last_xid: Where its newest event stood in the feed of the team, first number; 0 in SQLite.
        last_position: The same, second number.
    """

    store: str
    number: int
    case_id: str
    purged_at: datetime
    sequences: int
    last_sequence: int
    last_xid: int
    last_position: int


class Hold(NamedTuple):
    """What must not be erased: a case, or all of a store where `number` is None; since when."""

    store: str
    number: int | None
    held_at: datetime


class Redaction(NamedTuple):
    """A case of which something was taken out; `gone` is whether it is left in no file of the database."""

    case: Case
    gone: bool


class AuthorPlaces(NamedTuple):
    """Where in a store a label is: in how many cases, under how many messages, and of how many keys."""

    cases: int
    messages: int
    keys: int


class ErasedAuthor(NamedTuple):
    """From how many cases, messages and keys somebody was taken out; `gone` as for `Redaction`."""

    cases: int
    messages: int
    keys: int
    gone: bool


class Purgeable(NamedTuple):
    """How many cases a purge would delete, and how many it would pass over since they are on hold."""

    cases: int
    held: int


class Purged(NamedTuple):
    """How many cases were deleted, and how many passed over since they are on hold; `gone` as for `Redaction`."""

    cases: int
    held: int
    gone: bool


class ErasurePage(NamedTuple):
    """Some of the ledger, in its order, each with its place; `next` is what `after` takes to go on."""

    erasures: tuple[tuple[int, Erasure], ...]
    next: int | None


class Replayed(NamedTuple):
    """What came of a ledger.

    Attributes:
        applied: How many erasures were applied, or would be.
        done: How many had been applied to this database before.
        unknown: How many are of cases that this database does not have.
        held: How many were passed over since their cases are on hold.
        gone: As for `Redaction`; None where nothing was done.
    """

    applied: int
    done: int
    unknown: int
    held: int
    gone: bool | None = None

    def and_also(self, other: "Replayed") -> "Replayed":
        """Count both, of which the `other` comes later."""
        return Replayed(
            self.applied + other.applied,
            self.done + other.done,
            self.unknown + other.unknown,
            self.held + other.held,
            other.gone,
        )
