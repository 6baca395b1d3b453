"""What the desk needs from a database to tell what happened to all cases, in the order in which it was kept."""

from typing import Protocol

from supportcases.domain.cases import Stores
from supportcases.domain.feed import FeedCursor, FeedPlace, WrittenEvent


class Feed(Protocol):
    """The events that somebody may see, in an order in which none is ever added before one that was told."""

    def beginning(self) -> FeedPlace:
        """Return the first place behind which nothing was purged: all that is told from there on is without a gap."""

    def place_of(self, cursor: FeedCursor) -> FeedPlace | None:
        """Return where the event at which the cursor stands has its place here, or None where there is none."""

    def behind(self, place: FeedPlace, *, limit: int) -> tuple[WrittenEvent, ...]:
        """Return the first events behind that place, oldest first."""

    def newest(self) -> WrittenEvent | None:
        """Return the newest event, or None where nothing has happened."""


class Feeds(Protocol):
    """What happened to all cases, for each side."""

    def of_merchant(self, store: str) -> Feed:
        """Return the events of a store that its merchants see, by their sequence."""

    def of_team(self, stores: Stores, wanted: Stores) -> Feed:
        """Return the events of those of the `stores` that are `wanted`; a cursor of any of the `stores` is good."""
