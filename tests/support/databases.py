"""Looking at database files from outside, as their operator would."""

import gc
import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from supportcases import DatabaseUnusable, create_app
from tests.conftest import ROOT


def open_files(folder: Path) -> list[str]:
    """Return the names of the files below `folder` that this process has open."""
    names = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            names.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
    return sorted(name for name in names if name.startswith(f"{folder}/"))


def fingerprint(path: Path) -> str:
    """Return the hash of a file, which this process must not have open: reading it would drop SQLite's locks."""
    gc.collect()
    assert open_files(path.parent) == []
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pragma(repository, name: str):
    with repository.read() as transaction:
        return transaction.connection.execute(f"PRAGMA {name}").fetchone()[0]


def refusal(place: Path) -> str:
    with pytest.raises(DatabaseUnusable) as refused:
        create_app(place)
    sentence = str(refused.value)
    assert str(place) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def python(script: str, *arguments: str) -> str:
    """Run a script in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
