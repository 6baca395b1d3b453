"""The threads that answer requests, one of which is kept for those who read."""

import time
from collections import deque
from typing import Final

from waitress.task import ThreadedTaskDispatcher

from supportcases.processes import waited
from supportcases.server.channel import Channel

READS: Final = ("GET", "HEAD", "OPTIONS")  # methods that never wait to write


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Threads, one of which is kept from those who write and may have to wait long for each other.

    Who wants to write and finds the others taken waits without a thread, and that counts as a part of the wait.
    """

    def __init__(self, threads: int) -> None:
        """Start so many; a single one does everything."""
        super().__init__()
        self._free_to_write = max(1, threads - 1)
        self._waiting: deque[Write] = deque()
        self.set_thread_count(threads)

    def add_task(self, channel: Channel) -> None:
        """Let the next request of the channel be answered."""
        if getattr(channel.requests[0], "command", "") in READS:
            super().add_task(channel)
            return
        write = Write(self, channel)
        with self.lock:
            if not self._free_to_write:
                self._waiting.append(write)
                return
            self._free_to_write -= 1
        super().add_task(write)

    def end_of_write(self) -> None:
        """Let the next one write."""
        with self.lock:
            if not self._waiting:
                self._free_to_write += 1
                return
            write = self._waiting.popleft()
        super().add_task(write)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads, and close the connections of those who wait."""
        with self.lock:
            self.queue.extend(self._waiting)
            self._waiting.clear()
        return bool(super().shutdown(cancel_pending, timeout))


class Write:
    """A request that may have to wait to write."""

    def __init__(self, dispatcher: Dispatcher, channel: Channel) -> None:
        """Begin to wait."""
        self._dispatcher = dispatcher
        self._channel = channel
        self._since = time.monotonic()

    def service(self) -> None:
        """Answer it, in a thread."""
        token = waited.set(time.monotonic() - self._since)
        try:
            self._channel.service()
        finally:
            waited.reset(token)
            self._dispatcher.end_of_write()

    def cancel(self) -> None:
        """Answer it never."""
        self._channel.cancel()
