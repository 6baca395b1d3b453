"""Run the README's two commands as an ordinary user of a bare Debian 12 and 13: `python -m dev.tools.bare_debian`.

It takes root and debootstrap. Each chroot has Debian's base system, python3, python3-venv and git, and a clone of this
repository's last commit; the mirror and pip's settings are this machine's. What follows `--` goes to pytest, and then
the first command is left out. It prints a table, which `docs/debians.md` keeps of a whole run. Anything that fails
makes it end with 1.
"""

import argparse
import ast
import configparser
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from dev.tools.sdist import ROOT

VERSIONS = "import platform, sqlite3; print(platform.python_version(), sqlite3.sqlite_version)"
RELEASES = {"12": "bookworm", "13": "trixie"}
PACKAGES = "python3,python3-venv,git"
USER, HOME = "ada", "/home/ada"
MAKE_TIME, SHOP_TIME, TEST_TIME = 1800, 900, 5400
ENTER = f"""set -e
trap : INT  # Ctrl-C is meant for the command: this shell waits for its exit code
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
            process = subprocess.Popen(enter, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
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


def tried(version: str, folder: Path, arguments: list[str]) -> tuple[str, bool]:
    """Make the chroot and run the commands in it, with their logs shown; return the row, and whether all is well."""
    debian, log = Debian(folder / RELEASES[version]), folder / f"{RELEASES[version]}-tests.log"
    debian.make(RELEASES[version])
    debian.clone()
    debian.run(f"python3 -c {shlex.quote(VERSIONS)}", log, 60)
    versions, shop = log.read_text().split(), "not tried"
    if not arguments:
        shop_log = log.with_name(f"{RELEASES[version]}-shop.log")
        shop = debian.open_shop(shop_log)
        print(shop_log.read_text(errors="replace"), flush=True)
    began = time.monotonic()
    code = debian.run(" ".join([command_of_readme(".venv-test"), *map(shlex.quote, arguments)]), log, TEST_TIME)
    seconds = time.monotonic() - began
    told = log.read_text(errors="replace")
    print(told[-6000:], flush=True)
    passed = code == 0 and (bool(arguments) or shop.startswith("opened"))
    counted = re.findall(r"\d+ (?:passed|failed).* in [\d.]+s", told)[-1:]
    debian_version = (debian.root / "etc/debian_version").read_text().strip()
    cells = [debian_version, *versions, shop, *counted, f"{seconds:.0f}", "passed" if passed else "FAILED"]
    return f"| {' | '.join(cells)} |", passed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.tools.bare_debian", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--only", metavar="RELEASE", choices=RELEASES, action="append", help="try only this one: 12, 13"
    )
    parser.add_argument(
        "--keep", metavar="FOLDER", type=Path, help="keep the chroots there, and take those that are there"
    )
    parser.add_argument("arguments", nargs="*", metavar="ARGS", help="for pytest, behind --: then the shop is left out")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with tempfile.TemporaryDirectory(prefix="supportcases-debians-", dir="/var/tmp") as name:
        folder = asked.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor() as pool:
            releases = asked.only or RELEASES
            tries = [pool.submit(tried, release, folder.absolute(), asked.arguments) for release in releases]
            rows, passed = zip(*(each.result() for each in tries), strict=True)
    head = "| Debian | python | sqlite | the first command | the second: tests | seconds | result |"
    print(head, "| --- " * 7 + "|", *rows, sep="\n")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
