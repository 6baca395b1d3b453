"""How long to wait for a server: one that stands still keeps its connections, and libpq waits for ever."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from supportcases.processes import PerProcess, ticks

GRACE: Final = 3.0  # seconds that the server has to end a statement itself, behind the time that it was given
EVERY: Final = 0.5  # seconds between two looks


class Watch:
    """Ends the waiting of one process that takes too long: the connection is then broken."""

    def __init__(self) -> None:
        """Begin to watch, in a thread of its own, which never ends."""
        self._waiting: Final[dict[socket.socket, float]] = {}
        threading.Thread(target=self._look_on, name="supportcases-postgres", daemon=True).start()

    @contextmanager
    def at_most(self, wire: socket.socket, seconds: float) -> Iterator[None]:
        """Wait for the server within the block, for as long as that and `GRACE`."""
        self._waiting[wire] = ticks() + seconds + GRACE
        try:
            yield
        finally:
            del self._waiting[wire]

    def _look_on(self) -> None:
        while True:
            time.sleep(EVERY)
            for wire, until in list(self._waiting.items()):
                if ticks() > until:
                    with suppress(OSError):  # it was closed meanwhile
                        wire.shutdown(socket.SHUT_RDWR)


watch: Final = PerProcess(Watch)
