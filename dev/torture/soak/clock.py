"""A clock of the desk that runs so much faster, in whatever command of `supportcases`."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Final

from dev.torture.servers import ROOT

SPEED: Final = 168  # an hour is a week
BEGUN: Final = datetime.now(UTC)
ENVIRONMENT: Final = {"SOAK_BEGUN": BEGUN.isoformat(), "SOAK_SPEED": str(SPEED)}
FAST: Final = (  # runs `python -m supportcases ...`, which stands behind it
    sys.executable,
    "-c",
    """
import os, runpy, sys
from datetime import UTC, datetime
from supportcases.domain import times

times.BEGUN, times.SPEED = datetime.fromisoformat(os.environ["SOAK_BEGUN"]), int(os.environ["SOAK_SPEED"])


def fast():
    return BEGUN + SPEED * (datetime.now(UTC) - BEGUN)


times.now.__code__ = fast.__code__  # the function itself is a default of others
del sys.argv[1:4]  # python -m supportcases
runpy.run_module("supportcases", run_name="__main__")
""",
)


def supportcases(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [*FAST, sys.executable, "-m", "supportcases", *arguments]
    environment = {**os.environ, **ENVIRONMENT}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=600, env=environment)


def real(fast: datetime) -> datetime:
    """Return the time that it was outside."""
    return BEGUN + (fast - BEGUN) / SPEED
