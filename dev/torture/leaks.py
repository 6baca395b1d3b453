"""Claim 17: no key in any log, error, repr, export, backup or document, nor in the database itself.

The life of a desk is played. Keys are made at the command line and in Python, and are sent where they belong and where
they do not: in every header, in paths, queries and bodies, whole and malformed, by clients of `supportcases serve` and
of an app in this process that logs at DEBUG, whose host breaks and whose database goes away. Then all that was written
anywhere is searched for the keys: for any 16 characters of one, also in hexadecimal, base64, percent encoding and
UTF-16. The one place that may have a key is the line that `keys create` printed. What merchants write into their cases
is theirs, and kept as it is. Last, a part of the test suite runs under `dev.torture.leaks_plugin`, which searches all
that the tests logged, printed and left.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from dev.torture.experiment import Effort, Outcome
from dev.torture.leaks_life import Life
from dev.torture.servers import ROOT
from dev.torture.traces import Traces, keys_in

CLAIM: Final = 17
TESTS: Final = {  # the parts of the suite that handle keys
    True: ("tests/desk/test_keys.py",),
    False: (
        "tests/desk/test_keys.py",
        "tests/web/test_auth.py",
        "tests/cli/test_commands.py",
        "tests/web/test_errors.py",
        "tests/web/test_rate_limit.py",
        "tests/desk/test_idempotency.py",
        "tests/web/test_request_bodies.py",
    ),
}
MUST_HAVE_COME: Final = {200, 201, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 500, 503}
DOCUMENTS: Final = ("*.md", "*.py", "docs/*", "examples/*", "supportcases/**/*.json", "supportcases/**/*.py")


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield what was found in a desk's life, in the documents and in the suite."""
    life = Life(folder, effort.pick(4, 8))
    life.lead()
    yield of_a_life(life)
    yield of_documents()
    yield of_the_suite(TESTS[effort.quick], folder / "suite")


def of_a_life(life: Life) -> Outcome:
    """Return what was found in all that was written in a desk's life."""
    places = places_in(life.written, Traces(life.keys))
    missing = MUST_HAVE_COME - set(life.statuses)
    size = sum(map(len, life.written.values()))
    effort = f"{len(life.keys)} keys in {life.statuses.total()} requests, {len(life.statuses)} statuses"
    result = f"{told(places)} in {len(life.written)} places, {size / 1e6:.1f} MB"
    result += f"; never came: {sorted(missing)}" if missing else ""
    return Outcome(CLAIM, "no secret in what a desk writes", effort, result, not places and not missing)


def places_in(written: Mapping[str, bytes], traces: Traces) -> Counter[str]:
    """Return where how many traces are."""
    return Counter({name: count for name, content in written.items() if (count := traces.count_in(content))})


def told(places: Counter[str]) -> str:
    """Return the places in words."""
    worst = ", ".join(f"{name} ({count})" for name, count in places.most_common(5))
    return f"{places.total()} traces of keys: {worst}" if places else "0 traces of keys"


def of_documents() -> Outcome:
    """Return what looks like a key in the documents and the source."""
    files = sorted({path for pattern in DOCUMENTS for path in ROOT.glob(pattern) if path.is_file()})
    places = Counter({path.name: len(found) for path in files if (found := keys_in(path.read_text(errors="replace")))})
    return Outcome(CLAIM, "no secret in documents", f"{len(files)} files", told(places), not places)


def of_the_suite(tests: tuple[str, ...], folder: Path) -> Outcome:
    """Return what a part of the test suite left."""
    folder.mkdir()
    report = folder / "report.json"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--color=no",
        "-p",
        "no:cacheprovider",
        "-p",
        "dev.torture.leaks_plugin",
    ]
    command += ["--leaks", str(report), "--basetemp", str(folder / "left"), "--log-level=DEBUG", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if not report.exists():
        return Outcome(CLAIM, "no secret in what the suite leaves", "none", done.stdout[-300:], False)
    seen = json.loads(report.read_text())
    effort = f"{seen['keys']} keys in {len(tests)} files of tests, {done.stdout.strip().rpartition(chr(10))[2]}"
    result = f"{told(Counter(seen['places']))} in {seen['bytes'] / 1e6:.1f} MB of logs, output and files"
    passed = not seen["places"] and done.returncode == 0 and seen["keys"] > 0
    return Outcome(CLAIM, "no secret in what the suite leaves", effort, result, passed)
