"""Delivers all the time: woken where something happens, and working on where the database comes back."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from supportcases.domain.endpoints import Turn
from supportcases.domain.errors import SupportCasesError
from supportcases.domain.times import Clock, now
from supportcases.logs import logger
from supportcases.processes import STOP_SIGNALS, held_back, ticks
from supportcases.storage.protocol import Repository, Watch
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.serving import Tally
from supportcases.webhooks.worker import LEASE, Worker

AT_ONCE: Final = 8  # endpoints
LOOK: Final = 1.0  # seconds between two looks where nothing wakes it: retries, and what was asked for by hand
HEED: Final = 0.25  # seconds until it heeds that it shall stop
LONGEST: Final = 30.0  # seconds between two looks while there is no database

log: Final = logger("supportcases.webhooks")


class Delivering:
    """Delivers what is due, to several endpoints at once, so that one that hangs delays no other."""

    def __init__(
        self,
        repository: Repository,
        sender: Sender,
        *,
        clock: Clock = now,
        lease: timedelta = LEASE,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Deliver nothing yet; `lease` and `chance` are the worker's."""
        self._repository: Final = repository
        self._worker: Final = Worker(repository, sender, clock=clock, lease=lease, chance=chance)
        self._lock: Final = threading.Lock()
        self._tally = Tally()
        self._busy = 0
        self._trouble: str | None = None
        self._trouble_in_serving = False  # which to look for what is due does not show to be over
        self._stopped = False  # no Event: a handler of signals that sets one may wait for what it has interrupted

    def once(self) -> Tally:
        """Deliver until nothing is due any more, and return what came of it.

        Raises:
            SupportCasesError: The database cannot be used.
        """
        with ThreadPoolExecutor(AT_ONCE, "supportcases-deliver") as pool:
            serving = [pool.submit(self._serve, turn) for turn in self._turns()]
        for served in serving:
            served.result()
        return self._tally

    def run(self) -> None:
        """Deliver until `stop`, and then end with the attempts under way."""
        pause = LOOK
        with ThreadPoolExecutor(AT_ONCE, "supportcases-deliver") as pool, self._repository.watch() as watch:
            while self._goes_on():
                try:
                    for turn in self._turns():
                        pool.submit(self._serve_safely, turn)
                except Exception as error:  # noqa: BLE001 - whatever it is, webhooks go on afterwards
                    self._tell_of(error)
                    pause = min(2 * pause, LONGEST)
                else:
                    self._tell_of_success()
                    pause = LOOK
                self._wait(watch, pause)

    def stop(self) -> None:
        """Begin no attempt any more; may be called from a handler of signals."""
        self._stopped = True

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Deliver in a thread until the block ends."""
        with held_back(STOP_SIGNALS):  # which its threads inherit: only the main one is interrupted
            thread = threading.Thread(target=self.run, name="supportcases-deliver", daemon=True)
            thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join()

    def _goes_on(self) -> bool:
        return not self._stopped

    def _turns(self) -> Iterator[Turn]:
        """Yield endpoints to serve, while there are any and somebody has time; who has served one takes the next."""
        while self._busy < AT_ONCE and (turn := self._worker.next_turn(self._goes_on)):
            with self._lock:
                self._busy += 1
            yield turn
        self._worker.forget()

    def _serve(self, turn: Turn) -> None:
        """Serve an endpoint, and then others, until there is nothing to do."""
        following: Turn | None = turn
        try:
            while following:
                made = self._worker.serve(following, self._goes_on)
                self._tell_of_success(in_serving=True)
                with self._lock:
                    self._tally = self._tally.and_also(made)
                following = self._worker.next_turn(self._goes_on)
        finally:
            with self._lock:
                self._busy -= 1

    def _serve_safely(self, turn: Turn) -> None:
        try:
            self._serve(turn)
        except Exception as error:  # noqa: BLE001 - nobody asks what became of it
            self._tell_of(error, in_serving=True)

    def _wait(self, watch: Watch, seconds: float) -> None:
        """Wait until something happens, but after an error for all of the time."""
        until = ticks() + seconds
        while self._goes_on() and (left := until - ticks()) > 0:
            if watch.wait(min(left, HEED)) and self._trouble is None:
                return

    def _tell_of(self, error: Exception, *, in_serving: bool = False) -> None:
        """Log what is wrong, once until it is something else."""
        told = f"{type(error).__name__}: {error}"
        with self._lock:
            before, self._trouble = self._trouble, told
            self._trouble_in_serving |= in_serving
        if told == before:
            return
        if isinstance(error, SupportCasesError):
            log.warning("webhooks wait: %s", error)
        else:
            log.error("webhooks wait: %s", told, exc_info=error)

    def _tell_of_success(self, *, in_serving: bool = False) -> None:
        if self._trouble is None or (self._trouble_in_serving and not in_serving):
            return
        with self._lock:
            self._trouble, self._trouble_in_serving = None, False
        log.warning("webhooks are delivered again")
