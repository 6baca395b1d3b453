"""The change feed: what happened to all cases, in the order in which it was kept."""

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from supportcases.domain.actors import ActorKind
from supportcases.domain.errors import CursorExpired
from supportcases.domain.events import EventKind
from supportcases.domain.times import from_text

START: Final = "start"  # the cursor of a feed in which nothing has happened yet
LATEST: Final = "latest"
# of an event that merchants see it has the sequence, which tells nothing of notes; of any other one the revision
EVENT_ID: Final = re.compile(
    r"evt_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_(n?)([1-9][0-9]{0,15})"
)
CURSOR: Final = re.compile(rf"([0-9]{{1,19}})\.([0-9]{{1,19}})\.({EVENT_ID.pattern})")

FeedPlace = tuple[int, int]  # a merchant's event is ordered by the second number alone
BEGINNING: Final[FeedPlace] = (0, 0)


class FeedEvent(NamedTuple):
    """Something that happened to a case, as the feed tells it.

    Attributes:
        kind: What happened.
        store: The store of the case.
        case_id: The id of the case.
        number: The number of the case.
        actor_kind: Which side did it.
        actor_label: Who did it, as the history has it; the support team's alone.
        at: When.
        was: The fields that changed, as they were.
        became: The same fields, as they became.
        revision: How many things had happened to the case with it.
        sequence: The number of the event among those of its store that merchants see, from 1 on and without a gap; None
            for a note, and for a change of the assignee alone.
        message_id: The id of the message or note that came with it.
        message_label: Who signed that message.
        place: Where it stands in the feed that it was read from.
    """

    kind: EventKind
    store: str
    case_id: str
    number: int
    actor_kind: ActorKind
    actor_label: str
    at: datetime
    was: Mapping[str, str | None]
    became: Mapping[str, str | None]
    revision: int
    sequence: int | None
    message_id: str | None
    message_label: str | None
    place: tuple[int, int]

    @property
    def id(self) -> str:
        """The id of the event: the same in every feed, in every delivery, and wherever the database moves to."""
        return _id_of(self.case_id, self.revision, self.sequence)

    @property
    def cursor(self) -> str:
        """What `after` takes to go on behind this event."""
        return _cursor_at(self.place, self.id)


class WrittenEvent(NamedTuple):
    """A `FeedEvent` as it is kept, its time and its changes as texts: for who writes it on at once, as the API does.

    To read these, and to write the same texts again, would take longer than all the rest of a page.
    """

    kind: str
    store: str
    case_id: str
    number: int
    actor_kind: str
    actor_label: str
    at: str
    was: str
    became: str
    revision: int
    sequence: int | None
    message_id: str | None
    message_label: str | None
    first: int
    second: int

    @property
    def id(self) -> str:
        """The id of the event."""
        return _id_of(self.case_id, self.revision, self.sequence)

    @property
    def place(self) -> FeedPlace:
        """Where it stands in the feed that it was read from."""
        return self.first, self.second

    @property
    def cursor(self) -> str:
        """What `after` takes to go on behind this event."""
        return _cursor_at(self.place, self.id)

    def read(self) -> FeedEvent:
        """Return what is written here."""
        return FeedEvent(
            EventKind(self.kind),
            self.store,
            self.case_id,
            self.number,
            ActorKind(self.actor_kind),
            self.actor_label,
            from_text(self.at),
            json.loads(self.was),
            json.loads(self.became),
            self.revision,
            self.sequence,
            self.message_id,
            self.message_label,
            self.place,
        )


def _id_of(case_id: str, revision: int, sequence: int | None) -> str:
    return f"evt_{case_id.replace('-', '')}_{f'n{revision}' if sequence is None else sequence}"


def _cursor_at(place: FeedPlace, event_id: str) -> str:
    return base64.urlsafe_b64encode(f"{place[0]}.{place[1]}.{event_id}".encode()).decode().rstrip("=")


class FeedPage(NamedTuple):
    """Some of the events, oldest first; `next` is what `after` takes to go on, `end` whether there are no more yet."""

    events: tuple[FeedEvent, ...]
    next: str
    end: bool


class WrittenFeedPage(NamedTuple):
    """A `FeedPage` as it is written down."""

    events: tuple[WrittenEvent, ...]
    next: str
    end: bool


class FeedCursor(NamedTuple):
    """Where somebody stands in a feed: behind an event, of which case and with which number its id tells."""

    place: tuple[int, int]
    case_id: str
    is_seen: bool
    number: int

    @classmethod
    def parse(cls, text: str) -> "FeedCursor":
        """Read what `FeedEvent.cursor` wrote.

        Raises:
            CursorExpired: It is none.
        """
        try:
            written = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode("ascii")
        except ValueError:
            raise CursorExpired() from None
        if not (cursor := CURSOR.fullmatch(written)):
            raise CursorExpired()
        return cls.of_event(cursor[3])._replace(place=(int(cursor[1]), int(cursor[2])))

    @classmethod
    def of_event(cls, event_id: str) -> "FeedCursor":
        """Return where the event with that id stands, wherever that is.

        Raises:
            CursorExpired: No event has such an id.
        """
        named = EVENT_ID.fullmatch(event_id)
        if not named:
            raise CursorExpired()
        *parts, hidden, number = named.groups()
        return cls(BEGINNING, "-".join(parts), not hidden, int(number))
