"""Packages that npm fetches for the tests, as a folder's package-lock.json pins them; nothing of them is kept here."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path


def install(folder: Path) -> None:
    """Let npm put the packages into the folder's `node_modules`, which git ignores, unless they are there."""
    with (folder / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # pytest's other worker may be at it
        if _packages(folder / "node_modules" / ".package-lock.json") != _packages(folder / "package-lock.json"):
            npm = [shutil.which("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(npm, cwd=folder, capture_output=True, text=True, timeout=180)
            assert done.returncode == 0, done.stderr


def _packages(lock: Path) -> dict[str, str]:
    """Return the packages of a lock file, each with its checksum."""
    if not lock.exists():
        return {}
    packages = json.loads(lock.read_text())["packages"]
    return {path: package["integrity"] for path, package in packages.items() if path}
