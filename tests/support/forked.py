"""The command line, or another program, in a process forked from one that has imported it: so it begins at once."""

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
from typing import NamedTuple

UTF_8 = {"PYTHONIOENCODING": "utf-8"}
ONE_AT_A_TIME = threading.Lock()
PARENT = """
import functools, gettext, importlib, json, os, runpy, socket, sys, time
gettext.find = functools.cache(gettext.find)  # argparse looks for translations a hundred times
for name in sys.argv[3:]:
    importlib.import_module(name)
program = sys.argv[2]
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
arguments, folder, environ = json.loads(call)
sys.argv = [program, *arguments]
os.chdir(folder)
os.environ.clear()
os.environ.update(environ)
time.tzset()
if program.endswith(".py"):
    runpy.run_path(program, run_name="__main__")
else:
    runpy.run_module(program, run_name="__main__", alter_sys=True)
"""


class Program(NamedTuple):
    """A module or a file that is run, what it imports, and the options of its Python."""

    name: str
    imports: tuple[str, ...]
    options: tuple[str, ...] = ()


IMPORTS = ("supportcases.cli", "supportcases.storage.sqlite.migrations.steps", "supportcases.webhooks.serving")
COMMAND_LINE = Program("supportcases", IMPORTS)  # with what a command imports where it needs it


@cache
def parent(program: Program) -> socket.socket:
    """Start the process that forks; return the socket that it is called by."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, *program.options, "-c", PARENT, str(theirs.fileno()), program.name, *program.imports]
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


class Running(NamedTuple):
    """A command: its process, and what waits for its exit code, which is to be called."""

    pid: int
    ended: Callable[[], int]


@contextmanager
def running(arguments, *, cwd, environ, streams, program=COMMAND_LINE) -> Iterator[Running]:
    """Run a command, for a minute at the longest."""
    with ONE_AT_A_TIME:
        call = json.dumps([arguments, os.fspath(cwd), environ]).encode()
        calls = parent(program)
        socket.send_fds(calls, [call], streams)
        pid = int(calls.recv(16))
        watchdog = threading.Timer(60, os.kill, (pid, signal.SIGKILL))
        watchdog.start()
        try:
            yield Running(pid, lambda: int(calls.recv(16)))
        finally:
            watchdog.cancel()


def run(arguments, *, cwd, environ, stdin: bytes = b"", program=COMMAND_LINE) -> CompletedProcess[bytes]:
    """Run a command as `subprocess.run` does."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        streams = [stream.fileno() for stream in (given, out, err)]
        with running(
            arguments, cwd=cwd, environ={**os.environ, **environ}, streams=streams, program=program
        ) as command:
            code = command.ended()
        out.seek(0)
        err.seek(0)
        return CompletedProcess(arguments, code, out.read(), err.read())
