"""Files that clients of `supportcases serve` read, or do not read."""

import hashlib
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from supportcases import create_app
from supportcases.server import served
from supportcases.web.attachment_urls import AttachmentUrls
from tests.conftest import ACME, CASES
from tests.server.test_uploads import spooled
from tests.support.wire import Half, Wire

SIZE = 25_000_000
CONTENT = b"".join(hashlib.sha512(b"%d" % number).digest() for number in range(SIZE // 64 + 1))[:SIZE]


class Asked:
    """What a URL is made for."""

    scheme, netloc, mounted_at = "http", "desk", ""


@pytest.fixture
def app(path):
    app = create_app(path)
    yield app
    app.desk.repository.close()


@pytest.fixture
def file(app):
    """The path and query of a file of 25 MB."""
    file_id = app.desk.attach(ACME, name="log.txt", content_type="text/plain", content=CONTENT)
    urls: AttachmentUrls = app.attachment_urls
    url = urlsplit(urls.download(Asked, ACME.kind, file_id, SIZE))
    return f"{url.path}?{url.query}"


def resident() -> float:
    """Return how many megabytes of memory this process holds."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


@pytest.mark.parametrize("pause", [0.0, 0.002])
def test_a_file_comes_whole_however_it_is_read_and_the_connection_goes_on(app, file, pause):
    with served(app) as url, Wire(url) as wire:
        for _ in range(2):
            wire.send("GET", file)
            assert wire.receive(pause=pause).body == CONTENT
        assert wire.ask("GET", "/healthz").status == 200
        wire.send("GET", file, Range="bytes=-5")
        assert wire.receive().body == CONTENT[-5:]


def test_what_was_asked_together_is_answered_in_its_order(app, file):
    with served(app) as url, Wire(url) as wire:
        for path in (file, "/healthz", file):
            wire.send("GET", path)
        wire.send("GET", file, Connection="close")
        whole = b"".join(iter(lambda: wire.socket.recv(1 << 20), b""))
    parts = whole.split(CONTENT)
    assert len(parts) == 4
    assert [part.count(b"HTTP/1.1 200 OK") for part in parts] == [1, 2, 1, 0]


def test_clients_that_read_nothing_silence_nobody_and_cost_little(app, file):
    key = app.keys.create("acme")[0]
    with served(app, threads=4) as url, ExitStack() as idle:
        before = resident()
        for _ in range(40):
            idle.enter_context(Wire(url, receive_buffer=4_096)).send("GET", file)
        with Wire(url) as wire:
            wire.key = key
            for _ in range(5):
                begun = time.monotonic()
                assert wire.ask("GET", CASES).status == 200
                assert time.monotonic() - begun < 2
        assert spooled() < 40 * 600_000
        assert resident() - before < 30


def test_who_leaves_in_the_middle_leaves_nothing(app, file):
    with served(app) as url:
        for _ in range(5):
            with Wire(url, receive_buffer=4_096) as wire:
                wire.send("GET", file)
                wire.socket.recv(1_000)
        with Wire(url) as wire:
            wire.send("GET", file)
            assert wire.receive().body == CONTENT
        deadline = time.monotonic() + 20
        while spooled() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert spooled() == 0


def test_a_file_whose_bytes_are_lost_in_the_middle_ends_the_connection(app, file, monkeypatch):
    pieces = app.desk.content_of
    monkeypatch.setattr(type(app.desk), "content_of", lambda desk, upload, *_: pieces(upload, 0, SIZE // 2))
    with served(app) as url, Wire(url) as wire:
        wire.send("GET", file)
        with pytest.raises(Half):
            wire.receive()


def test_what_fails_in_the_middle_ends_the_connection_and_is_told_in_the_log(app, file, monkeypatch, caplog):
    pieces = app.desk.content_of

    def failing(desk, upload, *wanted):
        for number, piece in enumerate(pieces(upload, *wanted)):
            if number == 40:
                raise RuntimeError("the disk is gone")
            yield piece

    monkeypatch.setattr(type(app.desk), "content_of", failing)
    with served(app) as url, Wire(url, receive_buffer=4_096) as wire:
        wire.send("GET", file)
        with pytest.raises(Half):
            wire.receive(pause=0.0001)
    assert "an answer is cut short" in caplog.text


def test_the_memory_does_not_rise_with_a_file(app, file):
    with served(app) as url, Wire(url) as wire:
        wire.send("GET", file, Range="bytes=0-3000000")
        wire.receive()
        before = resident()
        wire.send("GET", file)
        received = 0
        while received < SIZE:
            received += len(wire.socket.recv(65_536))
        assert resident() - before < 5
