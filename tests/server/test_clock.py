"""Clients are timed by a clock that stands still while the server does, and that nobody can set."""

import hashlib
import socket
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from supportcases import create_app, server
from supportcases.server import LIMITS, served
from tests.conftest import ACME
from tests.server.test_downloads import Asked
from tests.support.wire import Wire

SIZE = 5_000_000
CONTENT = hashlib.sha512(b"a file").digest() * (SIZE // 64)
PATIENCE = 4  # seconds that a client has
STANDSTILL = 6.0


@contextmanager
def standing_still(monkeypatch):
    """Let the server stand still once, as when its machine is suspended, while the block is under way."""
    stand, stood, turn = threading.Event(), threading.Event(), server._turn

    def turn_or_stand(*how, **more):
        if stand.is_set() and not stood.is_set():
            time.sleep(STANDSTILL)
            stood.set()
        turn(*how, **more)

    monkeypatch.setattr(server, "_turn", turn_or_stand)
    yield lambda: (stand.set(), stood.wait(20))


@contextmanager
def clock_set(monkeypatch):
    """Let somebody set the time of day."""
    before = time.time
    yield lambda: (monkeypatch.setattr(time, "time", lambda: before() + 100), time.sleep(2.5))


@pytest.fixture(params=[standing_still, clock_set])
def happens(request, monkeypatch):
    """What happens to the server amid a file."""
    monkeypatch.setitem(LIMITS, "channel_timeout", PATIENCE)
    monkeypatch.setitem(LIMITS, "cleanup_interval", 1)
    with request.param(monkeypatch) as happens:
        yield happens


@pytest.fixture
def app(path):
    app = create_app(path)
    yield app
    app.desk.repository.close()


def local(url):
    where = urlsplit(url)
    return f"{where.path}?{where.query}"


def test_a_file_that_is_read_comes_whole(app, happens):
    file_id = app.desk.attach(ACME, name="log.txt", content_type="text/plain", content=CONTENT)
    file = local(app.attachment_urls.download(Asked, ACME.kind, file_id, len(CONTENT)))
    with served(app, files=app.attachment_urls) as url, Wire(url, receive_buffer=65_536) as wire:
        wire.send("GET", file)
        assert wire.socket.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
        happens()
        assert wire.receive().body == CONTENT


def test_a_file_that_is_sent_is_taken(app, happens):
    key = app.keys.create("acme")[0]
    with served(app, files=app.attachment_urls) as url, Wire(url) as wire:
        wire.key = key
        announced = b'{"name": "log.txt", "contentType": "text/plain", "size": %d}' % len(CONTENT)
        answer = wire.ask("POST", "/api/v1/support-cases/attachments", announced)
        wire.send("PUT", local(answer.json["uploadUrl"]), Content_Length=str(len(CONTENT)))
        wire.socket.sendall(CONTENT[:1_000_000])
        happens()
        wire.socket.sendall(CONTENT[1_000_000:])
        assert wire.receive().status == 200
