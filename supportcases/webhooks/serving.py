"""One turn of an endpoint: what is told it next, and what follows from how that went."""

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple, TypeVar

from supportcases.domain.endpoints import (
    EVENT,
    GIVEN_UP,
    LONGEST_PAUSE,
    MOST_WAITING,
    OF_THE_DESK,
    TESTED,
    TYPE,
    Delivery,
    Turn,
    again_at,
    paused_until,
)
from supportcases.domain.errors import CursorExpired, DatabaseBusy, DatabaseUnavailable
from supportcases.domain.feed import FeedCursor, WrittenEvent
from supportcases.domain.times import Clock, whole_milliseconds
from supportcases.logs import logger
from supportcases.processes import ticks
from supportcases.storage.protocol import Repository, Transaction
from supportcases.storage.protocol.feed import Feed
from supportcases.webhooks.deadline import NotTried
from supportcases.webhooks.payload import payload, test_payload
from supportcases.webhooks.sending import Outcome, Sender
from supportcases.webhooks.signing import signed

T = TypeVar("T")

TOGETHER: Final = 100  # events that are read at once
PAUSE: Final = 0.5  # seconds between two attempts to reach the database
GONE: Final = 410
WAS_TOLD_TO_GO: Final = "Disabled: the receiver has answered 410, which says that it wants no more."
WAS_GIVEN_UP: Final = "Disabled: for five days every attempt has failed."
NOTHING_LEFT: Final = Outcome(None, "What it tells of is no longer there.", 0)

log: Final = logger("supportcases.webhooks")


class Tally(NamedTuple):
    """How many attempts were made, and what came of them."""

    delivered: int = 0
    failed: int = 0

    @property
    def attempts(self) -> int:
        """How many were made."""
        return self.delivered + self.failed

    def and_also(self, other: "Tally") -> "Tally":
        """Count both."""
        return Tally(self.delivered + other.delivered, self.failed + other.failed)


class Attempt(NamedTuple):
    """What is told next; `event` where it is told for the first time."""

    delivery: Delivery
    event: WrittenEvent | None = None


