"""The sdist and the wheel of what is in the repository, built once for all tests that look at them."""

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from dev.tools.sdist import copy_repository

JUNK = [".gitignore", "cases.db", "docs/x.db", "examples/__pycache__/shop.pyc", "supportcases/__pycache__/x.pyc"]
JUNK += [
    "tests/__pycache__/x.pyc",
    "tests/sdk/node_modules/x/package.json",
    "tests/browser/node_modules/x/package.json",
]
JUNK += ["supportcases/cases.db", ".venv/x.py"]


class Built(NamedTuple):
    folder: tempfile.TemporaryDirectory  # for as long as this is alive
    log: str
    sdist: Path
    wheel: Path


@functools.cache
def built() -> Built:
    """Build from a copy of the repository, among what lies about in a folder that somebody works in."""
    folder = tempfile.TemporaryDirectory(prefix="supportcases-built-")
    source, target = Path(folder.name, "source"), Path(folder.name, "dist")
    copy_repository(source)
    for name in JUNK:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    command = [sys.executable, "-W", "error", "-m", "build", "--outdir", str(target), str(source)]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ = {**outside, "PYTHONWARNINGS": "default", "NO_COLOR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=300, cwd=folder.name)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return Built(folder, done.stdout + done.stderr, sdist, wheel)
