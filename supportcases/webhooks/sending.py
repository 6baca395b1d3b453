"""One attempt to call a webhook, with no way into the operator's network.

The name is looked up once. Every address that it has must be public, and the connection goes to one of those very
addresses; TLS is to the name. A redirect is an answer like any other, and what the environment says of proxies is not
looked at. From the lookup to the end of the answer's head all of it has one deadline.
"""

import errno
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import timedelta
from functools import cached_property
from socket import create_connection, socket
from typing import Final, NamedTuple

from supportcases.domain import times
from supportcases.domain.addresses import Address
from supportcases.domain.times import Clock
from supportcases.domain.webhooks import PUBLIC, Destination, Reach, destination
from supportcases.webhooks.answers import Head, read_head, read_out, retry_after
from supportcases.webhooks.deadline import Deadline, NoAnswer, NotTried
from supportcases.webhooks.lookups import Lookups
from supportcases.webhooks.wire import PlainWire, TlsWire, Wire

SECONDS: Final = 15.0
TRIED: Final = 3  # addresses of a name
PAUSE: Final = 1.0  # seconds for the rest of an answer that has said all that counts
OURS: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}  # no receiver's fault

Connect = Callable[[Address, int, float], socket]


class Outcome(NamedTuple):
    """What came of an attempt.

    Attributes:
        status: The status of the answer; None where there was none.
        problem: Why there was none, in a sentence that tells nothing of the operator's network.
        milliseconds: How long it took until then.
        retry_after: How long the answer asks to wait, up to a day.
    """

    status: int | None
    problem: str | None
    milliseconds: int
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


def connect(address: Address, port: int, seconds: float) -> socket:
    """Connect to an address, which needs no lookup any more."""
    return create_connection((str(address), port), seconds)


class Sender:
    """Calls webhooks, from any number of threads."""

    def __init__(
        self,
        reach: Reach = PUBLIC,
        *,
        lookups: Lookups | None = None,
        connect: Connect = connect,
        context: ssl.SSLContext | None = None,
        clock: Clock = times.now,
    ) -> None:
        """Call where `reach` lets it; `context` says whose certificates are good, unless the system's are."""
        self._reach: Final = reach
        self._look_up: Final = lookups or Lookups()
        self._connect: Final = connect
        self._given_context: Final = context
        self._clock: Final = clock

    def send(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = SECONDS) -> Outcome:
        """Post JSON once, and return what came of it, whatever the network or the receiver do.

        Raises:
            NotTried: This machine has no descriptor, port, memory or thread left for it.
        """
        deadline = Deadline(seconds)
        try:
            return self._attempt(_called(url, self._reach), body, headers, deadline)
        except (NoAnswer, OSError) as error:
            if isinstance(error, OSError) and error.errno in OURS:
                raise NotTried(f"This machine can make no connection: {error.strerror}.") from error
            return Outcome(None, _problem(error, deadline), _milliseconds(deadline))

    def _attempt(self, called: Destination, body: bytes, headers: Mapping[str, str], deadline: Deadline) -> Outcome:
        request = _request(called, body, headers)
        with closing(self._connected(called, deadline)) as connected:
            wire = self._wire(called, connected, deadline)
            deadline.awaited = "end of the request"
            wire.send(request)
            deadline.awaited = "whole answer"
            head = read_head(wire)
            outcome = Outcome(head.status, None, _milliseconds(deadline), self._wait(head))
            deadline.end_within(PAUSE)
            with suppress(NoAnswer, OSError):
                read_out(wire, head)
                wire.say_goodbye()
        return outcome

    def _connected(self, called: Destination, deadline: Deadline) -> socket:
        """Connect to one of the addresses, of which each must be one where it may be."""
        deadline.awaited = "address for its name"
        addresses = (called.address,) if called.address else self._look_up(called.host, deadline)
        if not addresses or not all(called.may_be_at(address, self._reach) for address in addresses):
            raise NoAnswer(f"{called.host} has no address, or one that is not public.")
        deadline.awaited = "connection"
        *others, last = addresses[:TRIED]
        for address in others:
            with suppress(OSError):
                return self._connect(address, called.port, deadline.left() / 2)
        return self._connect(last, called.port, deadline.left())

    def _wire(self, called: Destination, connected: socket, deadline: Deadline) -> Wire:
        plain = PlainWire(connected, deadline)
        if called.scheme == "http":
            return plain
        deadline.awaited = "TLS handshake"
        return TlsWire(plain, self._context, called.host)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self._given_context or ssl.create_default_context()

    def _wait(self, head: Head) -> timedelta | None:
        told = head.fields.get("retry-after")
        return None if told is None else retry_after(told, self._clock())


def _called(url: str, reach: Reach) -> Destination:
    try:
        return destination(url, reach)
    except ValueError as problem:
        raise NoAnswer(f"Its URL may not be called: it {str(problem)[:1].lower()}{str(problem)[1:]}") from None


def _request(called: Destination, body: bytes, headers: Mapping[str, str]) -> bytes:
    fields = {
        "Host": called.authority,
        "User-Agent": "supportcases",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    lines = [f"POST {called.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise ValueError("A header must be one line of ASCII.")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _milliseconds(deadline: Deadline) -> int:
    return round(deadline.passed() * 1_000)


def _problem(error: NoAnswer | OSError, deadline: Deadline) -> str:
    """Return in a sentence why there was no answer; what it takes from an error is the system's own words."""
    if isinstance(error, NoAnswer):
        return str(error)
    if isinstance(error, TimeoutError):
        return str(deadline.over())
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate is not good: {error.verify_message.rstrip('.')}."
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or 'no reason told').lower().replace('_', ' ')}."
    if isinstance(error, ConnectionRefusedError):
        return "It refused the connection."
    return f"The connection failed: {error.strerror or 'no reason told'}."
