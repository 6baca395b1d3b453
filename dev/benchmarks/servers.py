"""Servers in processes of their own, and their clients: `wrk` for load, a kept connection for one call after another.

The floor is served as a good engineer would serve it by hand: by waitress with our server's settings, but without its
turns. A bare Falcon has these settings too, in a process that never imports ours.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, Final

from dev.benchmarks.data import AGENT, STORE, DataSet
from dev.benchmarks.measure import seconds_of
from supportcases import SqliteRepository
from supportcases.desk.keys import KeyRing
from supportcases.server import LIMITS

ROOT: Final = Path(__file__).resolve().parents[2]
THREADS: Final = 4
PORT: Final = "{port}"  # where a command has its port
GUNICORN: Final = (
    *("-m", "gunicorn", "--bind", f"127.0.0.1:{PORT}", "-k", "gthread", "-w", "4", "--threads", str(THREADS)),
    *("--log-level", "warning"),
)
PATIENCE: Final = 30.0  # seconds that a server has to start, an answer to come, and a server to stop

FLOOR: Final = f"""
import logging
import sys
import waitress
from dev.benchmarks.floor import floor
from supportcases.server import LIMITS
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
waitress.serve(floor(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), threads={THREADS}, **LIMITS)
"""

BARE_FALCON: Final = f"""
import json
import logging
import sys
import falcon
import waitress

class Hello:
    def on_get(self, req, resp):
        resp.text = "hello, world"

app = falcon.App()
app.add_route("/", Hello())
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads={THREADS}, **json.loads(sys.argv[2]))
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A file of cases, or a URL, a key for its first store, and one for an agent: a seventh of them is the agent's."""

    path: Path | str
    cases: int
    key: str
    agents_key: str


@contextmanager
def desk(cases: DataSet, kept: Path, folder: Path) -> Iterator[Desk]:
    """Copy a data set into `folder` until the block ends, with a new key."""
    with TemporaryDirectory(dir=folder) as own:
        path = cases.copied(kept, Path(own)).resolve()
        with closing(SqliteRepository(path)) as repository:
            keys = KeyRing(repository)
            (key, _), (agents_key, _) = keys.create(STORE), keys.create_support(label=AGENT)
        yield Desk(path, cases.cases, key, agents_key)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    port: int
    pid: int

    def resident(self) -> float:
        """Return how many megabytes of the machine's memory its process holds now."""
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        return int(fields["VmRSS"].split()[0]) / 1024


def ours(desk: Desk) -> AbstractContextManager[Server]:
    """Serve a desk with `supportcases serve`, as shipped."""
    return _running("-m", "supportcases", "serve", "--db", str(desk.path), "--port", PORT)


def floor(desk: Desk) -> AbstractContextManager[Server]:
    """Serve the floor with the settings of `supportcases serve`."""
    return _running("-c", FLOOR, PORT, str(desk.path))


def bare_falcon() -> AbstractContextManager[Server]:
    """Serve a Falcon that says hello at `/`."""
    return _running("-c", BARE_FALCON, PORT, json.dumps(LIMITS))


def ours_by_four(desk: Desk) -> AbstractContextManager[Server]:
    """Serve a desk from four processes of four threads."""
    return _running(*GUNICORN, f'supportcases:create_app("{desk.path}")')


def floor_by_four(desk: Desk) -> AbstractContextManager[Server]:
    """Serve the floor from four processes of four threads."""
    return _running(*GUNICORN, f'dev.benchmarks.floor:floor("{desk.path}")')


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _running(*python: str) -> Iterator[Server]:
    """Run Python with these arguments until the block ends, once something answers at a port, put for `PORT`."""
    port = _free_port()
    command = [sys.executable, *(word.replace(PORT, str(port)) for word in python)]
    with TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            if not _answers(process, port):
                log.seek(0)
                raise RuntimeError(f"{process.args!r} does not answer:\n{log.read().decode()}")
            yield Server(port, process.pid)
        finally:
            _stop(process)


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until the process answers; return whether it does."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
            try:
                connection.request("GET", "/")
                connection.getresponse()
            except OSError:
                time.sleep(0.05)
            else:
                return True
    return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Load:
    """What `wrk` saw.

    Attributes:
        per_second: Answers a second.
        p99: The seconds in which 99 of 100 answers came.
        errors: Answers that were no success, and connections that failed.
    """

    per_second: float
    p99: float
    errors: int


def load(server: Server, desk: Desk, calls: tuple[str, ...], *, connections: int, seconds: int, run: int) -> Load:
    """Make the calls in turn, as fast as they are answered; each is one that `load.lua` knows."""
    settings = ("-t", "1", "-c", str(connections), "-d", str(seconds), "--timeout", f"{PATIENCE:.0f}s")
    script = str(ROOT / "dev" / "benchmarks" / "load.lua")
    arguments = (desk.key, str(desk.cases), str(run), *calls)
    said = subprocess.run(
        ["wrk", *settings, "-s", script, f"http://127.0.0.1:{server.port}", "--", *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return Load(**json.loads(said.splitlines()[-1]))


class Client:
    """One kept connection to a server."""

    def __init__(self, server: Server, key: str) -> None:
        """Connect at the first call."""
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: Any = None, *, refused: Container[int] = ()) -> None:
        """Ask, and read the whole answer.

        Raises:
            RuntimeError: The answer is no success, and its status none of `refused`.
        """
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 300 and answer.status not in refused:
            raise RuntimeError(f"{answer.status} for {method} {path}: {text}")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@contextmanager
def repeated(server: Server, key: str, path: str, *, refused: Container[int] = ()) -> Iterator[list[float]]:
    """Get `path` again and again until the block ends; yield how long each answer took."""
    enough = threading.Event()
    taken: list[float] = []

    def get() -> None:
        with closing(Client(server, key)) as client:
            while not enough.is_set():
                taken.append(seconds_of(partial(client, "GET", path, refused=refused)))

    with ThreadPoolExecutor(1) as thread:
        getting = thread.submit(get)
        try:
            yield taken
        finally:
            enough.set()
        getting.result()
