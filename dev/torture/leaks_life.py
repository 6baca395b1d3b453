"""The life of a desk, full of keys in right and wrong places, and all that was written meanwhile."""

import json
import logging
import socket
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import falcon

from dev.torture.servers import BROKEN, CASES, PATIENCE, ROOT, SUPPORT, serving
from dev.torture.traces import contents_of
from supportcases import Actor, KeyRing, SqliteRepository, create_app
from supportcases.server import served

BODY: Final = {"body": "The checkout shows a blank page."}
HEADERS: Final = (
    *("X-Request-Id", "Idempotency-Key", "If-Match", "X-Api-Key", "Cookie", "Referer", "User-Agent", "Expect", "Host"),
    *("Content-Type", "Accept", "Origin", "X-Forwarded-For", "X-Forwarded-Host", "Via", "Proxy-Authorization"),
)
SCHEMES: Final = (
    "bearer {}",
    "Bearer  {}",
    "Basic {}",
    "Token {}",
    "{}",
    "Bearer {}x",
    "Bearer {}, Bearer {}",
    "Bearer é{}",
)
PARAMETERS: Final = ("query", "limit", "offset", "status", "cursor", "store", "assignee", "key", "access_token")
WIRES: Final = (  # not HTTP, or hardly
    "GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\n\r\n\r\n",
    "GET {path} HTTP/1.1\r\n Authorization: Bearer {key}\r\n\r\n",
    "GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization Bearer {key}\r\n\r\n",
    "GET {path} HTTP/1.1\r\nHost: a\r\nBearer {key}: Authorization\r\n\r\n",
    "GET {path}\r\nAuthorization: Bearer {key}\r\n\r\n",
    "GET {path} {key} HTTP/1.1\r\nHost: a\r\n\r\n",
    "{key} {path} HTTP/1.1\r\nHost: a\r\n\r\n",
    "{KEY} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n\r\n",
    "GET http://{key}@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET //{key}:x@[/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {key}\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {key}\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{key}\r\n",
    "GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}",
)


