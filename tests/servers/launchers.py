"""How each server is started with the shop, and what it is known to do its own way."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from supportcases import create_app
from tests.servers.client import Client
from tests.support.ports import free_port

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
PATIENCE = 30.0  # seconds that a server may take to start or to stop


@dataclass(frozen=True)
class Launcher:
    """A server with its settings.

    Attributes:
        command: Has the places `{port}`, `{folder}` and `{shop}`, the path of the file to load.
        options: The settings of the table.
        prefix: Where the desk is mounted; "" where it is served alone.
        workers: How many processes answer.
        reload: Restarts the workers gracefully, as the server's manual says; None where it cannot.
        keeps_connections: Whether a connection serves several requests.
        chunked: The answer to a POST with a chunked body.
        odd_paths: Who answers for a path with %2F or %00: the desk, or the server itself.
        exit_code: What SIGTERM ends it with.
        user: Who its processes run as.
    """

    name: str
    command: str
    options: str
    version: Callable[[], str]
    prefix: str = "/support"
    workers: int = 1
    reload: "Callable[[Running], None] | None" = None
    keeps_connections: bool = True
    chunked: int = 201
    odd_paths: str = "desk"
    exit_code: int = 0
    user: str | None = None


class Running:
    """A server on a free port of 127.0.0.1, with a database file of its own."""

    def __init__(self, launcher: Launcher, folder: Path) -> None:
        self.launcher = launcher
        self.prefix = launcher.prefix
        self.cases = f"{launcher.prefix}/api/v1/support-cases"
        self.queue = f"{launcher.prefix}/api/v1/support/cases"
        self.folder = folder
        self.db = folder / "shop.db"
        self.log = folder / "server.log"
        self.port = free_port()
        self.shop = Path(shutil.copy(HERE / "shop.py", folder))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until the desk answers."""
        command = self.launcher.command.format(port=self.port, folder=self.folder, shop=self.shop).split()
        program = BIN / command[0]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SUPPORTCASES_")},
            "PYTHONPATH": str(self.folder),
            "SHOP_DB": str(self.db),
            "HOME": str(self.folder),
        }
        if self.launcher.user and self.db.exists():
            shutil.chown(self.db, self.launcher.user)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(program), *command[1:]],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
            )
        wait_until(self._answers, lambda: f"{self.launcher.name} does not answer:\n{self.log.read_text()}")

    def stop(self) -> int:
        """Send SIGTERM; return the exit code once no process is left."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        wait_until(lambda: not self.is_alive(), lambda: f"{self.launcher.name} left processes behind")
        return code

    def kill(self) -> None:
        """Leave nothing behind, whatever has happened."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=PATIENCE)

    def is_alive(self) -> bool:
        """Return whether a process of the server's group is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def merchant(self, store: str = "acme") -> Client:
        """Return a client with a new key of `store`."""
        return self._client(lambda keys: keys.create(store))

    def support(self, label: str = "Ada") -> Client:
        """Return a client with a new key of the support team."""
        return self._client(lambda keys: keys.create_support(label=label))

    def stranger(self) -> Client:
        """Return a client without a key."""
        return Client(self.port)

    def worker(self) -> int:
        """Return the id of the process that happens to answer."""
        with self.stranger() as client:
            return int(client.ask("GET", "/").headers["x-process"])

    def _client(self, make_key: Callable) -> Client:
        app = create_app(self.db)
        key, _ = make_key(app.keys)
        app.desk.repository.close()
        return Client(self.port, key)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.launcher.name} ended with {self.process.returncode}:\n{self.log.read_text()}")
        try:
            with self.stranger() as client:
                return client.ask("GET", f"{self.prefix}/healthz").status == 200
        except OSError:
            return False


@contextmanager
def running(launcher: Launcher) -> Iterator[Running]:
    """Yield the server, not yet started, with a folder of its own that it may write to."""
    with TemporaryDirectory(prefix="supportcases-server-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        if launcher.user:
            shutil.chown(folder, launcher.user)
        server = Running(launcher, folder)
        try:
            yield server
        finally:
            server.kill()


def wait_until(condition: Callable[[], bool], complaint: Callable[[], str]) -> None:
    """Wait until `condition` holds, but not for ever."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.02)


def by_signal(number: int) -> Callable[[Running], None]:
    """Return what restarts the workers by a signal to the first process."""
    return lambda server: server.process.send_signal(number)


def by_touching(name: str) -> Callable[[Running], None]:
    """Return what restarts the workers by touching a file."""
    return lambda server: (server.folder / name).touch()


def launcher(name: str, program: str, options: str, target: str, package: str, **traits) -> Launcher:
    return Launcher(name, f"{program} {options} {target}", options, lambda: version(package), **traits)


def gunicorn(name: str, options: str, **traits) -> Launcher:
    program = "gunicorn --bind 127.0.0.1:{port}"
    return launcher(
        name, program, options, "shop:application", "gunicorn", workers=4, reload=by_signal(signal.SIGHUP), **traits
    )


def uwsgi(name: str, options: str, more: str, **traits) -> Launcher:
    program = "uwsgi --http-socket 127.0.0.1:{port}"
    return launcher(name, program, options, f"{more} --module shop:application", "pyuwsgi", workers=4, **traits)
