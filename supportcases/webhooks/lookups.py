"""Looking names up, which nobody can interrupt: in threads that are left behind when they take too long."""

import socket
from collections.abc import Callable
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Final

from supportcases.domain.addresses import Address
from supportcases.webhooks.deadline import Deadline, NotTried

MOST: Final = 32  # under way at once, those left behind among them

LookUp = Callable[[str], tuple[Address, ...]]


def look_up(host: str) -> tuple[Address, ...]:
    """Return the addresses of a name, in the order in which to try them, or none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(ip_address(place[0]) for *_, place in found)


class Lookups:
    """Looks names up, each for no longer than somebody waits."""

    def __init__(self, look_up: LookUp = look_up, *, most: int = MOST) -> None:
        """Have up to `most` under way at once."""
        self._look_up: Final = look_up
        self._places: Final = BoundedSemaphore(most)

    def __call__(self, host: str, deadline: Deadline) -> tuple[Address, ...]:
        """Return the addresses of a name, or none.

        Raises:
            NoAnswer: It does not end in time.
            NotTried: There is no place for one more lookup.
        """
        if not self._places.acquire(blocking=False):
            raise NotTried("Too many lookups of names have not come back.")
        found: SimpleQueue[tuple[Address, ...]] = SimpleQueue()
        try:
            Thread(target=self._tell, args=(host, found), name="supportcases-lookup", daemon=True).start()
        except RuntimeError:
            self._places.release()
            raise NotTried("There is no thread to look a name up in.") from None
        try:
            return found.get(timeout=deadline.left())
        except Empty:
            raise deadline.over() from None

    def _tell(self, host: str, found: SimpleQueue[tuple[Address, ...]]) -> None:
        try:
            found.put(self._look_up(host))
        finally:
            self._places.release()
