"""Programs of the system that tests call: those that nobody must have are looked for, and said to be missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

# an ordinary user of Debian has no /usr/sbin on the PATH, where nginx and useradd are
SEARCHED = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:/sbin"
ARE_REQUIRED = os.environ.get("SUPPORTCASES_REQUIRE_TOOLS") == "1"


def needs(tool: str, *, package: str) -> str:
    """Return the path of a program; where it is missing skip the test, or, where tools are required, fail it."""
    return shutil.which(tool, path=SEARCHED) or miss(f"{tool} is missing: install {package}.")


def unshare(*options: str) -> list[str]:
    """Return the command that runs another in namespaces of its own; miss it where an ordinary user may have none."""
    command = [needs("unshare", package="util-linux"), *(["--map-root-user"] if os.geteuid() else []), *options]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True)
    if tried.returncode:  # in a chroot no user may have them
        miss(f"Namespaces are refused ({tried.stderr.strip()}): run the tests as root.")
    return command


def miss(reason: str) -> NoReturn:
    """Skip the test for what is missing, or, where tools are required, fail it."""
    (pytest.fail if ARE_REQUIRED else pytest.skip)(reason)
    raise AssertionError
