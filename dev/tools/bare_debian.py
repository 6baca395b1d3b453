"""Run the README's two commands as an ordinary user of a bare Debian 12 and 13: `python -m dev.tools.bare_debian`.

It takes root and debootstrap. Each chroot has Debian's base system, python3, python3-venv and git, and a clone of this
repository's last commit; the mirror and pip's settings are this machine's. What follows `--` goes to pytest, and then
the first command is left out; the table of a whole run is kept in `docs/debians.md`. Anything that fails makes it end
with 1.
"""

import argparse
import ast
import configparser
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, NoReturn

from dev.tools.all_pythons import ABOUT, ROOT, clean_environ, tests_of

TARGET = ROOT / "docs" / "debians.md"
RELEASES = {"12": "bookworm", "13": "trixie"}
PACKAGES = "python3,python3-venv,git"
USER, HOME = "ada", "/home/ada"
MAKE_TIME, SHOP_TIME, TEST_TIME = 1800, 900, 5400
ENTER = f"""set -e
mount -t proc proc "$1/proc"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
cd "$1"
chroot --userspec={USER}:{USER} --groups= "$1" env -i HOME={HOME} USER={USER} LOGNAME={USER} PORT=0 \\
    bash --login -c "cd {HOME}/supportcases && $2"
"""


STARTED: list[subprocess.Popen[bytes]] = []  # each has a session of its own, and would go on


def stop(number: int, frame: object) -> NoReturn:
    """End what runs in the chroots, and then this program."""
    for process in STARTED:
        process.kill()
    sys.exit(128 + number)


class Row(NamedTuple):
    """How it went on one Debian: the cells of the table, and whether all is well."""

    debian: str
    python: str
    sqlite: str
    shop: str
    tests: str
    seconds: float
    passed: bool

    def __str__(self) -> str:
        result = "passed" if self.passed else "FAILED"
        cells = [self.debian, self.python, self.sqlite, self.shop, self.tests, f"{self.seconds:.0f}", result]
        return f"| {' | '.join(cells)} |"


