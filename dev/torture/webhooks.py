"""Claim 26: what happens is told to every endpoint, whoever of those who deliver it dies, and first in order.

Cases are opened, answered, closed and noted while three processes deliver what happens to four endpoints, two of a
store and two of the desk; one of the three is killed (SIGKILL) again and again, and another one started. Each endpoint
fails 15 % of the first two attempts of an event. In the end each must have taken each of its events; twice only what
was under way when somebody was killed; and the first attempts came in the order of the feed.

The workers' clock runs twenty times as fast, so that a lease lasts three seconds and the second retry comes after
fifteen. It is the workers' own loop, on both engines.
"""

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.files import running_cluster
from supportcases import Actor, SupportDesk
from supportcases.domain.webhooks import Reach
from supportcases.storage.open import open_repository
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.worker import Worker
from tests.support.postgres import what_is_missing

CLAIM: Final = 26
SEED: Final = 27
WORKERS: Final = 3
FAILING: Final = 0.15
SPEED: Final = 20
PACE: Final = 0.15  # seconds between two cases, so that a worker that was started does something before the next kill
PATIENCE: Final = 180.0  # seconds for what is still to come at the end
LOOPBACK: Final = Reach(http_loopback=True)
STORE: Final = Actor.merchant("acme")
TEAM: Final = Actor.support("Ada")


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Kill those who deliver."""
    events, kills, failing = effort.pick((80, 2, 1), (1_000, 20, 2))
    yield delivered("SQLite", str(folder / "cases.db"), events, kills, failing)
    if reason := what_is_missing():
        yield Outcome(CLAIM, "kill -9 of those who deliver, PostgreSQL", "", reason, None)
    else:
        with running_cluster() as cluster:
            yield delivered("PostgreSQL", cluster.make("webhooks"), events, kills, failing)


class Endpoints(ThreadingHTTPServer):
    """Hears what four endpoints are told, in order, and fails some of it."""

    daemon_threads = True

    def __init__(self, failing: int) -> None:
        """Listen on loopback, and fail some of the first attempts: so many of an event."""
        self.failing = failing
        super().__init__(("127.0.0.1", 0), Heard)
        self.lock = threading.Lock()
        self.taken: dict[str, Counter[str]] = {}  # by endpoint, how often it took each event
        self.first: dict[str, list[str]] = {}  # the events in the order in which their first attempts came
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.chance = random.Random(SEED)

    def answer(self, endpoint: str, event: str) -> int:
        """Take an event or fail."""
        with self.lock:
            self.attempts[endpoint, event] += 1
            attempt = self.attempts[endpoint, event]
            if attempt == 1:
                self.first.setdefault(endpoint, []).append(event)
            if attempt <= self.failing and self.chance.random() < FAILING:
                return 500
            self.taken.setdefault(endpoint, Counter())[event] += 1
            return 200


class Heard(BaseHTTPRequestHandler):
    """One attempt."""

    server: Endpoints

    def do_POST(self) -> None:
        """Answer it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.answer(self.path, self.headers["webhook-id"]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def delivered(engine: str, db: str, events: int, kills: int, failing: int) -> Outcome:
    """Let things happen, kill, wait for the rest, and look."""
    chance = random.Random(SEED)
    with listening(failing) as endpoints, closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, webhook_reach=LOOPBACK)
        port = endpoints.server_address[1]
        for number, actor in enumerate((STORE, STORE, TEAM, TEAM)):
            desk.add_webhook(actor, url=f"http://127.0.0.1:{port}/{number}")
        workers = [started(db) for _ in range(WORKERS)]
        begun = time.monotonic()
        for step in range(events // 4):
            case = desk.open(STORE, body=f"What happens in step {step}.")
            desk.answer(TEAM, f"acme:{case.number}", body="Which browser?")
            desk.close(STORE, case.number)
            desk.change(TEAM, f"acme:{case.number}", severity="high")
            if step % 10 == 0:
                desk.note(TEAM, f"acme:{case.number}", body="Between us.")
            time.sleep(PACE)
            if step and step % (events // 4 // kills) == 0:
                killed = chance.randrange(WORKERS)
                workers[killed].kill()
                workers[killed].wait()
                workers[killed] = started(db)
        wanted = {f"/{number}": ids_of(desk, actor) for number, actor in enumerate((STORE, STORE, TEAM, TEAM))}
        wait_for(endpoints, wanted)
        seconds = time.monotonic() - begun
        for worker in workers:
            worker.kill()
            worker.wait()
    faults = list(faults_of(endpoints, wanted))
    twice = sum(count - 1 for taken in endpoints.taken.values() for count in taken.values())
    made, heard = sum(map(len, wanted.values())), sum(map(len, endpoints.taken.values()))
    result = (
        f"{heard:,} of {made:,} told, {twice} twice, {sum(endpoints.attempts.values()) - made:,} attempts more; "
        f"{made / seconds:,.0f} a second; {in_words(faults)}"
    )
    tried = f"{events:,} events and notes, 4 endpoints, {WORKERS} workers, {kills} kills, 15 % fail, seed {SEED}"
    passed = not faults and twice <= 2 * kills
    return Outcome(CLAIM, f"kill -9 of those who deliver, {engine}", tried, result, passed)


def ids_of(desk: SupportDesk, actor: Actor) -> list[str]:
    """Return the ids of all events that somebody sees."""
    page = desk.events(actor, limit=1_000)
    ids = [event.id for event in page.events]
    while not page.end:
        page = desk.events(actor, after=page.next, limit=1_000)
        ids += [event.id for event in page.events]
    return ids


def wait_for(endpoints: Endpoints, wanted: dict[str, list[str]]) -> None:
    """Wait until each endpoint has taken all, or for as long as that may take."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with endpoints.lock:
            if all(len(endpoints.taken.get(name, ())) == len(ids) for name, ids in wanted.items()):
                return
        time.sleep(0.05)


def faults_of(endpoints: Endpoints, wanted: dict[str, list[str]]) -> Iterator[str]:
    """Yield what an endpoint was not told, or not in order."""
    for name, ids in wanted.items():
        if missing := set(ids) - set(endpoints.taken[name]):
            yield f"{len(missing)} events were not told to {name}"
        if endpoints.first[name] != ids:
            yield f"the first attempts of {name} are not in order"


@contextmanager
def listening(failing: int) -> Iterator[Endpoints]:
    """Run the endpoints until the block ends."""
    with Endpoints(failing) as endpoints:
        thread = threading.Thread(target=endpoints.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield endpoints
        finally:
            endpoints.shutdown()
            thread.join()


def started(db: str) -> subprocess.Popen[bytes]:
    """Return a process that delivers."""
    return subprocess.Popen([sys.executable, "-m", "dev.torture.webhooks", db])


def fast() -> datetime:
    """Return a moment of a clock that is the same in all processes, and fast."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    return begun + SPEED * (datetime.now(UTC) - begun)


def deliver(db: str) -> None:
    """Deliver until somebody kills this process."""
    with closing(open_repository(db)) as repository:
        worker = Worker(repository, Sender(LOOPBACK), clock=fast, lease=timedelta(seconds=60))
        while True:
            worker.deliver_due()
            time.sleep(0.02)


if __name__ == "__main__":
    deliver(sys.argv[1])
