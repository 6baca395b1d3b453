"""Target 12: the memory that `supportcases serve` holds after many mixed requests among a million cases.

It is the resident memory of its process as Linux tells it (`VmRSS`), without the machine's cache of the file; against a
bare Falcon that says hello as often, under the same waitress.
"""

import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from dev.benchmarks.calls import CASES
from dev.benchmarks.data import MILLION, say
from dev.benchmarks.measure import Figure, at_most
from dev.benchmarks.servers import THREADS, Client, Server, bare_falcon, desk, ours

REQUESTS: Final = 10_000
GROWTH: Final = 2.0  # megabytes that still pass for flat
COMMON: Final = ("e", "the ", "order", "refund")
KINDS: Final = {
    "list": 15,
    "list by status": 15,
    "get": 30,
    "search for a number": 4,
    "search for a rare term": 4,
    "search for a common term": 2,
    "create": 15,
    "reply": 15,
}

Request = tuple[str, str, Any]


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of target 12."""
    with desk(MILLION, kept, folder) as million, ours(million) as server:
        fresh = server.resident()
        say(f"the first {REQUESTS:,} mixed requests among a million cases")
        _ask(server, million.key, _mixed(million.cases, seed=1))
        used = server.resident()
        say(f"the next {REQUESTS:,} mixed requests among a million cases")
        _ask(server, million.key, _mixed(million.cases, seed=2))
        grown = server.resident() - used
    with bare_falcon() as server:
        say(f"{REQUESTS:,} requests to a bare Falcon")
        _ask(server, "", [("GET", "/", None)] * REQUESTS)
        bare = server.resident()
    detail = f"ours {used:.1f} MB ({fresh:.1f} MB when it starts), bare Falcon {bare:.1f} MB"
    yield at_most(12, "memory after 10,000 requests, ours / bare Falcon", used / bare, 2.0, detail=detail)
    detail = f"from {used:.1f} MB to {used + grown:.1f} MB"
    yield at_most(12, "memory that the next 10,000 add", grown, GROWTH, unit="MB", detail=detail)


def _ask(server: Server, key: str, requests: Iterable[Request]) -> None:
    """Make the requests, one at a time for each thread of the server."""
    shared = list(requests)

    def work(share: list[Request]) -> None:
        with closing(Client(server, key)) as client:
            for request in share:
                client(*request)

    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(work, [shared[first::THREADS] for first in range(THREADS)]):
            pass


def _mixed(cases: int, *, seed: int) -> Iterator[Request]:
    chance = random.Random(seed)
    for kind in chance.choices(list(KINDS), list(KINDS.values()), k=REQUESTS):
        yield _request(kind, f"{CASES}/{chance.randint(1, cases)}", chance)


def _request(kind: str, case: str, chance: random.Random) -> Request:
    match kind:
        case "list":
            return "GET", f"{CASES}?limit=100&offset={chance.randrange(1_000)}", None
        case "list by status":
            return "GET", f"{CASES}?status={chance.choice(('open', 'answered', 'closed'))}", None
        case "get":
            return "GET", case, None
        case "search for a number":
            return "GET", f"{CASES}?query={chance.randint(10_000, 99_999)}", None
        case "search for a rare term":
            return "GET", f"{CASES}?{urlencode({'query': f'order #{chance.randint(10_000, 99_999)}'})}", None
        case "search for a common term":
            return "GET", f"{CASES}?{urlencode({'query': chance.choice(COMMON), 'status': 'closed'})}", None
        case "create":
            subject = f"Order #{chance.randint(10_000, 99_999)} is lost"
            return "POST", CASES, {"subject": subject, "body": "Since today."}
        case "reply":
            return "POST", f"{case}/messages", {"body": "Still the same here, I am afraid."}
        case _:
            raise ValueError(kind)
