"""Run the suite with every CPython that is found, each in an empty environment: `python -m dev.tools.all_pythons`.

Here it makes an sdist; each Python unpacks it, installs it with its `[test]` extra and runs the tests that it carries.
What follows `--` goes to pytest; the table of a whole run is kept in `docs/pythons.md`. Anything that fails makes it
end with 1.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "docs" / "pythons.md"
VERSIONS = ("3.11", "3.12", "3.13")
ABOUT = "import platform as p, sqlite3; print(p.python_implementation(), p.python_version(), sqlite3.sqlite_version)"
INSTALL_TIME, TEST_TIME = 900, 3600


class Found(NamedTuple):
    path: Path
    version: str
    sqlite: str


class Row(NamedTuple):
    """How it went with one Python: the cells of the table, and whether all is well."""

    python: str
    sqlite: str
    installed: str
    tests: str
    seconds: float
    passed: bool

    def __str__(self) -> str:
        result = "passed" if self.passed else "FAILED"
        return f"| {self.python} | {self.sqlite} | {self.installed} | {self.tests} | {self.seconds:.0f} | {result} |"


def pythons() -> list[Found]:
    """Return every CPython of the versions that we support: pyenv's, the system's, and those on the PATH."""
    folders = sorted(Path.home().glob(".pyenv/versions/*/bin"))
    folders += [Path("/usr/bin"), Path("/usr/local/bin"), *map(Path, os.get_exec_path())]
    found: dict[Path, Found] = {}
    for path in (folder / f"python{version}" for version in VERSIONS for folder in folders):
        if path.is_file() and "shims" not in path.parts and path.resolve() not in found:
            told = subprocess.run([path, "-c", ABOUT], capture_output=True, text=True, env=clean_environ(), timeout=60)
            implementation, version, sqlite = told.stdout.split() if told.returncode == 0 else ("", "", "")
            if implementation == "CPython":
                found[path.resolve()] = Found(path, version, sqlite)
    return list(found.values())


def clean_environ() -> dict[str, str]:
    """Return the environment without what points a Python to other packages."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PYENV"))
    }


def repository_files() -> set[str]:
    """Return the files of the repository: what git knows or would add; in an unpacked sdist, what it lists."""
    if not (ROOT / ".git").exists():
        (listed,) = ROOT.glob("*.egg-info/SOURCES.txt")
        return {line for line in listed.read_text().splitlines() if ".egg-info/" not in line}
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    known = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in known.split("\0") if (ROOT / name).is_file()}


def copy_repository(folder: Path) -> None:
    """Copy the files of the repository: built where it is, an sdist holds what an older `egg-info` there lists too."""
    for name in repository_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


def make_sdist(folder: Path) -> Path:
    """Build the sdist of the repository; return its path."""
    source = folder / "source"
    copy_repository(source)
    command = [sys.executable, "-m", "build", "--sdist", "--outdir", str(folder), str(source)]
    run(command, folder, folder / "build.log", INSTALL_TIME)
    (sdist,) = folder.glob("*.tar.gz")
    return sdist


def run(command: Sequence[str | Path], cwd: Path, log: Path, seconds: int) -> None:
    """Run a command, with what it says in `log`.

    Raises:
        subprocess.SubprocessError: It failed, or took too long.
    """
    with log.open("w") as out:
        subprocess.run(
            command, cwd=cwd, check=True, stdout=out, stderr=subprocess.STDOUT, env=clean_environ(), timeout=seconds
        )


def tried(python: Found, sdist: Path, folder: Path, arguments: list[str]) -> Row:
    """Install the sdist and run its tests; what went wrong stands in the row, and the log is shown."""
    folder.mkdir()
    log, began, installed, passed = folder / "install.log", time.monotonic(), "no", False
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.glob("supportcases-*")
    env = folder / "env" / "bin" / "python"
    try:
        run([python.path, "-m", "venv", folder / "env"], folder, log, INSTALL_TIME)
        run([env, "-m", "pip", "install", "-q", f"supportcases[test] @ {sdist.as_uri()}"], folder, log, INSTALL_TIME)
        run([env.with_name("supportcases"), "--version"], folder, folder / "version.log", 60)
        installed = (folder / "version.log").read_text().strip()
        log, began = folder / "tests.log", time.monotonic()
        run([env, "-m", "pytest", "-q", "--color=no", *arguments], source, log, TEST_TIME)
        passed = True
    except subprocess.SubprocessError as error:
        print(f"{python.path}: {error}\n{log.read_text(errors='replace')[-6000:]}", file=sys.stderr)
    seconds = time.monotonic() - began
    return Row(python.version, python.sqlite, installed, tests_of(folder / "tests.log"), seconds, passed)


def tests_of(log: Path) -> str:
    """Return pytest's own count, as `612 passed, 3 skipped`."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    counts = [found[1] for line in lines if (found := re.search(r"^=*\s*(\d+ \w+.*?) in [\d.]+s", line))]
    return counts[-1] if counts else "none"


def table(rows: list[Row]) -> Iterator[str]:
    yield "| python | sqlite | installed | tests | seconds | result |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield from map(str, rows)


def commit() -> str:
    """Return the short name of the commit, with a mark where files differ from it."""
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "an unpacked sdist"


def page(rows: list[Row]) -> str:
    """Return the page that is kept."""
    lines = [
        "# Pythons",
        "",
        "The whole suite from an sdist, installed with its `[test]` extra into an empty environment of each CPython:",
        "`python -m dev.tools.all_pythons` runs it and writes this page. Seconds are those of the tests.",
        "",
        f"Last on {datetime.now(UTC):%Y-%m-%d}, of {commit()}, on {platform.system()} {platform.machine()} with "
        f"{os.cpu_count()} cores:",
        "",
        *table(rows),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.tools.all_pythons", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="VERSION", action="append", help="try only this version, such as 3.12")
    parser.add_argument("arguments", nargs="*", metavar="ARGS", help="for pytest, behind --: then no table is kept")
    asked = parser.parse_args()
    found = [python for python in pythons() if not asked.only or python.version.startswith(tuple(asked.only))]
    missing = [version for version in asked.only or VERSIONS if not any(p.version.startswith(version) for p in found)]
    with tempfile.TemporaryDirectory(prefix="supportcases-pythons-") as name:
        sdist = make_sdist(Path(name))
        rows = []
        for at, python in enumerate(found):
            print(f"{python.path}: CPython {python.version} with SQLite {python.sqlite}", flush=True)
            rows.append(tried(python, sdist, Path(name, str(at)), asked.arguments))
    print("\n".join(table(rows)))
    if missing:
        print(f"not found: CPython {', '.join(missing)}", file=sys.stderr)
    if not asked.arguments and not asked.only:
        TARGET.write_text(page(rows), encoding="utf-8")
        print(f"wrote {TARGET}")
    return 0 if rows and all(row.passed for row in rows) and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
