"""docs/deploy.md on a machine that is a folder: its paths, its port and `sudo` are replaced, nothing else."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from configparser import ConfigParser
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from tests.conftest import ROOT
from tests.support.ports import free_port
from tests.support.tools import SEARCHED

GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
PATHS = re.compile(r"(?<![\w./])/(usr/local|opt|etc|var/lib|var/log|var/backups|src)(?![\w])")
PATIENCE = 20.0  # seconds
DB = "/var/lib/supportcases/cases.db"
UNIT = "/etc/systemd/system/supportcases.service"
BACKUP = "/usr/local/sbin/supportcases-backup"


def blocks(language: str, *, heading: str | None = None) -> list[str]:
    """Return the guide's blocks in that language, under the heading or all of them."""
    text = GUIDE if heading is None else re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", GUIDE, re.M | re.S)[1]
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def file_block(path: str) -> str:
    """Return the block that is the content of `path`, which its first lines name."""
    every = re.findall(r"^```\w+\n(.*?)^```", GUIDE, re.M | re.S)
    (found,) = [block for block in every if f"# {path}\n" in block[:200]]
    return found


def unit() -> ConfigParser:
    """Return the systemd unit; of a setting that is given twice the last one."""
    parser = ConfigParser(strict=False, delimiters="=", interpolation=None)
    parser.optionxform = str
    parser.read_string(file_block(UNIT))
    return parser


def until(true, seconds: float = PATIENCE):
    """Return what `true()` returns once that is true."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"it did not become true within {seconds} s"
        time.sleep(0.05)
    return found


@contextmanager
def started(*command: object, log: Path, **how):
    """Run a program with its own process group until the block ends."""
    with log.open("ab") as out:
        process = subprocess.Popen([*map(str, command)], stdout=out, stderr=out, start_new_session=True, **how)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class Machine:
    """A folder with /usr, /etc and /var below it, where the guide's blocks run, and where its unit is started."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = root / "journal.log"
        self._running = None
        for folder in ("usr/local/bin", "usr/local/sbin", "opt", "var/lib", "var/log/nginx", "etc/ssl", "dist"):
            (root / folder).mkdir(parents=True)
        self.build()
        self.run(blocks("sh", heading="The program")[0])
        self.run(blocks("sh", heading="The program")[2].splitlines()[1])
        self.write(BACKUP).chmod(0o755)

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    @property
    def db(self) -> Path:
        return self.path(DB)

    def here(self, text: str) -> str:
        """Return text of the guide with this folder's paths and port."""
        return PATHS.sub(rf"{self.root}/\1", text).replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")

    def write(self, path: str, text: str | None = None) -> Path:
        """Write a file, or the guide's block that is its content."""
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.here(file_block(path) if text is None else text))
        return file

    def build(self, version: str = "") -> None:
        """Put a new program into dist/, as dev/make_binary.py does: one that starts this Python's supportcases."""
        program = self.root / "dist" / "supportcases"
        program.write_text(f'#!/bin/sh\n# {version}\nexec {sys.executable} -m supportcases "$@"\n')

    def run(self, script: str, **environment: str) -> str:
        """Run a block, `systemctl` by starting and stopping the unit's command; return what it printed."""
        said = ""
        for part in re.split(r"^(sudo systemctl \w+ supportcases\n)", script, flags=re.M):
            if part.startswith("sudo systemctl"):
                getattr(self, part.split()[2])()
            elif part.strip():
                said += self._shell(part, environment)
        return said

    def _shell(self, script: str, environment: dict[str, str]) -> str:
        script = script.replace("sudo -u supportcases ", "").replace("sudo ", "").replace(" -o supportcases", "")
        script = self.here(script.replace(" -g supportcases", ""))
        search = f"{self.root}/usr/local/bin:{SEARCHED}"
        done = subprocess.run(
            ["sh", "-ec", script],
            cwd=self.root,
            env={"PATH": search, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def supportcases(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command on the installed file."""
        command = [self.path("/usr/local/bin/supportcases"), *arguments, "--db", self.db]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    def key(self) -> dict[str, str]:
        """Return the headers of a new key of acme."""
        return {"Authorization": f"Bearer {self.supportcases('keys', 'create', 'acme').stdout.strip()}"}

    @property
    def service(self) -> tuple[list[str], dict[str, str]]:
        """The unit's command and environment, and nothing else of ours, on this machine."""
        text = self.here(file_block(UNIT)).replace("SUPPORTCASES_PORT=8000", f"SUPPORTCASES_PORT={self.port}")
        (command,) = re.findall(r"^ExecStart=(.*)$", text, re.M)
        settings = shlex.split(" ".join(re.findall(r"^Environment=(.*)$", text, re.M)))
        return shlex.split(command), dict(setting.split("=", 1) for setting in settings)

    def start(self) -> None:
        command, environment = self.service
        lines = self.log.read_text().count("listening on") if self.log.exists() else 0
        self._running = started(*command, log=self.log, env=environment, cwd=self.root)
        process = self._running.__enter__()
        until(lambda: process.poll() is not None or self.log.read_text().count("listening on") > lines)
        assert process.poll() is None, self.log.read_text()

    def stop(self) -> None:
        if self._running:
            running, self._running = self._running, None
            running.__exit__(None, None, None)

    def open_case(self, key: dict[str, str], body: str = "The checkout shows a blank page.") -> int:
        answer = requests.post(f"{self.url}/api/v1/support-cases", json={"body": body}, headers=key, timeout=PATIENCE)
        assert answer.status_code == 201, answer.text
        return answer.json()["number"]

    def cases(self, key: dict[str, str]) -> list[dict]:
        answer = requests.get(f"{self.url}/api/v1/support-cases?limit=100", headers=key, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@contextmanager
def machine_in(root: Path):
    machine = Machine(root)
    try:
        yield machine
    finally:
        machine.stop()


def restore(copy: Path) -> str:
    """Return the commands that put `copy` in the place of the database."""
    return blocks("sh", heading="Backup")[1].replace("cases-20270101T031700Z.db", copy.name)
