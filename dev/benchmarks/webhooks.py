"""Target 22: a merchant's write beside three busy workers, each of which tells an endpoint of what happens.

The workers are processes of their own and work off a backlog; the receiver, another process, takes whatever comes. They
pause while the write is measured alone, in rounds of both.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from dev.benchmarks.calls import CASES, Call
from dev.benchmarks.data import STORE, say
from dev.benchmarks.measure import Figure, at_most, seconds_of, spelled
from supportcases import Actor, KeyRing, SqliteRepository, SupportDesk, create_app
from supportcases.domain.webhooks import Reach
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.worker import Worker

TARGET: Final = 22
WORKERS: Final = 3
BACKLOG: Final = 6_000
ROUNDS: Final = 8
WRITES: Final = 100  # of a round, both ways
TEAM: Final = Actor.support("Ada")
LOOPBACK: Final = Reach(http_loopback=True)
NEW: Final = {"subject": "Order #48213 is lost", "body": "Since today."}


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of target 22."""
    path, pause = folder / "webhooks.db", folder / "pause"
    receiver = subprocess.Popen([sys.executable, "-m", __name__, "receive"], stdout=subprocess.PIPE, text=True)
    assert receiver.stdout
    url = receiver.stdout.readline().strip()
    app = create_app(path)
    desk = SupportDesk(app.desk.repository, webhook_reach=LOOPBACK)
    key, _ = KeyRing(SqliteRepository(path)).create(STORE)
    for _ in range(WORKERS):
        desk.add_webhook(TEAM, url=url)
    say(f"a backlog of {BACKLOG:,} events")
    with desk.repository.write():
        for _ in range(BACKLOG):
            desk.open(TEAM, store="globex", body="Since today.")
    create = Call(app, key, "POST", CASES, body=NEW)
    pause.touch()
    workers = [subprocess.Popen([sys.executable, "-m", __name__, str(path), str(pause)]) for _ in range(WORKERS)]
    alone: list[float] = []
    beside: list[float] = []
    told = []
    for _ in range(ROUNDS):
        alone += [seconds_of(create) for _ in range(WRITES)]
        before = delivered(path)
        pause.unlink()
        while delivered(path) < before + WORKERS:
            time.sleep(0.01)
        begun, first = time.perf_counter(), delivered(path)
        beside += [seconds_of(create) for _ in range(WRITES)]
        told.append((delivered(path) - first) / (time.perf_counter() - begun))
        pause.touch()
        time.sleep(0.2)
    for process in (*workers, receiver):
        process.kill()
        process.wait()
    detail = f"beside {spelled(statistics.median(beside))}, alone {spelled(statistics.median(alone))}; "
    detail += f"{statistics.median(told):,.0f} deliveries a second meanwhile"
    ratio = statistics.median(beside) / statistics.median(alone)
    yield at_most(TARGET, "a create beside three busy workers / alone", ratio, 1.5, detail=detail)
    p99 = statistics.quantiles(beside, n=100)[-1] * 1e3
    detail = f"alone {spelled(statistics.quantiles(alone, n=100)[-1])}, of {len(beside):,} each"
    yield at_most(TARGET, "a create beside three busy workers: p99", p99, 60, unit="ms", detail=detail)


def delivered(path: Path) -> int:
    """Return how many deliveries were made."""
    with closing(SqliteRepository(path)) as repository, repository.read() as transaction:
        ((count,),) = transaction.connection.execute("SELECT count(*) FROM supportcases_deliveries").fetchall()
        return int(count)


class Heard(BaseHTTPRequestHandler):
    """Takes whatever comes."""

    def do_POST(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def receive() -> None:
    """Listen on loopback, and say where."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Heard) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
        server.serve_forever()


def deliver(path: Path, pause: Path) -> None:
    """Deliver until somebody kills this process, but while there is a pause."""
    with closing(SqliteRepository(path)) as repository:
        worker = Worker(repository, Sender(LOOPBACK))
        while True:
            if not pause.exists():
                worker.deliver_due(lambda: not pause.exists())
            time.sleep(0.01)


if __name__ == "__main__":
    receive() if sys.argv[1] == "receive" else deliver(Path(sys.argv[1]), Path(sys.argv[2]))
