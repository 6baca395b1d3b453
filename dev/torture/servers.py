"""`supportcases serve` in a process of its own, to be killed, and a client that knows what was answered."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final, NamedTuple

from supportcases import KeyRing, SqliteRepository

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 30.0  # seconds that a server has to start or to stop, and an answer to come
CASES: Final = "/api/v1/support-cases"
SUPPORT: Final = "/api/v1/support"
SHORT_JOURNAL: Final = (  # runs the server with a journal that is begun anew every 200 kB, and not every 32 MB
    sys.executable,
    "-c",
    """
import runpy, sys
from supportcases.storage.sqlite import journal

journal.LONG = 200_000
del sys.argv[1:4]  # python -m supportcases
runpy.run_module("supportcases", run_name="__main__")
""",
)
BROKEN: Final = (OSError, HTTPException)  # what a client sees of a server that dies


class Served(NamedTuple):
    """A server that accepts connections."""

    port: int
    process: subprocess.Popen[str]
    log: Path

    def kill(self) -> None:
        """Let it have no time for anything: `kill -9`."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def start(
    db: Path | str,
    *options: str,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    wrap: Sequence[str] = (),
) -> Served:
    """Start `supportcases serve` on a free port; `wrap` is a command that runs it, such as strace's.

    A database that is no file is named by its URL, with a place for the `log`.
    """
    command = [*wrap, sys.executable, "-m", "supportcases", "serve", "--port", "0", "--db", str(db), *options]
    log = log or Path(db).parent / "server.log"
    with log.open("a") as stderr:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("listening on http://"):
        process.wait(PATIENCE)
        raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
    return Served(int(line.rpartition(":")[2]), process, log)


@contextmanager
def serving(db: Path | str, *options: str, **how: Any) -> Iterator[Served]:
    """Serve until the block ends."""
    server = start(db, *options, **how)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
        assert server.process.stdout is not None
        server.process.stdout.close()


def keys_of(db: Path, *stores: str) -> dict[str, str]:
    """Return a new key for each store, in a database that may be new."""
    with closing(SqliteRepository(db)) as repository:
        return {store: KeyRing(repository).create(store)[0] for store in stores}


def key_of_team(db: Path) -> str:
    """Return a new key of the team."""
    with closing(SqliteRepository(db)) as repository:
        return KeyRing(repository).create_support(label="Ada")[0]


class Heard(NamedTuple):
    """An answer, whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """A kept connection of somebody with a key."""

    def __init__(self, port: int, key: str | None = None, *, timeout: float = PATIENCE) -> None:
        """Connect at the first call."""
        self._connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Heard:
        """Send a request with `body` as JSON; return the whole answer, or raise one of `BROKEN`."""
        sent = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = None
        if body is not None:
            sent["Content-Type"], data = "application/json", json.dumps(body).encode()
        try:
            self._connection.request(method, path, body=data, headers=sent)
            answer = self._connection.getresponse()
            whole = answer.read()
        except BROKEN:
            self._connection.close()
            raise
        return Heard(answer.status, {name.lower(): value for name, value in answer.getheaders()}, whole)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
