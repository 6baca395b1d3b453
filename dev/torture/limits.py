"""Claim 18: the rate limit and the cap of open cases are exact, and a million addresses cost no more than ten thousand.

The rate is counted twice: by sixteen threads that call the application in one process, and by sixteen clients of a
served one, some with a key and some that only guess. An `X-Forwarded-For` of the client's own must change nothing. The
cap is tried by sixteen clients that open cases at once.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Final

from dev.torture.experiment import Effort, Outcome
from dev.torture.servers import CASES, PATIENCE, ROOT, Client, Heard, Served, keys_of, serving

THREADS: Final = 16
NEW: Final = {"body": "One of many that come at the same time."}
FLOOD: Final = """
import json, resource, sys
from supportcases import create_app
from dev.torture.in_process import call, environ_of
from dev.torture.servers import CASES
app = create_app(":memory:", rate_limit="3/day")
def ask(number):
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return call(app, environ_of("GET", CASES, REMOTE_ADDR=address)).status
def resident():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
statuses = {ask(number) for number in range(20_000)}
before = resident()
statuses |= {ask(number) for number in range(20_000, int(sys.argv[1]))}
last = [ask(int(sys.argv[1]) - 1) for _ in range(4)]
print(json.dumps({"statuses": sorted(statuses), "last": last, "grown": resident() - before}))
"""


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield what comes of the rate, the flood of addresses, and the cap."""
    yield _rate(effort.pick(30, 100), effort.pick(200, 1_000), folder)
    yield _flood(effort.pick(60_000, 1_000_000))
    yield _cap(effort.pick(5, 40), folder)


def _rate(each: int, limit: int, folder: Path) -> Outcome:
    """Let sixteen clients of two keys and of none send more than the limit."""
    db = folder / "rate.db"
    keys = keys_of(db, "acme", "globex")
    with serving(db, "--rate-limit", f"{limit}/hour", "--threads", str(THREADS)) as server:
        heard = {
            "acme": _at_once(server, keys["acme"], each * limit // 100, _listed),
            "globex": _at_once(server, keys["globex"], each * limit // 100, _listed),
            "nobody": _at_once(server, None, each * limit // 100, _forged),
        }
    sent = THREADS * (each * limit // 100)
    statuses = {name: Counter(answer.status for answer in answers) for name, answers in heard.items()}
    wanted = {name: Counter({401 if name == "nobody" else 200: limit, 429: sent - limit}) for name in heard}
    malformed = sum(not _is_told(answer) for answers in heard.values() for answer in answers if answer.status == 429)
    return Outcome(
        18,
        "rate limit",
        f"{THREADS} clients at once, {sent:,} requests of each of 2 keys and of an address without one, {limit}/hour",
        ", ".join(f"{name}: {dict(sorted(by.items()))}" for name, by in statuses.items())
        + f"; {malformed} of the 429s not in the one shape with Retry-After and RateLimit",
        statuses == wanted and malformed == 0,
    )


def _at_once(server: Served, key: str | None, each: int, call: Callable[[Client, int], Heard]) -> list[Heard]:
    """Let `THREADS` clients make `each` calls, beginning together."""
    together = Barrier(THREADS)

    def work(thread: int) -> list[Heard]:
        with closing(Client(server.port, key)) as client:
            together.wait(PATIENCE)
            return [call(client, thread * each + number) for number in range(each)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [answer for answers in pool.map(work, range(THREADS)) for answer in answers]


def _listed(client: Client, number: int) -> Heard:
    return client("GET", f"{CASES}?limit=1")


def _forged(client: Client, number: int) -> Heard:
    return client("GET", CASES, X_Forwarded_For=f"198.51.100.{number % 250}", Forwarded=f"for=192.0.2.{number % 250}")


def _is_told(answer: Heard) -> bool:
    """Tell whether a 429 says what the contract wants."""
    seconds = answer.headers.get("retry-after", "")
    return (
        list(answer.json) == ["error", "code", "requestId"]
        and answer.json["code"] == "too_many_requests"
        and 0 < int(seconds) <= 3_600
        and answer.headers["ratelimit"].endswith(f";r=0;t={seconds}")
        and answer.headers["ratelimit-policy"].endswith(";w=3600")
    )


def _flood(addresses: int) -> Outcome:
    """Let a million addresses fail to say who they are, and see how much more memory that takes than 20,000."""
    command = [sys.executable, "-c", FLOOD, str(addresses)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=600)
    told = json.loads(done.stdout)
    return Outcome(
        18,
        "a flood of addresses",
        f"{addresses:,} addresses, one guess each",
        f"answers {told['statuses']}, {told['grown'] / 1e6:.1f} MB more memory than after 20,000; "
        f"the last one, asking on: {told['last']}",
        told["statuses"] == [401] and told["grown"] < 2_000_000 and told["last"] == [401, 401, 429, 429],
    )


def _cap(cap: int, folder: Path) -> Outcome:
    """Let sixteen clients open cases at once where only some may be open, and reply in between."""
    db = folder / "cap.db"
    key = keys_of(db, "acme")["acme"]
    with serving(db, "--max-open-cases", str(cap), "--threads", str(THREADS)) as server:
        opened = Counter(
            heard.status for heard in _at_once(server, key, cap, lambda client, _: client("POST", CASES, NEW))
        )
        replied = Counter(
            heard.status
            for heard in _at_once(server, key, 2, lambda client, _: client("POST", f"{CASES}/1/messages", NEW))
        )
        with closing(Client(server.port, key)) as client:
            client("PATCH", f"{CASES}/1", {"status": "closed"})
            last = [client("POST", CASES, NEW).status for _ in range(2)]
    return Outcome(
        18,
        "cap of open cases",
        f"{THREADS} clients at once, {THREADS * cap} cases, at most {cap}",
        f"opened: {dict(sorted(opened.items()))}; replies at the cap: {dict(replied)}; once one is closed: {last}",
        opened == {201: cap, 409: (THREADS - 1) * cap} and replied == {201: THREADS * 2} and last == [201, 409],
    )
