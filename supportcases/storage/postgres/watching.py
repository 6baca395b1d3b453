"""How a process notices that something happened to a case, whichever process did it."""

import time
from collections.abc import Callable
from typing import Final

import psycopg

from supportcases.processes import ticks
from supportcases.storage.postgres.connections import Connection

CHANNEL: Final = "supportcases_events"  # which the migration 0007_webhooks lets each event tell
SHORTEST, LONGEST = 1.0, 30.0  # seconds between two attempts to connect


class PostgresWatch:
    """Listens on a connection of its own, which is made anew where it breaks.

    Behind a proxy that hands its connections around (PgBouncer's `pool_mode = transaction`) it hears nothing.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """Connect when it is first waited."""
        self._connect: Final = connect
        self._connection: Connection | None = None
        self._pause = SHORTEST
        self._connects_at = 0.0

    def wait(self, seconds: float) -> bool:
        until = ticks() + seconds
        try:
            if self._connection:
                return bool(list(self._connection.psycopg.notifies(timeout=seconds, stop_after=1)))
            if ticks() >= self._connects_at:
                self._listen()
                return True  # nobody knows what was missed
        except psycopg.Error:
            self.close()
            self._connects_at = ticks() + self._pause
            self._pause = min(2 * self._pause, LONGEST)
        time.sleep(max(0.0, until - ticks()))
        return False

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _listen(self) -> None:
        self._connection = self._connect()
        self._connection.execute(f"LISTEN {CHANNEL}")
        self._pause = SHORTEST
