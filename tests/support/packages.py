"""The sdist and the wheel of what is in the repository, built once in a run for all tests that look at them."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from dev.tools.sdist import copy_repository

JUNK = [".gitignore", "cases.db", "docs/x.db", "examples/__pycache__/shop.pyc", "supportcases/__pycache__/x.pyc"]
JUNK += [
    "tests/__pycache__/x.pyc",
    "tests/sdk/node_modules/x/package.json",
    "tests/browser/node_modules/x/package.json",
]
JUNK += ["supportcases/cases.db", ".venv/x.py"]


class Built(NamedTuple):
    log: str
    sdist: Path
    wheel: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory, pytestconfig) -> Built:
    """Build from a copy of the repository, among what lies about in a folder that somebody works in."""
    of_run = tmp_path_factory.getbasetemp()
    folder = (of_run.parent if hasattr(pytestconfig, "workerinput") else of_run) / "packages"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # pytest's other worker may be at it
        if not (folder / "log").exists():
            (folder / "log").write_text(build(folder))
    (sdist,), (wheel,) = folder.glob("dist/*.tar.gz"), folder.glob("dist/*.whl")
    return Built((folder / "log").read_text(), sdist, wheel)


def build(folder: Path) -> str:
    """Build in the folder; return what was said."""
    source = folder / "source"
    copy_repository(source)
    for name in JUNK:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    command = [sys.executable, "-W", "error", "-m", "build", "--outdir", str(folder / "dist"), str(source)]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ = {**outside, "PYTHONWARNINGS": "default", "NO_COLOR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=300, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
