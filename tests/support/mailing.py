"""`examples/mail.py` in processes of its own, and the SMTP server that it sends to."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager, suppress

import pytest

from supportcases import create_app
from supportcases.testing.fakes import MovableClock, numbered_ids
from tests.conftest import ROOT
from tests.support import forked
from tests.support.smtp import smtp_server

EXAMPLE = ROOT / "examples" / "mail.py"
IMPORTS = ("supportcases.app", "smtplib", "ssl", "email.mime.text", "argparse", "logging")
PROGRAM = forked.Program(str(EXAMPLE), IMPORTS, ("-W", "error"))
MARA, TEAM = "mara@acme.example", "team@shop.example"


class Mailer:
    """The program, with one cursor, one file of addresses and one database."""

    def __init__(self, folder, db, port):
        self.folder, self.db, self.port = folder, db, port
        self.addresses, self.cursor = folder / "addresses.json", folder / "mail.cursor"
        self.addresses.write_text(json.dumps({"acme": MARA}))

    @property
    def arguments(self):
        return [
            *("--db", str(self.db), "--smtp", f"127.0.0.1:{self.port}", "--from", "The shöp <support@shop.example>"),
            *("--team", TEAM, "--addresses", "addresses.json", "--url", "https://shop.example"),
        ]

    def start(self, *options, **environ):
        command = [sys.executable, *PROGRAM.options, PROGRAM.name, *self.arguments, *options]
        return subprocess.Popen(
            command, cwd=self.folder, env={**os.environ, **environ}, stderr=subprocess.PIPE, text=True
        )

    def once(self, *options, **environ):
        """Run it once; return its status and what it said."""
        done = forked.run([*self.arguments, "--once", *options], cwd=self.folder, environ=environ, program=PROGRAM)
        return done.returncode, done.stderr.decode()

    @contextmanager
    def running(self, *options):
        """Run it until the block ends, where it is killed."""
        with self.start(*options) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def killed_behind(self):
        """Run it, as one of a fork, until the block ends, where it is killed."""
        with open(os.devnull, "r+b") as nowhere:
            how = {"cwd": self.folder, "environ": dict(os.environ), "streams": [nowhere.fileno()] * 3}
            with forked.running(self.arguments, program=PROGRAM, **how) as program:
                try:
                    yield
                finally:
                    with suppress(ProcessLookupError):
                        os.kill(program.pid, signal.SIGKILL)
                    program.ended()


@pytest.fixture
def post():
    with smtp_server() as post:
        yield post


@pytest.fixture
def mailer(tmp_path, db, post):
    return Mailer(tmp_path, db, post.port)


@pytest.fixture
def begun(mailer, desk):
    """The program once it has begun: it mails what happens from now on."""
    mailer.cursor.write_text("start")
    return mailer


@pytest.fixture
def clock():
    return MovableClock()


@pytest.fixture
def desk(db, clock):
    desk = create_app(str(db), clock=clock, new_id=numbered_ids()).desk
    with closing(desk.repository):
        yield desk


def text(mail):
    return mail.get_content().replace("\r\n", "\n")