class Request(NamedTuple):
    """What is sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


def requests_with(key: str, path: str) -> Iterator[Request]:
    """Yield requests with a key where it belongs, and then everywhere else."""
    right = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    post = json.dumps(BODY).encode()
    yield from (Request(method, path, right) for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"))
    yield Request("GET", "/openapi.json", right)
    yield from (Request("GET", path, {"Authorization": scheme.format(key, key)}) for scheme in SCHEMES)
    once = {**right, "Idempotency-Key": "once"}
    yield from (Request("POST", path, once, body) for body in (post, post, b'{"body": "Something else."}'))
    for name in HEADERS:
        yield Request("GET", path, {name: key})
        yield Request("GET", path, {**right, name: key})
        yield Request("POST", path, {**right, name: key}, post)
        yield Request("PATCH", f"{path}/acme:1", {**right, name: key}, b'{"severity": "high"}')
    for place in (key, key.upper(), quote(key[:8]) + key[8:], "".join(f"%{ord(c):02x}" for c in key)):
        yield Request("GET", f"/{place}", right)
        yield Request("GET", f"{path}/{place}", right)
        yield Request("POST", f"{path}/{place}/messages", right, post)
        yield from (Request("GET", f"{path}?{name}={place}", right) for name in PARAMETERS)
        yield Request("GET", f"{path}?{place}=1", right)
    for field in ("body", "subject", "status", "severity", "category", "author", "kind", "store", "close", key):
        faulty = json.dumps({**BODY, "subject": 7, field: [key]}).encode()
        yield Request("POST", path, right, faulty)
        yield Request("PATCH", f"{path}/1", right, json.dumps({field: {key: key}}).encode())
    yield from (Request("POST", path, right, body) for body in (key.encode(), b'{"' + key.encode(), b"[]", b""))
    yield Request("POST", path, right, key.encode() * 25_000)
    yield Request("POST", path, {**right, "Content-Type": "text/plain"}, key.encode())


class Life:
    """A desk, its keys, what was answered, and all that was written."""

    def __init__(self, folder: Path, senders: int) -> None:
        """Let everything be written below the folder, or kept in `written`; so many keys are sent."""
        self.senders = senders
        self.folder = folder
        self.db = folder / "desk" / "cases.db"
        self.db.parent.mkdir()
        self.keys: list[str] = []
        self.written: dict[str, bytes] = {}
        self.statuses: Counter[int] = Counter()

    def lead(self) -> None:
        """Play all of it."""
        self.make_keys()
        log = StringIO()
        with everything_logged(log):
            with serving(self.db, "--rate-limit", "100000/second") as server:
                self.ask_all("served", server.port)
                self.at_the_terminal()
                self.collect("while it is served", self.db.parent)
                server.stop()
            self.in_this_process()
            self.in_python()
        self.written["the log at DEBUG"] = log.getvalue().encode()
        self.collect("at the end", self.folder)

    def collect(self, when: str, folder: Path) -> None:
        """Read every file below a folder."""
        self.written |= {f"{name} {when}": content for name, content in contents_of(folder).items()}

    def make_keys(self) -> None:
        """Make keys of all kinds, at the terminal and in Python; one is revoked at once."""
        for options in (
            ["acme"],
            ["globex", "--label", "Back office", "--expires", "90d"],
            ["--support", "--label", "Ada"],
            ["--support", "--label", "Grace", "--stores", "acme"],
        ):
            done = self.command("keys", "create", *options)
            key, rest = done.stdout.split("\n", 1)
            self.keys.append(key)
            self.written[f"keys create {options[0]}, the rest"] = (rest + done.stderr).encode()
        with closing(SqliteRepository(self.db)) as repository:
            ring = KeyRing(repository)
            made = [
                ring.create("acme", label="Python"),
                ring.create("initech", lifetime=timedelta(days=1)),
                ring.create_support(label="Alan", stores=["globex"]),
            ]
            revoked, kept = ring.create("acme")
            ring.revoke(kept.id)
        self.keys += [*(key for key, _ in made), revoked]
        self.written["reprs of keys"] = repr([kept for _, kept in made]).encode()

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of `supportcases` on the file."""
        command = [sys.executable, "-m", "supportcases", *arguments, "--db", str(self.db)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)

    def say(self, name: str, *arguments: str) -> None:
        """Run a command, and keep what it says."""
        done = self.command(*arguments)
        self.written[f"supportcases {name}"] = (done.stdout + done.stderr).encode()

    def at_the_terminal(self) -> None:
        """Run every command, rightly and with a key where none belongs."""
        copy = self.folder / "copy.db"
        for arguments in (
            ["keys", "list"],
            ["cases"],
            ["show", "acme", "1"],
            ["stats"],
            ["check"],
            ["backup", str(copy)],
            ["export"],
            ["close-idle", "--answered-for", "1m"],
        ):
            self.say(" ".join(arguments[:2]), *arguments)
        key = self.keys[0]
        self.say("keys revoke KEY", "keys", "revoke", key)
        self.say("show acme KEY", "show", "acme", key)

    def ask_all(self, where: str, port: int, most: int | None = None) -> None:
        """Send everything with every key; keep the answers."""
        heard = bytearray()
        for key in self.keys[: self.senders]:
            for path in (CASES, f"{SUPPORT}/cases"):
                for request in list(requests_with(key, path))[:most]:
                    heard += self.ask(port, request)
                for wire in WIRES if most is None else ():
                    heard += said(port, wire.format(path=path, key=key, KEY=key.upper()).encode())
        self.written[f"answers when {where}"] = bytes(heard)

    def ask(self, port: int, request: Request) -> bytes:
        """Send a request; return the answer with its head."""
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            headers = {name: value.encode() for name, value in request.headers.items()}
            connection.request(request.method, request.target, request.body or None, headers)  # type: ignore[arg-type]
            answer = connection.getresponse()
            self.statuses[answer.status] += 1
            return f"{answer.status} {answer.reason} {answer.headers}".encode() + answer.read()
        except BROKEN as error:
            return f"{type(error).__name__}".encode()
        finally:
            connection.close()

    def in_this_process(self) -> None:
        """Serve hosts that break, limits that are reached, and a database that goes away."""

        def breaks(req: falcon.Request) -> Actor | None:
            reprs.append(f"{req!r} {req} {req.context!r}")
            raise RuntimeError("The host broke.")

        def fails(event: object) -> None:
            reprs.append(repr(event))
            raise RuntimeError("The listener broke.")

        reprs: list[str] = []
        apps: dict[str, Callable[[], Any]] = {
            "the host breaks": lambda: create_app(self.db, authenticate=breaks),
            "the host returns the key": lambda: create_app(self.db, authenticate=lambda req: req.auth),  # type: ignore[arg-type, return-value]
            "the listener breaks": lambda: create_app(self.db, on_event=fails),
            "limits are reached": lambda: create_app(self.db, rate_limit="20/minute", max_open_cases=1),
        }
        for name, made in apps.items():
            app = made()
            with served(app) as url:
                self.ask_all(name, int(url.rpartition(":")[2]), 60)
            self.written[f"reprs where {name}"] = (repr([app, app.keys, app.desk]) + "".join(reprs)).encode()
            app.desk.repository.close()
        self.without_its_folder()

    def without_its_folder(self) -> None:
        """Serve a database whose folder goes away."""
        folder = self.folder / "gone"
        folder.mkdir()
        app = create_app(folder / "cases.db")
        folder.rename(self.folder / "moved")
        with served(app) as url:
            self.ask_all("the database is gone", int(url.rpartition(":")[2]), 20)

    def in_python(self) -> None:
        """Misuse every key in Python, and keep the reprs and the exceptions."""
        told = StringIO()
        with closing(SqliteRepository(self.db)) as repository:
            ring, desk = KeyRing(repository), create_app(repository).desk
            ada = Actor.support("Ada")
            for key in self.keys:
                told.write(repr([ring, repository, desk, ring.recognise(key), ring.recognise(key[:-1]), ring.all()]))
                for misuse in (
                    lambda key=key: ring.revoke(key),
                    lambda key=key: desk.get(ada, key),
                    lambda key=key: desk.get(Actor.merchant("acme"), key),
                    lambda key=key: desk.queue(ada, cursor=key),
                    lambda key=key: desk.list(Actor.merchant("acme"), status=key),
                    lambda key=key: desk.change(ada, "acme:1", severity=key),
                    lambda key=key: ring.create("acme", lifetime=key),
                ):
                    try:
                        misuse()
                    except Exception:  # noqa: BLE001 - whichever it is, what it says is looked at
                        told.write(traceback.format_exc())
        self.written["Python's exceptions and reprs"] = told.getvalue().encode()


@contextmanager
def everything_logged(log: StringIO) -> Iterator[None]:
    """Log at DEBUG, whatever it is."""
    root, handler = logging.getLogger(), logging.StreamHandler(log)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def said(port: int, words: bytes) -> bytes:
    """Return what a server says to words that are hardly HTTP."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection, suppress(OSError):
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(65_536)
    return b""
