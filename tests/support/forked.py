"""The command line in a process that is forked from one that has imported it, so that it begins at once."""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
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
    calls.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
calls.close()
for number, stream in enumerate(streams):
    os.dup2(stream, number)
    os.close(stream)
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
    ours.settimeout(60)
    atexit.register(lambda: (ours.close(), process.wait()))
    return ours


def serves(environ) -> bool:
    """Return whether the variables make no difference to Python when it begins, which a fork has behind it."""
    asked = {name: value for name, value in environ.items() if name.startswith(("PYTHON", "LANG", "LC_"))}
    return asked in ({}, UTF_8)


def run(arguments, *, cwd, environ, stdin: bytes = b"") -> CompletedProcess[bytes]:
    """Run a command as `subprocess.run` does."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err, ONE_AT_A_TIME:
        given.write(stdin)
        given.seek(0)
        call = json.dumps([arguments, os.fspath(cwd), {**os.environ, **environ}]).encode()
        socket.send_fds(parent(), [call], [stream.fileno() for stream in (given, out, err)])
        code = int(parent().recv(16))
        out.seek(0)
        err.seek(0)
        return CompletedProcess(arguments, code, out.read(), err.read())
