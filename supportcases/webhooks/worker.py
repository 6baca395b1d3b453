"""Tells endpoints what happens: any number of workers, each endpoint served by one of them at a time.

The history is the outbox. An endpoint follows it as anybody follows the feed, and only what has failed waits in a row
of its own. A worker that is killed leaves its endpoint to the others as soon as its lease has ended; what it had sent
without keeping so is sent once more, under the same id. What a power cut takes away of that is sent once more, too: so
nobody who writes waits for a worker's disk.
"""

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from supportcases.domain.endpoints import NOBODY, Turn
from supportcases.domain.times import Clock, now, whole_milliseconds
from supportcases.storage.protocol import Repository
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.serving import Serving, Tally

LEASE: Final = timedelta(seconds=60)  # longer than an attempt by far
ATTEMPTS: Final = 100  # of a turn, behind which other endpoints come first
KEPT: Final = timedelta(days=30)  # for which the log has a delivery
FORGOTTEN: Final = 1_000  # deliveries that are forgotten at once
EVERY: Final = timedelta(hours=1)


class Worker:
    """Delivers what is due; for any number of threads."""

    def __init__(
        self,
        repository: Repository,
        sender: Sender,
        *,
        clock: Clock = now,
        lease: timedelta = LEASE,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Serve each endpoint until `lease` after its last attempt; `chance` spreads the retries."""
        self._repository = repository
        self._sender = sender
        self._clock = clock
        self._lease = lease
        self._chance = chance
        self._looking: Final = threading.Lock()
        self._last = NOBODY  # the endpoint that was served last
        self._forgets_at = self._now()

    def deliver_due(self, going_on: Callable[[], bool] = lambda: True) -> int:
        """Make all attempts that are due, for as long as `going_on` says so; return how many."""
        tally = Tally()
        while turn := self.next_turn(going_on):
            tally = tally.and_also(self.serve(turn, going_on))
        self.forget()
        return tally.attempts

    def next_turn(self, going_on: Callable[[], bool]) -> Turn | None:
        """Take the next endpoint for which there is something to do; whoever was quicker serves another one."""
        with self._looking:
            while going_on():
                moment = self._now()
                with self._repository.read() as transaction:
                    found = transaction.webhooks.with_work(moment, self._last)
                if found is None:
                    return None
                self._last = found
                with self._repository.write(lasting=False) as transaction:
                    if turn := transaction.webhooks.take_turn(found, moment, moment + self._lease, uuid4().hex):
                        return turn
        return None

    def serve(self, turn: Turn, going_on: Callable[[], bool]) -> Tally:
        """Make the attempts of a turn, and return what came of them."""
        serving = Serving(self._repository, self._sender, turn, self._clock, self._lease, self._chance, going_on)
        return serving.make_attempts(ATTEMPTS)

    def forget(self) -> None:
        """Take away old deliveries from time to time."""
        moment = self._now()
        if moment < self._forgets_at:
            return
        with self._repository.write(lasting=False) as transaction:
            forgotten = transaction.deliveries.forget(moment - KEPT, limit=FORGOTTEN)
        self._forgets_at = moment if forgotten == FORGOTTEN else moment + EVERY

    def _now(self) -> datetime:
        return whole_milliseconds(self._clock())