class Debian:
    """A chroot, in which one ordinary user has a clone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self, suite: str) -> None:
        """Make the chroot, unless it is there, and the user."""
        if not self.root.exists():
            command = ["debootstrap", f"--include={PACKAGES}", suite, self.root, *mirror()]
            with self.root.with_suffix(".log").open("w") as log:
                subprocess.run(command, check=True, stdout=log, stderr=log, timeout=MAKE_TIME)
            subprocess.run(["chroot", self.root, "useradd", "--create-home", "--shell=/bin/bash", USER], check=True)

    def clone(self) -> None:
        """Give the user a new clone of the last commit, and pip's settings."""
        home = self.root / HOME.lstrip("/")
        clone, settings = home / "supportcases", home / ".config" / "pip" / "pip.conf"
        shutil.rmtree(clone, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
        settings.parent.mkdir(parents=True, exist_ok=True)
        write_pip_settings(settings)
        subprocess.run(["chroot", self.root, "chown", "-R", f"{USER}:{USER}", HOME], check=True)

    def start(self, command: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a command of the user in the clone; with it ends all that it has started."""
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh", self.root, command]
        with log.open("wb") as out:
            process = subprocess.Popen(
                enter, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=clean_environ()
            )
        STARTED.append(process)
        return process

    def run(self, command: str, log: Path, seconds: float) -> int:
        """Run a command of the user in the clone; return its exit code."""
        process = self.start(command, log)
        try:
            return process.wait(seconds)
        finally:
            process.kill()
            process.wait()

    def open_shop(self, log: Path) -> str:
        """Run the README's first command until it has printed its three lines, then press Ctrl-C; tell how it went."""
        process = self.start(command_of_readme(".venv"), log)
        timer = threading.Timer(SHOP_TIME, process.kill)
        timer.start()
        try:
            while process.poll() is None and log.read_text().count("\ncurl ") < 3:
                time.sleep(0.2)
            if process.poll() is not None:
                return f"ended with {process.returncode} before it was open"
            os.killpg(process.pid, signal.SIGINT)
            code = process.wait(30)
            return "opened, closed by Ctrl-C" if code == 0 else f"Ctrl-C ended it with {code}"
        except subprocess.TimeoutExpired:
            return "Ctrl-C did not end it"
        finally:
            timer.cancel()
            process.kill()
            process.wait()


def mirror() -> list[str]:
    """Return the mirror of this machine's apt, if it has one; else debootstrap has its own."""
    command = ["apt-get", "indextargets", "Created-By: Packages", "Label: Debian", "--format", "$(REPO_URI)"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return told.split()[:1]


def write_pip_settings(path: Path) -> None:
    """Write this machine's settings of pip; of what they name on its disk only the certificates go along."""
    settings = configparser.RawConfigParser()
    command = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in sorted(told.splitlines(), reverse=True):  # the environment comes last and wins
        name, _, value = line.partition("=")
        section, _, option = name.replace(":env:", "global").partition(".")
        words = str(ast.literal_eval(value)).split()
        if option == "cert":
            shutil.copy(words[0], path.with_name("certificates.pem"))
            words = [f"{HOME}/.config/pip/certificates.pem"]
        words = [word for word in words if option == "cert" or not word.startswith(("/", "file:"))]
        if words:
            with suppress(configparser.DuplicateSectionError):
                settings.add_section(section)
            settings.set(section, option, " ".join(words))
    with path.open("w") as file:
        settings.write(file)


def command_of_readme(environment: str) -> str:
    """Return the command of the README that makes this environment."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(rf"^python3 -m venv {re.escape(environment)} && .*$", readme, re.MULTILINE)
    return command


def tried(version: str, folder: Path, arguments: list[str]) -> Row:
    """Make the chroot and run the commands in it; where something fails, its log is shown."""
    debian, log = Debian(folder / RELEASES[version]), folder / f"{RELEASES[version]}-tests.log"
    debian.make(RELEASES[version])
    debian.clone()
    debian.run(f"python3 -c {shlex.quote(ABOUT)}", log, 60)
    _, python, sqlite = log.read_text().split()
    shop = "not tried"
    if not arguments:
        shop_log = log.with_name(f"{RELEASES[version]}-shop.log")
        shop = debian.open_shop(shop_log)
        print(shop_log.read_text(errors="replace"), flush=True)
    began = time.monotonic()
    code = debian.run(" ".join([command_of_readme(".venv-test"), *map(shlex.quote, arguments)]), log, TEST_TIME)
    seconds = time.monotonic() - began
    print(log.read_text(errors="replace")[-6000:], flush=True)
    passed = code == 0 and (bool(arguments) or shop.startswith("opened"))
    return Row(
        (debian.root / "etc/debian_version").read_text().strip(), python, sqlite, shop, tests_of(log), seconds, passed
    )


def table(rows: list[Row]) -> Iterator[str]:
    yield "| Debian | python | sqlite | the first command | the second: tests | seconds | result |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from map(str, rows)


def page(rows: list[Row]) -> str:
    """Return the page that is kept."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    lines = [
        "# Debians",
        "",
        "The two commands of the README as an ordinary user of a bare Debian, with python3, python3-venv and git.",
        "`python -m dev.tools.bare_debian`, as root with debootstrap, makes the chroots, runs both in each and writes",
        "this page. Seconds are those of the second command, with its downloads; both Debians run at once.",
        "",
        f"Last on {datetime.now(UTC):%Y-%m-%d}, of {commit.stdout.strip()}, on {platform.system()} "
        f"{platform.machine()} with {os.cpu_count()} cores:",
        "",
        *table(rows),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.tools.bare_debian", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--only", metavar="RELEASE", choices=RELEASES, action="append", help="try only this one: 12, 13"
    )
    parser.add_argument(
        "--keep", metavar="FOLDER", type=Path, help="keep the chroots there, and take those that are there"
    )
    parser.add_argument("arguments", nargs="*", metavar="ARGS", help="for pytest, behind --: then no table is kept")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with tempfile.TemporaryDirectory(prefix="supportcases-debians-", dir="/var/tmp") as name:
        folder = asked.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor() as pool:
            rows = list(
                pool.map(lambda version: tried(version, folder.absolute(), asked.arguments), asked.only or RELEASES)
            )
    print("\n".join(table(rows)))
    if not asked.arguments and not asked.only:
        TARGET.write_text(page(rows), encoding="utf-8")
        print(f"wrote {TARGET}")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
