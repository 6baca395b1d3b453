"""Python scripts in processes of their own, which begin together."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress

from tests.conftest import ACME, ROOT


def numbers_of(desk, actor=ACME) -> list[int]:
    """Return the numbers of all cases of the store, lowest first."""
    pages = [desk.list(actor, limit=100, offset=offset) for offset in range(0, desk.list(actor).count, 100)]
    return sorted(case.number for page in pages for case in page.cases)


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a script in a process of its own, which waits for a line on its standard input to begin together."""
    begin = "import sys\nfrom supportcases import *\nprint('ready', flush=True)\nsys.stdin.readline()\n"
    return subprocess.Popen(
        [sys.executable, "-c", begin + textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )


def crash_after_a_write(path) -> None:
    """Let a process open a case in the file and be killed, so that its journal stays."""
    script = """
        import os
        desk = SupportDesk(SqliteRepository(sys.argv[1]))
        desk.open(Actor.merchant("acme"), body="The printer is on fire.")
        os.kill(os.getpid(), 9)
    """
    start(script, path).communicate("\n", timeout=30)


def let_go(processes: list[subprocess.Popen[str]]) -> list:
    """Let the processes begin together; return the JSON that each printed."""
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * len(processes)
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    try:
        answers = [process.communicate(timeout=60) for process in processes]
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a failing test leaves nobody behind
    assert [fault for _, fault in answers] == [""] * len(processes)
    return [json.loads(out) for out, _ in answers]
