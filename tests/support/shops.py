"""The storefronts of examples/: each opened in a process of its own, and a browser that logs in."""

import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import ROOT, new_key, stop
from tests.support.official_client import bounded
from tests.support.ports import free_port

EXAMPLES = ROOT / "examples"
FRAMEWORKS = ["flask", "django", "pyramid", "falcon", "plain"]
PASSWORD = "correct horse"
PATIENCE = 120.0  # seconds; a busy machine starts a framework slowly
# Waitress leaves its socket to the end of the process; Pyramid and its WebOb still import pkg_resources and cgi
STRICTLY = [
    "error",
    "ignore::ResourceWarning",
    "ignore:'cgi' is deprecated",
    "ignore:pkg_resources is deprecated",
    "ignore:Deprecated call to `pkg_resources",
]
SESSION = {"flask": "session", "django": "sessionid", "pyramid": "session", "falcon": "session", "plain": "session"}
OTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
SUBJECTS = (f"<b>Blank & \"bold\"</b> <script>alert('{number}')</script>" for number in itertools.count(1))
CASES = "/support/api/v1/support-cases"
QUEUE = "/support/api/v1/support/cases"
BODY = "The checkout shows a blank page since this morning."


class Shop(NamedTuple):
    framework: str
    url: str
    db: Path
    log: Path

    def key(self, store: str) -> str:
        """Return a new key of the shop's database, made by this process while the shop is open."""
        return new_key(self.db, store)


class Browser(requests.Session):
    """Somebody's browser with the shop open in it: it keeps cookies and sends whatever the page's form holds."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self.trust_env = False
        self.shop = shop

    def request(self, method, path, **options):
        return super().request(method, self.shop.url + path, timeout=PATIENCE, **options)

    def page(self) -> str:
        answer = self.get("/")
        assert (answer.status_code, answer.headers["Content-Type"].lower()) == (200, "text/html; charset=utf-8")
        return answer.text

    def submit(self, **fields: str) -> requests.Response:
        """Send the form of the page, with its hidden fields."""
        hidden = dict(re.findall(r'<input type=hidden name=(\w+) value="([^"]+)">', self.page()))
        form = {"Content-Type": "application/x-www-form-urlencoded"}  # also of an empty form, as browsers say it
        return self.post("/login", data={**hidden, **fields}, headers=form, allow_redirects=False)

    def log_in(self, user: str, password: str = PASSWORD) -> "Browser":
        answer = self.submit(user=user, password=password)
        assert (answer.status_code, urlsplit(answer.headers["Location"]).path) == (302, "/")
        return self

    def open_case(self, **fields: str) -> requests.Response:
        answer = self.post(CASES, json={"body": BODY, **fields})
        assert answer.status_code == 201, answer.text
        return answer

    def count(self) -> int:
        return self.get(CASES).json()["meta"]["count"]


@contextmanager
def open_shop(framework: str, folder: Path):
    """Run an example on a free port; Ctrl-C closes it, and it must have had nothing to complain of."""
    db, log, errors = folder / "shop.db", folder / "stdout.txt", folder / "stderr.txt"
    environ = {**os.environ, "PORT": str(free_port()), "SHOP_DB": str(db), "SHOP_PASSWORD": PASSWORD}
    strictly = itertools.chain.from_iterable(("-W", rule) for rule in STRICTLY)
    with log.open("w") as stdout, errors.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, *strictly, str(EXAMPLES / f"{framework}_shop.py")],
            cwd=folder,
            env=environ,
            stdout=stdout,
            stderr=stderr,
        )
    try:
        url = f"http://127.0.0.1:{environ['PORT']}"
        await_answer(process, url, errors)
        yield Shop(framework, url, db, log)
    finally:
        stop(process, signal.SIGINT)
    complaints = [line for line in errors.read_text().splitlines() if not line.startswith("WARNING:django.")]
    assert (process.returncode, complaints) == (0, [])  # Django logs each 404 and 403 of its own


def await_answer(process, url: str, errors: Path) -> None:
    """Return once the shop listens."""
    where = urlsplit(url)
    with bounded(process, PATIENCE):
        while process.poll() is None:
            try:
                socket.create_connection((where.hostname, where.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
    pytest.fail(errors.read_text())
