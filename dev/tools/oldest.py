"""Run the tests of the contract with the oldest versions that setup.cfg allows: `python -m dev.tools.oldest`.

An sdist is installed with its `[test]` extra into an empty environment, with each requirement of `install_requires` at
the lower end of its range; the gate's other environments have the newest. What follows `--` goes to pytest in place of
the chosen tests. Anything that fails makes it end with 1.
"""

import argparse
import configparser
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from dev.tools.all_pythons import INSTALL_TIME, ROOT, TEST_TIME, make_sdist, run, tests_of

REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)\s*>=\s*([0-9.]+)\s*,\s*<\s*([0-9.]+)")
CHOSEN = (  # a little of everything that these packages do for us: HTTP, JSON, schemas, SQL, serving, text
    "tests/web/test_create.py",
    "tests/web/test_get_and_patch.py",
    "tests/web/test_fields.py",
    "tests/web/test_list.py",
    "tests/web/test_auth.py",
    "tests/web/test_errors.py",
    "tests/storage/test_connections.py",
    "tests/domain/test_subjects.py",
    "tests/web/test_support_api.py",
    "tests/cli/test_tables.py",
)


class Range(NamedTuple):
    """A requirement: from `oldest` to below `below`."""

    name: str
    oldest: str
    below: str

    def __str__(self) -> str:
        return f"{self.name} {self.oldest}"


class Tried(NamedTuple):
    """How it went."""

    ranges: tuple[Range, ...]
    tests: str
    seconds: float
    passed: bool


def ranges() -> tuple[Range, ...]:
    """Return what `setup.cfg` requires.

    Raises:
        ValueError: A requirement has no lower or no upper end.
    """
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["options"]["install_requires"].strip().splitlines()
    found = [REQUIREMENT.fullmatch(line.strip()) for line in lines]
    if unbound := [line for line, match in zip(lines, found, strict=True) if match is None]:
        raise ValueError(f"no range from a version to below another: {', '.join(unbound)}")
    return tuple(Range(*match.groups()) for match in found if match)


def tried(folder: Path, arguments: list[str]) -> Tried:
    """Install the oldest versions into an environment in the folder, and run tests with them."""
    wanted = ranges()
    log, began, passed = folder / "install.log", time.monotonic(), False
    sdist = make_sdist(folder)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.glob("supportcases-*/")
    pins = folder / "oldest.txt"
    pins.write_text("".join(f"{range.name}=={range.oldest}\n" for range in wanted))
    python = folder / "env" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-q"]
    try:
        run([sys.executable, "-m", "venv", folder / "env"], folder, log, INSTALL_TIME)
        run([*pip, "-r", pins, f"supportcases[test] @ {sdist.as_uri()}"], folder, log, INSTALL_TIME)
        log, began = folder / "tests.log", time.monotonic()
        command = [python, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider", "--basetemp", folder / "left"]
        run([*command, *(arguments or CHOSEN)], source, log, TEST_TIME)
        passed = True
    except subprocess.SubprocessError as error:
        print(f"{error}\n{log.read_text(errors='replace')[-6000:]}", file=sys.stderr)
    return Tried(wanted, tests_of(folder / "tests.log"), time.monotonic() - began, passed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.tools.oldest", description=__doc__.partition("\n")[0])
    parser.add_argument("arguments", nargs="*", metavar="ARGS", help="for pytest, behind --: in place of its tests")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="supportcases-oldest-") as name:
        done = tried(Path(name), asked.arguments)
    print(f"{', '.join(map(str, done.ranges))}: {done.tests} in {done.seconds:.0f} s")
    return 0 if done.passed else 1


if __name__ == "__main__":
    sys.exit(main())
