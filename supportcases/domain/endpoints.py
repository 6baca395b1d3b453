"""Webhooks' endpoints: what is kept of each, what is tried when, and when one is given up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from supportcases.domain.events import EventKind
from supportcases.domain.feed import FeedPlace
from supportcases.domain.fields import BooleanRule, TextRule

MOST_OF_A_STORE: Final = 10
MOST_OF_THE_DESK: Final = 100
MOST_BY_HAND: Final = 10  # tests and redeliveries of an endpoint within a minute
MOST_WAITING: Final = 1_000  # deliveries of an endpoint that wait to be tried again; new events wait for these
NOBODY: Final = "00000000-0000-0000-0000-000000000000"  # the id before those of all endpoints
MOST_COUNTED: Final = 1_000  # events of which an endpoint was not told yet, where all of them are counted
NEWEST_COUNTED: Final = 10_000  # attempts that are counted, the newest of the last hour
COUNTED_FOR: Final = timedelta(hours=1)
RETRIES: Final = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
JITTER: Final = 0.2  # by which each of these may be shorter or longer
GIVEN_UP: Final = timedelta(days=5)  # of failures only
IN_A_ROW: Final = 10  # failures, behind which new events wait, too
LONGEST_PAUSE: Final = timedelta(minutes=5)
ROTATION: Final = timedelta(hours=24)  # for which the old secret signs, too

TYPE: Final = "support_case."
OF_MERCHANTS: Final = tuple(f"{TYPE}{kind}" for kind in EventKind if kind is not EventKind.NOTED)
OF_THE_TEAM: Final = tuple(f"{TYPE}{kind}" for kind in EventKind)
TEST: Final = "webhook.test"
EVENT, BY_HAND, OF_THE_DESK = "event", "redelivery", "system"  # the kinds of deliveries, with `TESTED`
TESTED: Final = "test"


class Webhook(NamedTuple):
    """An endpoint that is told what happens.

    Attributes:
        id: A UUID.
        store: The store whose merchants' events it is told; None for all that happens at the desk.
        url: Where it is.
        types: The types of events that it is told, such as "support_case.answered"; None for all.
        description: What its owner calls it.
        enabled: Whether it is told anything.
        disabled_because: Why the desk has disabled it, in a sentence; None where it did not.
        created_at: When it was made.
        failing_since: When the first of the failures was since which nothing has succeeded.
    """

    id: str
    store: str | None
    url: str
    types: tuple[str, ...] | None
    description: str | None
    enabled: bool
    disabled_because: str | None
    created_at: datetime
    failing_since: datetime | None = None


class NewSecret(NamedTuple):
    """An endpoint with its secret, which nobody is shown again."""

    webhook: Webhook
    secret: str

    def __repr__(self) -> str:
        return f"NewSecret({self.webhook!r}, ...)"


class WebhookPage(NamedTuple):
    """Some of the endpoints, oldest first; `count` is how many there are in all."""

    webhooks: tuple[Webhook, ...]
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    offset: int
    limit: int


class Secrets(NamedTuple):
    """What signs the deliveries of an endpoint; the old one until a day after it was replaced."""

    secret: str
    old: str | None = None
    rotated_at: datetime | None = None

    def __repr__(self) -> str:
        return "Secrets(...)"

    def signing(self, now: datetime) -> tuple[str, ...]:
        """Return those that sign at that time, the new one first."""
        rotating = self.old is not None and self.rotated_at is not None and now < self.rotated_at + ROTATION
        return (self.secret, self.old) if rotating and self.old else (self.secret,)


class Progress(NamedTuple):
    """How far an endpoint has come.

    Attributes:
        place: Behind which place of its feed it goes on.
        failures: How many attempts have failed in a row.
        paused_until: Until when nothing more is tried.
    """

    place: FeedPlace
    failures: int = 0
    paused_until: datetime | None = None


class Turn(NamedTuple):
    """An endpoint that one worker serves for a while, until `lease` ends; nobody else does so meanwhile."""

    webhook: Webhook
    secrets: Secrets
    progress: Progress
    lease: str


class Delivery(NamedTuple):
    """An attempt to tell an endpoint of something, or one that is still to come.

    Attributes:
        id: Its number among those of the endpoint: one of the desk's own would tell what happens to others.
        webhook_id: The endpoint.
        kind: "event", "test", "redelivery", or "system" for what the desk tells the endpoint's owner here.
        event_id: The id that every attempt to tell of the same event has; None for "system".
        type: The type of the event.
        attempt: Which attempt it is, from 1 on.
        due_at: When it is to be made.
        finished_at: When it was made; None while it is still to come.
        status: The status of the answer; None where there was none.
        problem: Why it has failed, in a sentence; what the desk tells for "system".
        milliseconds: How long it took.
    """

    id: int
    webhook_id: str
    kind: str
    event_id: str | None
    type: str
    attempt: int
    due_at: datetime
    finished_at: datetime | None = None
    status: int | None = None
    problem: str | None = None
    milliseconds: int | None = None

    @property
    def state(self) -> str:
        """`waiting`, `delivered`, `failed`, or `told` for what the desk tells."""
        if self.finished_at is None:
            return "waiting"
        if self.kind == OF_THE_DESK:
            return "told"
        return "delivered" if self.status is not None and 200 <= self.status < 300 else "failed"


class DeliveryPage(NamedTuple):
    """Some of the deliveries of an endpoint, newest first; `next` is the id behind which the next page begins."""

    deliveries: tuple[Delivery, ...]
    next: int | None


class DeliveryTally(NamedTuple):
    """How all webhooks are doing.

    Attributes:
        behind: Events of which endpoints could be told at once and were not yet; of each endpoint up to `MOST_COUNTED`.
        waiting: Deliveries to endpoints that are enabled which wait to be tried again.
        delivered: Attempts of the last hour that have succeeded; with those that have failed up to `NEWEST_COUNTED`.
        failed: Attempts of the last hour that have not.
    """

    behind: int
    waiting: int
    delivered: int
    failed: int


def again_at(delivery: Delivery, now: datetime, *, chance: float, asked: timedelta | None) -> datetime | None:
    """Return when a delivery that has failed is tried again, or None where it is not any more.

    `chance` is a random number from 0 to 1; `asked` is how long the receiver's `Retry-After` asks to wait.
    """
    if delivery.kind != EVENT or delivery.attempt > len(RETRIES):
        return None
    pause = RETRIES[delivery.attempt - 1] * (1 + JITTER * (2 * chance - 1))
    return now + max(pause, asked or timedelta(0))


def paused_until(failures: int, now: datetime, asked: timedelta | None) -> datetime | None:
    """Return until when an endpoint gets nothing: as it asks, and after many failures in a row a little longer each."""
    over = failures - IN_A_ROW
    pause = min(RETRIES[0] * 2**over, LONGEST_PAUSE) if 0 <= over < 16 else LONGEST_PAUSE if over > 0 else timedelta(0)
    longest = max(pause, asked or timedelta(0))
    return now + longest if longest else None


class TypesRule(NamedTuple):
    """Which types of events an endpoint is told: some of `known`, or null for all."""

    known: Sequence[str] = OF_THE_TEAM

    def clean(self, value: Any) -> tuple[str, ...] | None:
        """Check `value`."""
        if value is None:
            return None
        some = list(value) if isinstance(value, list | tuple) else []
        if not some or any(one not in self.known for one in some) or len(set(some)) < len(some):
            raise ValueError(f"Must be null for all, or a list of some of {', '.join(self.known)}, each once.")
        return tuple(some)


class DescriptionRule:
    """What an endpoint is called; null for nothing."""

    text: Final = TextRule(1, 200, one_line=True)

    def clean(self, value: Any) -> str | None:
        """Check `value`."""
        return None if value is None else self.text.clean(value)


ENABLED: Final = BooleanRule()
DESCRIPTION: Final = DescriptionRule()
