"""Machines of this one: a folder each, and all processes that run in it, which can be killed at once."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

from dev.torture.servers import PATIENCE

SERVER: Final = "postgres"  # who runs it where root runs this: PostgreSQL refuses root
SEARCHED: Final = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"  # Debian's haproxy is in /usr/sbin
DEBIANS: Final = Path("/usr/lib/postgresql")
SYSTEMS_PYTHON: Final = "/usr/bin/python3"  # the server's user may not see root's home, and so not this one
PATRONI: Final = ("patroni[etcd3]", "psycopg[binary]")
NEEDED: Final = {
    "etcd": "etcd-server",
    "haproxy": "haproxy",
    SYSTEMS_PYTHON: "python3-venv",
}


def programs_of_postgres() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs, which Debian keeps out of the PATH."""
    folders = [folder.parent for folder in DEBIANS.glob("*/bin/initdb")]
    found = shutil.which("initdb")
    return max(folders, key=lambda each: int(each.parent.name)) if folders else Path(found).parent if found else None


def what_is_missing() -> str:
    """Return the sentence that says what this machine lacks, or nothing."""
    try:
        import psycopg  # noqa: F401 - only whether it is there
    except ImportError:
        return "psycopg is missing: install the extra supportcases[postgres]."
    if not programs_of_postgres():
        return "PostgreSQL is missing: apt install postgresql."
    missing = [name for name in NEEDED if not shutil.which(name, path=SEARCHED)]
    return f"{missing[0]} is missing: apt install {NEEDED[missing[0]]}." if missing else ""


def with_patroni(folder: Path) -> Path:
    """Return the programs of a new environment in that folder, which has Patroni."""
    subprocess.run([SYSTEMS_PYTHON, "-m", "venv", folder], check=True)
    command = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *PATRONI]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"Patroni could not be installed: {done.stderr.strip()[-300:]}")
    return folder / "bin"


class Machine:
    """A folder, and what runs in it."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, for the user that the servers run as."""
        self.folder: Final = folder
        self._started: Final[list[subprocess.Popen[bytes]]] = []
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(folder, SERVER)

    def start(self, *command: str | Path) -> None:
        """Start a program; what it says is in the file `log`."""
        who = {"user": SERVER, "group": SERVER, "extra_groups": []} if os.geteuid() == 0 else {}
        self._start(command, who)

    def start_own(self, script: Path, *arguments: str) -> None:
        """Start a script of ours, as who runs this: the server's user may not see it."""
        self._start((sys.executable, script, *arguments), {})

    def _start(self, command: Sequence[str | Path], who: Mapping[str, Any]) -> None:
        environment = {"PATH": SEARCHED, "HOME": str(self.folder), "LANG": "C.UTF-8"}
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **who
            )
        self._started.append(process)

    def processes(self) -> Iterator[int]:
        """Yield the id of each process that runs here: PostgreSQL's run in its data, below the folder."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "cwd").readlink().is_relative_to(self.folder):
                    yield int(process.name)

    def tell(self, number: signal.Signals) -> int:
        """Send a signal to all of it, and return to how many."""
        told = list(self.processes())
        for process in told:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        return len(told)

    def kill(self) -> int:
        """Let nothing of it live; return how many processes it had."""
        killed = self.tell(signal.SIGSTOP)  # so that none sees another die, and none begins another
        patience = time.monotonic() + PATIENCE
        while self.tell(signal.SIGKILL):
            if time.monotonic() > patience:
                raise RuntimeError(f"{self.folder.name} does not die")
            time.sleep(0.05)
        while self._started:
            self._started.pop().wait(PATIENCE)
        return killed


def free_ports(count: int) -> Sequence[int]:
    """Return ports that are free now."""
    with ExitStack() as open_:
        sockets = [open_.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
