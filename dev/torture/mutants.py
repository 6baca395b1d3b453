"""Whatever keeps stores, sides and rows apart is taken out, one thing at a time: the tests have to notice each.

`dev.torture.mutations` finds every condition of every statement that tells a store, a case, a scope or a key from the
others, and knows the guards outside of SQL: the write lock, IMMEDIATE, FULL, the foreign keys, the hash of a key, who
may enter what. Each mutation is made in a copy of the package, the tests chosen for it are run there, and one of them
has to fail: a survivor is told with its file and line. Whichever failed passes in the copy as it is, and the copy makes
sure that it is what the tests import, so it is the mutation that they fail for.
"""

import compileall
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import SimpleQueue
from typing import Final

from dev.torture.experiment import Effort, Outcome, say
from dev.torture.mutations import PACKAGE, STATEMENTS, Mutation, mutations_of
from dev.torture.servers import ROOT

SEED: Final = 20_240_615
QUICK: Final = 8  # mutations that fit into the gate
AT_ONCE: Final = 2
PATIENCE: Final = 300.0  # seconds for some tests, on a machine that is busy with others
COPIED: Final = (PACKAGE, "tests", "docs", "_supportcases_pytest_plugin.py", "setup.cfg", "pyproject.toml")
FAILURES: Final = Path(".pytest_cache", "v", "cache", "lastfailed")  # where pytest keeps what has failed
PASSED, FAILED, HUNG = 0, 1, -1  # the first two are what pytest returns

# a conftest.py for the copy: the mutant is what the tests import
CONFTEST: Final = f"""
from pathlib import Path
import {PACKAGE}
assert Path({PACKAGE}.__file__).is_relative_to(Path(__file__).parent), {PACKAGE}.__file__
"""


class Copy:
    """A copy of the package and its tests, in which one thing at a time is missing."""

    def __init__(self, root: Path) -> None:
        """Copy them to that folder."""
        self.root = root
        self.failures: set[str] = set()  # of tests, each by a mutation
        root.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, root / name)
        (root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        # by its time and size a file could pass for the one before
        compileall.compile_dir(root / PACKAGE, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)

    def verdict(self, mutation: Mutation) -> str:
        """Return what is wrong with the tests of the mutation, which have to fail by it; nothing where they do."""
        path = self.root / mutation.file
        source = path.read_text(encoding="utf-8")
        path.write_text(mutation.applied(source), encoding="utf-8")
        try:
            result, said = self.tested(mutation.killers)
        finally:
            path.write_text(source, encoding="utf-8")
        if result == FAILED:
            self.failures |= set(json.loads((self.root / FAILURES).read_text(encoding="utf-8")))
            return ""
        verdict = "survives" if result == PASSED else f"breaks the tests down: {said}"
        return f"{mutation.place(source)} without «{mutation.what}» {verdict}"

    def complaint(self, tests: Sequence[str]) -> str:
        """Return what the tests say where nothing is missing; nothing, or it is not the mutations that they notice."""
        result, said = self.tested(tests)
        return "" if result == PASSED else f"what has failed fails without a mutation: {said}"

    def tested(self, tests: Sequence[str]) -> tuple[int, str]:
        """Run the tests until one fails; return pytest's exit code and the end of what it said."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--cache-clear", "--no-header"]
        environment = {**os.environ, "PYTHONPATH": str(self.root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what the tests import is compiled once
        try:
            done = subprocess.run(
                [*command, "-p", "_supportcases_pytest_plugin", *tests],
                cwd=self.root,
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            return HUNG, f"they took more than {PATIENCE:.0f} s"
        return done.returncode, " ".join((done.stdout + done.stderr).split())[-300:]


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Take out one thing after the other."""
    copies = [Copy(folder / f"copy-{number}") for number in range(AT_ONCE)]
    every = mutations_of(copies[0].root)
    tried = effort.pick(random.Random(SEED).sample(every, QUICK), every)
    verdicts = at_once(copies, [partial(Copy.verdict, mutation=mutation) for mutation in tried])
    failed = set().union(*(copy.failures for copy in copies))
    complaint = copies[0].complaint(sorted(failed)) if failed else ""
    alive = [verdict for verdict in verdicts if verdict]
    faults = [complaint, *alive] if complaint else alive
    for fault in faults:
        say(fault)
    of_sql = sum(mutation.file.startswith(STATEMENTS) for mutation in tried)
    yield Outcome(
        12,
        "one guard taken out",
        f"{len(tried)} of {len(every)} mutations: {of_sql} of SQL, {len(tried) - of_sql} elsewhere",
        f"{len(tried) - len(alive)} killed, {len(alive)} not{': ' if faults else ''}{'; '.join(faults[:3])}",
        not faults,
    )


def at_once(copies: Sequence[Copy], jobs: Sequence[Callable[[Copy], str]]) -> list[str]:
    """Return what comes of each job, done as soon as a copy is free."""
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def done(job: Callable[[Copy], str]) -> str:
        copy = free.get()
        try:
            return job(copy)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as together:
        return list(together.map(done, jobs))
