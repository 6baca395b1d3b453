"""How many requests one key may send, and how often one address may fail to say who it is."""

import math
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from ipaddress import IPv6Address, ip_network
from typing import Final, NamedTuple

import falcon

from supportcases.domain.actors import Actor
from supportcases.processes import PerProcess
from supportcases.web.addresses import address_of

FORM: Final = r"([1-9][0-9]{0,8})/(second|minute|hour|day)"
SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
MOST: Final = 10_000  # of each kind that are remembered; beyond that the one that was quiet for longest is forgotten
TOLD: Final = {"requests": "", "failures": " for requests without valid credentials"}  # the policies, in a sentence
NEIGHBOURS: Final = 64  # bits of an IPv6 address that one customer's addresses share

Timer = Callable[[], float]


class RateLimit(NamedTuple):
    """So many requests in so many seconds."""

    requests: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "RateLimit":
        """Return the limit written as `120/minute`; the units are second, minute, hour and day.

        Raises:
            ValueError: It is not written like that.
        """
        written = re.fullmatch(FORM, text) if isinstance(text, str) else None
        if written is None:
            raise ValueError(
                "Must be a number of requests, 1 to 999999999, in a second, minute, hour or day, such as 120/minute, "
                f"not {text!r}."
            )
        return cls(int(written[1]), written[2])

    def __str__(self) -> str:
        return f"{self.requests}/{self.unit}"

    @property
    def seconds(self) -> int:
        """How long a window lasts."""
        return SECONDS[self.unit]


class Standing(NamedTuple):
    """How somebody stands: whether the request is within the limit, how many more are, and when it begins anew."""

    within: bool
    remaining: int
    seconds: int


class Windows:
    """Counts the requests of each in windows of time, which begin with the first request of theirs.

    Exact for any number of threads; it remembers no more than `MOST`, and each process counts for itself.
    """

    def __init__(self, limit: RateLimit, timer: Timer) -> None:
        """Count nothing yet."""
        self._limit = limit
        self._timer = timer
        self._counted: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()
        self._lock = PerProcess(threading.Lock)

    def count(self, who: Hashable) -> Standing:
        """Count one request, unless it is beyond the limit."""
        now = self._timer()
        with self._lock():
            used, ends = self._counted.pop(who, (0, 0.0))
            if ends <= now:
                used, ends = 0, now + self._limit.seconds
            within = used < self._limit.requests
            used += within
            self._counted[who] = used, ends
            if len(self._counted) > MOST:
                self._counted.popitem(last=False)
        return Standing(within, self._limit.requests - used, max(1, math.ceil(round(ends - now, 6))))


class Limits:
    """Turn away what is beyond the limit: 429 with `Retry-After`.

    Every answer that was counted tells how its sender stands, as draft-ietf-httpapi-ratelimit-headers-11 has it.
    """

    def __init__(self, limit: RateLimit, timer: Timer = time.monotonic) -> None:
        """Allow each actor, and each address that fails to authenticate, so many requests."""
        self._limit = limit
        self._actors = Windows(limit, timer)
        self._addresses = Windows(limit, timer)

    def request_of(self, actor: Actor, resp: falcon.Response) -> None:
        """Count a request of somebody who is known; each API key is somebody."""
        self._tell(resp, "requests", self._actors.count(actor))

    def failure_of(self, address: str, resp: falcon.Response) -> None:
        """Count a request that did not say who sent it."""
        self._tell(resp, "failures", self._addresses.count(_neighbourhood(address)))

    def _tell(self, resp: falcon.Response, policy: str, standing: Standing) -> None:
        resp.set_header("RateLimit-Policy", f'"{policy}";q={self._limit.requests};w={self._limit.seconds}')
        resp.set_header("RateLimit", f'"{policy}";r={standing.remaining};t={standing.seconds}')
        if not standing.within:
            s = "" if standing.seconds == 1 else "s"
            raise falcon.HTTPTooManyRequests(
                description=f"The rate limit of {self._limit}{TOLD[policy]} is used up; "
                f"come again in {standing.seconds:,} second{s}.",
                retry_after=standing.seconds,
            )


def _neighbourhood(text: str) -> str:
    """Return what the addresses of one customer have in common."""
    address = address_of(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), NEIGHBOURS), strict=False))
    return str(address or "")  # a Unix socket has none
