"""What the desk needs from a database to tell endpoints what happens, once and in order, whoever does it."""

from datetime import datetime
from typing import Protocol

from supportcases.domain.cases import Stores
from supportcases.domain.endpoints import Delivery, DeliveryTally, Progress, Secrets, Turn, Webhook


class Webhooks(Protocol):
    """The endpoints, and how far each has come.

    Every method that looks for one is told which it may be: those of some stores, or None for all of them and for the
    desk's own.
    """

    def add(self, webhook: Webhook, secrets: Secrets, progress: Progress) -> None:
        """Add an endpoint."""

    def find(self, webhook_id: str, stores: Stores) -> Webhook | None:
        """Return an endpoint, or None. Within a write nobody else changes it until the end."""

    def page(self, stores: Stores, *, limit: int, offset: int) -> tuple[Webhook, ...]:
        """Return some of the endpoints, oldest first."""

    def count(self, stores: Stores) -> int:
        """Return how many there are."""

    def count_of(self, store: str | None) -> int:
        """Return how many a store has, or the desk; within a write nobody else adds one until the end."""

    def update(self, webhook: Webhook) -> None:
        """Save what its owner may change, and whether it is failing."""

    def secrets(self, webhook_id: str) -> Secrets:
        """Return what signs the deliveries of an endpoint."""

    def rotate(self, webhook_id: str, secrets: Secrets) -> None:
        """Replace what signs."""

    def go_on(self, webhook_id: str) -> None:
        """Forget the failures and the pause: it is tried anew, from where it stands."""

    def remove(self, webhook_id: str) -> None:
        """Remove an endpoint; what waits for it is never sent."""

    def with_work(self, now: datetime, behind: str) -> str | None:
        """Return the id of an endpoint that nobody serves and for which there is something to do, or None.

        It is the next one behind that id, or else the first.
        """

    def take_turn(self, webhook_id: str, now: datetime, until: datetime, lease: str) -> Turn | None:
        """Take an endpoint to serve it until then; None where somebody else was quicker."""

    def keep_turn(self, turn: Turn, until: datetime) -> Turn | None:
        """Keep how far it has come, and serve it until then, as it is now; None where it is no longer this worker's."""

    def end_turn(self, turn: Turn) -> None:
        """Let others serve it."""

    def disable(self, webhook_id: str, because: str) -> None:
        """Tell it nothing more, and say why."""


class Deliveries(Protocol):
    """The attempts, those that are still to come among them."""

    def add(self, delivery: Delivery) -> int:
        """Add one, and return its number among those of the endpoint: that of the value counts for nothing.

        Whoever adds one holds the endpoint: it was found, or its turn kept, in the same write.
        """

    def finish(self, delivery: Delivery) -> None:
        """Save what came of one that waited."""

    def due(self, webhook_id: str, now: datetime, *, by_hand: bool) -> Delivery | None:
        """Return what is to be tried by then, or only of what was asked for by hand: the one that waits longest."""

    def waiting(self, webhook_id: str) -> int:
        """Return how many are still to come."""

    def tally(self, now: datetime) -> DeliveryTally:
        """Count what is delivered to all endpoints."""

    def find(self, webhook_id: str, number: int) -> Delivery | None:
        """Return an attempt, or None."""

    def page(self, webhook_id: str, *, before: int | None, limit: int) -> tuple[Delivery, ...]:
        """Return some attempts, newest first: those with lower numbers than `before`, if given."""

    def by_hand_since(self, webhook_id: str, moment: datetime) -> int:
        """Return how many tests and redeliveries were asked for since then."""

    def forget(self, before: datetime, *, limit: int) -> int:
        """Take away some of those that were due before, and return how many."""
