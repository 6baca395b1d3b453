"""A throw-away PostgreSQL for each process of a run of the tests: on a Unix socket in a folder of its own."""

import os
import secrets
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from tests.support.tools import SEARCHED, miss

DEBIANS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name.split(".")[0]))
PROGRAMS = ":".join([str(folder) for folder in reversed(DEBIANS)] + [SEARCHED])  # Debian keeps initdb out of the PATH
SERVER = "postgres"  # the user that the server runs as where the tests run as root, whom it refuses; and its superuser
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
unix_socket_permissions = 0700
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 200
shared_buffers = 64MB
max_wal_size = 1GB
autovacuum = off
"""
# a run that is killed stops nothing itself: `$1` is its process, `$2` the folder, and the rest stops what runs there
STOP_AFTER = """
while kill -0 "$1" && [ -d "$2" ]; do sleep 1; done
folder=$2; shift 2
[ -d "$folder" ] && { "$@"; rm -rf "$folder"; }
"""


def what_is_missing() -> str | None:
    """Return the sentence that says what the machine lacks for a PostgreSQL of the tests' own, or None."""
    if not find_spec("psycopg"):
        return "psycopg is missing: install the extra supportcases[postgres]."
    if not shutil.which("initdb", path=PROGRAMS):
        return "PostgreSQL is missing: install postgresql."
    if os.geteuid() == 0 and not shutil.which("runuser", path=SEARCHED):
        return "runuser is missing, and PostgreSQL does not run as root: install util-linux."
    return None


class Cluster:
    """The PostgreSQL of a process of a run, which starts where it is first needed."""

    def __init__(
        self, folder: str | None = None, settings: str = "", initdb: tuple[str, ...] = (), *, of: int | None = None
    ) -> None:
        """Take a folder, or make one, and live no longer than the process `of`; the path of a socket must be short."""
        self.folder = Path(folder or f"/tmp/supportcases-pg-{secrets.token_hex(8)}")
        self._of = of or os.getpid()
        self._settings = SETTINGS + settings
        self._initdb = ("--auth=trust", f"--username={SERVER}", "--encoding=UTF8", "--locale=C.UTF-8", *initdb)
        self._runs = False

    def url(self, database: str, *, role: str = SERVER) -> str:
        """Return the URL of a database, for that role, or for its superuser."""
        self._start_once()
        return f"postgresql:///{database}?host={quote(str(self.folder), safe='')}&user={role}"

    def make(self, database: str) -> str:
        """Make an empty database anew, and return its URL for the superuser."""
        import psycopg  # here: whoever runs a few tests of SQLite need not have it

        with psycopg.connect(self.url(SERVER), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {database}")
        return self.url(database)

    def stop(self) -> None:
        """Stop it where it runs, and leave nothing of it."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.do("stop", "immediate")
        shutil.rmtree(self.folder, ignore_errors=not self.folder.exists())

    def do(self, what: str, mode: str = "fast") -> None:
        """Start, stop or restart it."""
        how = (
            "--silent",
            "--wait",
            "--timeout=600",
            f"--mode={mode}",
            f"--pgdata={self.folder}/data",
            f"--log={self.folder}/log",
        )
        self.run("pg_ctl", what, *how)

    def _start_once(self) -> None:
        """Start it, unless it runs."""
        if self._runs:
            return
        if missing := what_is_missing():
            miss(missing)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._start()
        self._runs = True

    def _start(self) -> None:
        data = self.folder / "data"
        if os.geteuid() == 0:
            shutil.chown(self.folder, SERVER)
        if is_new := not (data / "PG_VERSION").exists():
            self.run("initdb", *self._initdb, "--no-sync", f"--pgdata={data}")
            with (data / "postgresql.conf").open("a") as conf:
                conf.write(self._settings.format(folder=self.folder))
        self.do("start")
        if is_new:
            self.run("createuser", f"--host={self.folder}", f"--username={SERVER}", "supportcases")
            self._stop_after_the_run()

    def _stop_after_the_run(self) -> None:
        """Let nothing of it stay, should the run be killed."""
        stop = self._command("pg_ctl", "stop", "--silent", "--mode=immediate", f"--pgdata={self.folder}/data")
        watch = ["sh", "-c", f"({STOP_AFTER}) &", "sh", str(self._of), str(self.folder), *stop]
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        subprocess.run(watch, cwd="/", start_new_session=True, check=True, **quiet)

    def _command(self, program: str, *arguments: str) -> list[str]:
        command = [shutil.which(program, path=PROGRAMS), *arguments]
        if os.geteuid() == 0:
            command = [shutil.which("runuser", path=SEARCHED), "-u", SERVER, "--", *command]
        return command

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the programs of PostgreSQL as the user of the server."""
        command = self._command(program, *arguments)
        done = subprocess.run(  # in the folder: the server's user may not see the tests' own
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert done.returncode == 0, done.stderr.decode()
