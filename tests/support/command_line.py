"""The command line as people run it: as a process with arguments, an environment and streams, or on a terminal."""

import fcntl
import http.client
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import closing, suppress
from subprocess import CompletedProcess
from urllib.parse import urlsplit

from tests.conftest import ADA, CASES
from tests.support import forked

MODULE = [sys.executable, "-m", "supportcases"]
KEY = re.compile(r"sck_[0-9a-f]{48}\n")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def run(*arguments: str, cwd, command=MODULE, **environ: str):
    if command is MODULE and forked.serves(environ):
        done = forked.run(arguments, cwd=cwd, environ=environ)
        return CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
    )


def refused(done) -> str:
    """Return the one line on stderr with which a command ended that could not do its work."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert re.fullmatch(r"supportcases: .+\n", done.stderr), done.stderr
    return done.stderr.removesuffix("\n")


def status_of(url: str, path: str = CASES, key: str | None = None) -> int:
    where = urlsplit(url)
    with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=10)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        response = connection.getresponse()
        json.loads(response.read())
        return response.status


def rows_of(listing: str) -> list[list[str]]:
    """Return the columns of each key that `keys list` printed."""
    return [re.split(r" {2,}", line) for line in listing.splitlines()[1:]]


def fed(text, *arguments, cwd, **environ):
    """Run a command with something on its standard input."""
    data = text if isinstance(text, bytes) else text.encode()
    if forked.serves(environ):
        return forked.run(arguments, cwd=cwd, environ=environ, stdin=data)
    return subprocess.run(
        [*MODULE, *arguments], input=data, cwd=cwd, env={**os.environ, **environ}, capture_output=True, timeout=30
    )


def at_terminal(*arguments, cwd, columns=80, typed=b"", **environ):
    """Run a command with a terminal as its three streams; return its exit code and what the terminal showed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    env |= {"PAGER": "", **forked.UTF_8, **environ}
    with forked.running(arguments, cwd=cwd, environ=env, streams=[theirs] * 3) as command:
        os.close(theirs)
        os.write(ours, typed)
        shown = b""
        with open(ours, "rb", buffering=0) as terminal, suppress(OSError):  # that is how the end of a terminal looks
            while chunk := terminal.read(65_536):
                shown += chunk
        return command.ended(), shown.decode().replace("\r\n", "\n")


def on_terminal(columns, *arguments, cwd, **environ):
    """Run a command on a terminal of so many columns; return the lines that it showed."""
    code, shown = at_terminal(*arguments, cwd=cwd, columns=columns, **environ)
    assert code == 0
    return shown.removesuffix("\n").split("\n")


def messages_of(desk, ref):
    return [
        (message.author_kind, message.author_label, message.body, message.internal)
        for message in desk.get(ADA, ref).messages
    ]
