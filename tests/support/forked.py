"""The command line in a process that is forked from one that has imported it, so that it begins at once."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from subprocess import DEVNULL, CompletedProcess
from tempfile import TemporaryFile

UTF_8 = {"PYTHONIOENCODING": "utf-8"}
ONE_AT_A_TIME = threading.Lock()
PARENT = """
import json, os, runpy, socket, sys, time
import supportcases.cli

calls = socket.socket(fileno=int(sys.argv[1]))
while True:
    call, streams, *_ = socket.recv_fds(calls, 1 << 20, 3)
    if not call:
        sys.exit()
    if (child := os.fork()) == 0:
        break
    for stream in streams:
        os.close(stream)
    calls.send(str(child).encode())
    calls.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
calls.close()
os.setsid()
for number, stream in enumerate(streams):
    os.dup2(stream, number)
    os.close(stream)
sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())
sys.argv[1:], folder, environ = json.loads(call)
os.chdir(folder)
os.environ.clear()
os.environ.update(environ)
time.tzset()
runpy.run_module("supportcases", run_name="__main__", alter_sys=True)
"""


@cache
def parent() -> socket.socket:
    """Start the process that forks; return the socket that it is called by."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-c", PARENT, str(theirs.fileno())]
        environ = {**os.environ, **UTF_8}
        process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env=environ
        )
    ours.settimeout(90)
    atexit.register(lambda: (ours.close(), process.wait()))
    return ours


def serves(environ) -> bool:
    """Return whether the variables make no difference to Python when it begins, which a fork has behind it."""
    asked = {name: value for name, value in environ.items() if name.startswith(("PYTHON", "LANG", "LC_"))}
    return asked in ({}, UTF_8)


@contextmanager
def running(arguments, *, cwd, environ, streams) -> Iterator[Callable[[], int]]:
    """Run a command, for a minute at the longest; yield what waits for its exit code, and is to be called."""
    with ONE_AT_A_TIME:
        call = json.dumps([arguments, os.fspath(cwd), environ]).encode()
        socket.send_fds(parent(), [call], streams)
        watchdog = threading.Timer(60, os.kill, (int(parent().recv(16)), signal.SIGKILL))
        watchdog.start()
        try:
            yield lambda: int(parent().recv(16))
        finally:
            watchdog.cancel()


def run(arguments, *, cwd, environ, stdin: bytes = b"") -> CompletedProcess[bytes]:
    """Run a command as `subprocess.run` does."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        streams = [stream.fileno() for stream in (given, out, err)]
        with running(arguments, cwd=cwd, environ={**os.environ, **environ}, streams=streams) as ended:
            code = ended()
        out.seek(0)
        err.seek(0)
        return CompletedProcess(arguments, code, out.read(), err.read())
