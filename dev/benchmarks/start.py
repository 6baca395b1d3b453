"""What it takes to begin (target 11): an app that is ready in a warm process, and the import over its packages' own."""

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dev.benchmarks.data import say
from dev.benchmarks.measure import Figure, at_most, medians, spelled
from supportcases import create_app

APPS: Final = 200  # rounds
IMPORTS: Final = 15
PACKAGES: Final = "falcon, sqlite_utils, waitress, marshmallow"
OURS: Final = f"{PACKAGES}, supportcases"  # which imports waitress only to serve
IMPORT: Final = "import time; begun = time.perf_counter(); import {}; print(time.perf_counter() - begun)"


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of target 11."""
    yield _ready()
    yield _imported(folder)


def _ready() -> Figure:
    say("making apps in memory")
    seconds = medians({"ready": lambda: create_app(":memory:")}, rounds=APPS)["ready"]
    return at_most(11, 'create_app(":memory:") in a warm process', seconds * 1e3, 5, unit="ms")


def _imported(folder: Path) -> Figure:
    """Compare the imports, each in a process of its own that has imported nothing else.

    The first round is not counted: it compiles, and keeps the bytecode in `folder`, whatever the environment says and
    however old the bytecode beside the sources is.
    """
    say("importing")
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    rounds = [(_import_seconds(OURS, environ), _import_seconds(PACKAGES, environ)) for _ in range(1 + IMPORTS)][1:]
    ours, packages = map(statistics.median, zip(*rounds, strict=True))
    detail = f"ours {spelled(ours)}, {PACKAGES} {spelled(packages)}"
    return at_most(
        11, "import supportcases with its packages / its packages alone", ours / packages, 1.15, detail=detail
    )


def _import_seconds(packages: str, environ: dict[str, str]) -> float:
    command = [sys.executable, "-c", IMPORT.format(packages)]
    child = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environ)
    return float(child.stdout)
