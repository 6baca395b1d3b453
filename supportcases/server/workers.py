"""The threads that answer requests, some of which are kept from those who may take one for long."""

import time
from collections import Counter, deque
from enum import Enum, auto
from typing import Any, Final
from urllib.parse import parse_qs

from waitress.task import ThreadedTaskDispatcher

from supportcases.processes import waited
from supportcases.server.channel import Channel

READS: Final = ("GET", "HEAD", "OPTIONS")  # methods that never wait to write
SEARCHED: Final = "/support/cases"  # where the team searches, below whatever prefix
MOST_UPLOADS: Final = 2  # files that are copied at once: more would only keep those who write waiting


class Kind(Enum):
    """Why a request may take a thread for long."""

    WRITE = auto()  # it waits for those who write
    SEARCH = auto()  # it looks through the cases of all stores
    UPLOAD = auto()  # a file is copied, a piece after the other


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Threads, of which neither those who write nor the team's searches take all, and both together leave one.

    Files that are copied are two at a time, and count among the searches, so that somebody who writes has a thread too.
    Who finds as many at work as may be waits without a thread, and that counts as a part of the wait. Whoever is at
    work came before and has its time too, so nobody waits for longer than a request, or the copy of a file, may take.
    """

    def __init__(self, threads: int) -> None:
        """Start so many; a single one does everything, and of two a write and a search take both."""
        super().__init__()
        self._most_of_a_kind = max(1, threads - 2)
        self._most = max(2, threads - 1)
        self._at_work: Counter[Kind] = Counter()
        self._waiting: deque[Long] = deque()
        self.set_thread_count(threads)

    def add_task(self, channel: Channel) -> None:
        """Let the next request of the channel be answered."""
        kind = kind_of(channel.requests[0])
        if kind is None:
            super().add_task(channel)
            return
        with self.lock:
            self._waiting.append(Long(self, channel, kind))
            request = self._next()
        if request:
            super().add_task(request)

    def at_once(self, task: Any) -> None:
        """Let what never takes long be done by the next thread."""
        super().add_task(task)

    def end_of(self, kind: Kind) -> None:
        """Let the next one begin, for this thread, which is done: to wake another one would take longer."""
        with self.lock:
            self._at_work[kind] -= 1
            if request := self._next():
                self.queue.append(request)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads, and close the connections of those who wait."""
        with self.lock:
            self.queue.extend(self._waiting)
            self._waiting.clear()
        return bool(super().shutdown(cancel_pending, timeout))

    def _next(self) -> "Long | None":
        """Return the first one of those who wait and may begin, which is at work now; there is never more than one."""
        request = next(filter(self._may_begin, self._waiting), None)
        if request:
            self._waiting.remove(request)
            self._at_work[request.kind] += 1
        return request

    def _may_begin(self, request: "Long") -> bool:
        all_of_them, writes = self._at_work.total(), self._at_work[Kind.WRITE]
        alike = writes if request.kind is Kind.WRITE else all_of_them - writes
        too_many = request.kind is Kind.UPLOAD and self._at_work[Kind.UPLOAD] >= MOST_UPLOADS
        return alike < self._most_of_a_kind and all_of_them < self._most and not too_many


class Long:
    """A request that may take a thread for long, and may have to wait for one."""

    def __init__(self, dispatcher: Dispatcher, channel: Channel, kind: Kind) -> None:
        """Begin to wait."""
        self.kind: Final = kind
        self._dispatcher = dispatcher
        self._channel = channel
        self._since = time.monotonic()

    def service(self) -> None:
        """Answer it, in a thread."""
        # a file may take the time that it takes
        token = waited.set(0.0 if self.kind is Kind.UPLOAD else time.monotonic() - self._since)
        try:
            self._channel.service()
        finally:
            waited.reset(token)
            self._dispatcher.end_of(self.kind)

    def cancel(self) -> None:
        """Answer it never."""
        self._channel.cancel()


def kind_of(request: Any) -> Kind | None:
    """Return why waitress's request may take a thread for long; of one that cannot be read parts are missing."""
    if getattr(request, "refusal", None):
        return None
    if getattr(request, "upload", None):
        return Kind.UPLOAD
    if getattr(request, "command", "") not in READS:
        return Kind.WRITE
    searches = getattr(request, "path", "").endswith(SEARCHED) and "query" in parse_qs(request.query, True)
    return Kind.SEARCH if searches else None