class Serving:
    """Makes the attempts of one endpoint, in order."""

    def __init__(
        self,
        repository: Repository,
        sender: Sender,
        turn: Turn,
        clock: Clock,
        lease: timedelta,
        chance: Callable[[], float],
        going_on: Callable[[], bool],
    ) -> None:
        """Serve the endpoint of `turn`, for as long as `going_on` says so."""
        self._repository = repository
        self._sender = sender
        self._turn = turn
        self._clock = clock
        self._lease = lease
        self._chance = chance
        self._going_on = going_on
        self._events: deque[WrittenEvent] = deque()

    def make_attempts(self, most: int) -> Tally:
        """Make up to so many attempts, and let others serve the endpoint; return what came of them.

        Where there was no answer, which may have taken long, other endpoints come first.

        Raises:
            NotTried: This machine can make no attempt; what was due still is.
        """
        tally, answers = Tally(), True
        while tally.attempts < most and answers and self._going_on():
            attempt = self._patiently(self._next)
            if attempt is None:
                break
            try:
                outcome = self._made(attempt.delivery, attempt.event)
            except NotTried:
                self._patiently(self._end)
                raise
            _log(attempt.delivery, outcome)
            tally = tally.and_also(Tally(delivered=1) if outcome.delivered else Tally(failed=1))
            answers = outcome.status is not None
            self._note(attempt, outcome)
            if not self._patiently(partial(self._keep, attempt.delivery, outcome, self._now())):
                log.warning("webhook %s was removed, or its lease has ended and others serve it", self._turn.webhook.id)
                return tally
        self._patiently(self._end)
        return tally

    def _patiently(self, do: Callable[[], T]) -> T:
        """Do what needs the database, also where it is away for a while.

        Who gave up at once would leave the last attempt unkept, and the endpoint waiting until the lease ends, which is
        longer than this and an attempt.
        """
        until = ticks() + self._lease.total_seconds() / 2
        while True:
            try:
                return do()
            except (DatabaseBusy, DatabaseUnavailable):  # which say that nothing was kept
                if not self._going_on() or ticks() > until:
                    raise
            self._events.clear()  # one of them may have been taken
            time.sleep(PAUSE)

    def _next(self) -> Attempt | None:
        """Return what is to be told next: what waits comes first."""
        moment, webhook = self._now(), self._turn.webhook
        with self._repository.read() as transaction:
            waits = transaction.deliveries.due(webhook.id, moment, by_hand=not webhook.enabled)
            if waits:
                return Attempt(waits)
            event = self._next_event(transaction, moment)
        if event is None:
            return None
        return Attempt(Delivery(0, webhook.id, EVENT, event.id, f"{TYPE}{event.kind}", 1, moment), event)

    def _next_event(self, transaction: Transaction, moment: datetime) -> WrittenEvent | None:
        """Return the next event that the endpoint wants to know of; those before it are passed over."""
        progress, webhook = self._turn.progress, self._turn.webhook
        if not webhook.enabled or (progress.paused_until and progress.paused_until > moment):
            return None
        if transaction.deliveries.waiting(webhook.id) >= MOST_WAITING:
            self._turn = self._turn._replace(progress=progress._replace(paused_until=moment + LONGEST_PAUSE))
            return None
        if not self._events:
            self._events.extend(self._feed(transaction).behind(progress.place, limit=TOGETHER))
        while self._events:
            event = self._events.popleft()
            if webhook.types is None or f"{TYPE}{event.kind}" in webhook.types:
                return event
            self._turn = self._turn._replace(progress=self._turn.progress._replace(place=event.place))
        return None

    def _made(self, delivery: Delivery, event: WrittenEvent | None) -> Outcome:
        """Tell it, and return what came of it."""
        body = self._patiently(partial(self._body, delivery, event))
        if body is None:
            return NOTHING_LEFT
        moment, message_id = self._now(), delivery.event_id or ""
        headers = signed(body, self._turn.secrets.signing(moment), message_id=message_id, now=moment)
        return self._sender.send(self._turn.webhook.url, body, headers)

    def _body(self, delivery: Delivery, event: WrittenEvent | None) -> bytes | None:
        """Return what it is told; None where there is no such thing any more."""
        if delivery.kind == TESTED:
            return test_payload(self._turn.webhook, delivery, self._now())
        with self._repository.read() as transaction:
            event = event or self._found(transaction, delivery.event_id or "")
            return payload(transaction, self._turn.webhook, event) if event else None

    def _note(self, attempt: Attempt, outcome: Outcome) -> None:
        """Note how far the endpoint has come with an attempt."""
        if attempt.event:
            self._turn = self._turn._replace(progress=self._turn.progress._replace(place=attempt.event.place))
        if attempt.delivery.kind == EVENT and outcome is not NOTHING_LEFT:
            self._count(self._now(), outcome)

    def _keep(self, delivery: Delivery, outcome: Outcome, moment: datetime) -> bool:
        """Keep what came of an attempt; tell whether the endpoint is still ours to serve."""
        finished = delivery._replace(
            finished_at=moment,
            status=outcome.status,
            problem=outcome.problem,
            milliseconds=outcome.milliseconds,
        )
        with self._repository.write(lasting=False) as transaction:
            kept = transaction.webhooks.keep_turn(self._turn, self._now() + self._lease)
            if kept is None:
                return False
            self._turn = kept
            if delivery.id:
                transaction.deliveries.finish(finished)
            else:
                transaction.deliveries.add(finished)
            if delivery.kind == EVENT and not outcome.delivered and outcome is not NOTHING_LEFT:
                self._after_failure(transaction, delivery, outcome, moment)
        return True

    def _count(self, moment: datetime, outcome: Outcome) -> None:
        """Count a failure, or forget those before a success."""
        webhook, progress = self._turn.webhook, self._turn.progress
        failures = 0 if outcome.delivered else progress.failures + 1
        since = None if outcome.delivered else webhook.failing_since or moment
        pause = None if outcome.delivered else paused_until(failures, moment, outcome.retry_after)
        self._turn = self._turn._replace(
            webhook=webhook._replace(failing_since=since),
            progress=progress._replace(failures=failures, paused_until=pause),
        )

    def _after_failure(self, transaction: Transaction, delivery: Delivery, outcome: Outcome, moment: datetime) -> None:
        """Let it be tried again, or give the endpoint up."""
        webhook = self._turn.webhook
        again = again_at(delivery, moment, chance=self._chance(), asked=outcome.retry_after)
        if again:
            waiting = Delivery(0, webhook.id, EVENT, delivery.event_id, delivery.type, delivery.attempt + 1, again)
            transaction.deliveries.add(waiting)
        since = webhook.failing_since
        because = (
            WAS_TOLD_TO_GO if outcome.status == GONE else WAS_GIVEN_UP if since and moment - since >= GIVEN_UP else None
        )
        if because and webhook.enabled:
            transaction.webhooks.disable(webhook.id, because)
            told = Delivery(0, webhook.id, OF_THE_DESK, None, "webhook.disabled", 1, moment, moment, problem=because)
            transaction.deliveries.add(told)
            self._turn = self._turn._replace(webhook=webhook._replace(enabled=False))
            log.warning("webhook %s: %s", webhook.id, because)

    def _end(self) -> None:
        with self._repository.write(lasting=False) as transaction:
            if transaction.webhooks.keep_turn(self._turn, self._now() + self._lease):
                transaction.webhooks.end_turn(self._turn)

    def _feed(self, transaction: Transaction) -> Feed:
        store = self._turn.webhook.store
        return transaction.feeds.of_merchant(store) if store else transaction.feeds.of_team(None, None)

    def _found(self, transaction: Transaction, event_id: str) -> WrittenEvent | None:
        feed = self._feed(transaction)
        try:
            place = feed.place_of(FeedCursor.of_event(event_id))
        except CursorExpired:
            return None
        events = feed.behind((place[0], place[1] - 1), limit=1) if place else ()
        return events[0] if events else None

    def _now(self) -> datetime:
        return whole_milliseconds(self._clock())


def _log(delivery: Delivery, outcome: Outcome) -> None:
    """Tell of an attempt, but nothing of the URL's path and query, which may hold a password."""
    what = (delivery.webhook_id, delivery.type, delivery.attempt)
    if outcome.delivered:
        log.debug("webhook %s: %s, attempt %d: %s in %d ms", *what, outcome.status, outcome.milliseconds)
    else:
        told = outcome.problem or f"It answered {outcome.status}."
        log.warning("webhook %s: %s, attempt %d failed after %d ms: %s", *what, outcome.milliseconds, told)
