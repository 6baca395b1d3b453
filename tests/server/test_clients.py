"""`supportcases serve` and clients that do not read, send too much, or are too many."""

import json
import re
import resource
import socket
import sys
import threading
import time
from contextlib import ExitStack

import pytest

from supportcases import create_app
from supportcases.server import LIMITS, channel, connections_for, served
from tests.conftest import CASES, serving
from tests.support.wire import Half, Wire

MIB = 1_048_576
DOCUMENT = b"GET /openapi.json HTTP/1.1\r\nHost: desk\r\n\r\n"
TOO_LARGE = {"error": "The body must not be larger than 1,048,576 bytes.", "code": "payload_too_large"}


# --- who does not read


@pytest.fixture
def impatient(monkeypatch):
    """A second in place of half a minute."""
    monkeypatch.setitem(LIMITS, "channel_timeout", 1)
    monkeypatch.setitem(LIMITS, "cleanup_interval", 1)


@pytest.fixture
def small_buffer(monkeypatch):
    """A system that holds next to nothing of an answer itself."""
    monkeypatch.setattr(
        "waitress.adjustments.Adjustments.socket_options", [(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)]
    )


class Counted:
    """An application that counts the requests which are begun."""

    def __init__(self, app):
        self.app, self.begun = app, 0

    def __call__(self, environ, start_response):
        self.begun += 1
        return self.app(environ, start_response)


def is_cut(wire) -> bool:
    """Wait, without reading, until the other side has closed: what is sent then is answered with a reset."""
    deadline = time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            wire.socket.send(b"x")
            time.sleep(0.1)
    except OSError:
        return True
    return False


@pytest.mark.parametrize("words", [DOCUMENT, DOCUMENT * 150, DOCUMENT.replace(b"desk", b"desk\r\nConnection: close")])
def test_a_client_that_does_not_read_is_cut(impatient, small_buffer, words):
    with served(create_app(":memory:")) as url, Wire(url, receive_buffer=1_024) as wire:
        wire.socket.sendall(words)
        assert is_cut(wire)


def test_no_further_request_is_begun_while_more_than_a_mebibyte_of_answers_is_unsent(impatient):
    app = Counted(create_app(":memory:"))
    with served(app) as url, Wire(url, receive_buffer=1_024) as wire:
        wire.socket.sendall(DOCUMENT * 150)
        assert is_cut(wire)
        with Wire(url) as other:
            size = len(other.ask("GET", "/openapi.json").body)
    assert (app.begun - 1) * size <= MIB  # what the system has taken from us included


def test_all_of_many_requests_that_came_together_are_answered_in_their_order():
    with served(create_app(":memory:")) as url, Wire(url, receive_buffer=65_536) as wire:
        for number in range(60):
            wire.send("GET", "/openapi.json" if number % 3 else "/nowhere", X_Request_Id=str(number))
        wire.send("GET", "/nowhere", Connection="close", X_Request_Id="60")
        answers = b"".join(iter(lambda: wire.socket.recv(65_536), b""))
    assert re.findall(rb"(?i)\r\nx-request-id: (\d+)\r\n", answers) == [b"%d" % number for number in range(61)]


def test_a_client_that_reads_a_drop_at_a_time_is_cut_too(impatient, small_buffer, monkeypatch):
    monkeypatch.setattr(channel, "SLOWEST", 1_000_000_000)
    with served(create_app(":memory:")) as url, Wire(url, receive_buffer=1_024) as wire:
        wire.send("GET", "/openapi.json")
        with pytest.raises(Half):
            wire.receive(pause=0.2, at_a_time=500)


def test_who_comes_just_as_another_is_cut_is_answered(impatient, monkeypatch):
    """The system gives the new connection the number of the one that was closed."""
    cut, came = channel.Channel.handle_close, threading.Event()
    with served(create_app(":memory:")) as url, Wire(url) as quiet, Wire(url, connect=False) as newcomer:

        def cut_and_see_another_come(self):
            cut(self)
            if not came.is_set():
                newcomer.connect()
                newcomer.send("GET", "/healthz")
                came.set()

        monkeypatch.setattr(channel.Channel, "handle_close", cut_and_see_another_come)
        assert quiet.is_closed()
        assert came.wait(20)
        assert newcomer.receive().status == 200


# --- who sends too much


@pytest.fixture
def wire():
    app = create_app(":memory:")
    with served(app) as url, Wire(url) as wire:
        wire.key = app.keys.create("acme")[0]
        yield wire


def is_refused(answer) -> bool:
    told = (answer.status, answer.headers["content-type"], answer.headers["connection"], answer.json)
    return told == (413, "application/json", "close", {**TOO_LARGE, "requestId": answer.headers["x-request-id"]})


@pytest.mark.parametrize("length", [2 * MIB, 3 * MIB, 10**9, 5 * 10**9, 10**30])
@pytest.mark.parametrize("expect", [{}, {"Expect": "100-continue"}], ids=["", "expects 100"])
def test_a_body_of_any_declared_length_is_413_in_our_json_before_it_comes(wire, length, expect):
    wire.send("POST", CASES, Content_Type="application/json", Content_Length=str(length), X_Request_Id="mine", **expect)
    answer = wire.receive()
    assert is_refused(answer)
    assert answer.headers["x-request-id"] == "mine"
    assert wire.is_closed()


@pytest.mark.parametrize("size", [2 * MIB, 3 * MIB, 12 * MIB])
def test_who_sends_all_of_a_large_body_first_can_read_the_answer(wire, size):
    assert is_refused(wire.ask("POST", CASES, b"x" * size))
    assert wire.is_closed()


@pytest.mark.parametrize("size", [2 * MIB, 12 * MIB])
def test_who_sends_all_of_a_large_body_in_chunks_can_read_the_answer(wire, size):
    wire.send("POST", CASES, Content_Type="application/json", Transfer_Encoding="chunked")
    wire.socket.sendall(b"10000\r\n%b\r\n" % (b"x" * 65_536) * (size // 65_536) + b"0\r\n\r\n")
    assert is_refused(wire.receive())
    assert wire.is_closed()


def test_a_chunk_whose_length_does_not_end_is_413_in_our_json(wire):
    wire.send("POST", CASES, Content_Type="application/json", Transfer_Encoding="chunked")
    wire.socket.sendall(b"1" * 2 * MIB)
    assert is_refused(wire.receive())


@pytest.mark.parametrize("begin", [b"", b"1;", b"0\r\nTrailer: "], ids=["length", "extension", "trailer"])
def test_no_line_about_chunks_is_longer_than_a_head_may_be(wire, begin):
    wire.send("POST", CASES, Content_Type="application/json", Transfer_Encoding="chunked")
    wire.socket.sendall(begin + b"1" * 20_000)
    assert is_refused(wire.receive())
    assert wire.is_closed()


def test_what_follows_a_body_that_is_too_large_is_no_request(wire):
    wire.send("POST", CASES, Content_Type="application/json", Content_Length="5000000")
    wire.send("POST", CASES, json.dumps({"body": "The checkout is blank since this morning."}).encode())
    assert is_refused(wire.receive())
    assert wire.is_closed()


def test_who_goes_on_sending_for_ever_is_cut(wire):
    wire.send("POST", CASES, Content_Type="application/json", Content_Length="5000000000")
    with pytest.raises(ConnectionError):
        wire.socket.sendall(b"x" * 100 * MIB)


# --- who are too many


@pytest.fixture
def few_descriptors(tmp_path, monkeypatch):
    """Have the server started with `ulimit -n 256`."""
    shell = tmp_path / "few"
    shell.write_text(f'#!/bin/sh\nulimit -n 256\nexec {sys.executable} "$@"\n')
    shell.chmod(0o755)
    monkeypatch.setattr("tests.conftest.sys.executable", str(shell))


def test_three_hundred_connections_with_256_descriptors_are_one_line_in_the_log(tmp_path, few_descriptors):
    with serving(tmp_path / "cases.db") as server, Wire(server.url) as early:
        with ExitStack() as idle:
            for _ in range(300):
                idle.enter_context(Wire(server.url))
            time.sleep(1.0)
            assert early.ask("GET", "/healthz").status == 200
        with Wire(server.url) as late:
            assert late.ask("GET", "/healthz").status == 200
        log = (tmp_path / "server.log").read_text()
    (line,) = [line for line in log.splitlines() if " WARNING " in line]
    assert line.endswith(" waitress WARNING no connection can be accepted for now: all 80 are taken")
    assert "ERROR" not in log


def test_a_listener_without_a_descriptor_left_rests_and_says_so_once(tmp_path):
    with serving(tmp_path / "cases.db") as server, Wire(server.url) as early:
        assert early.ask("GET", "/healthz").status == 200
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        with Wire(server.url) as late:
            time.sleep(2.5)
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
            assert late.ask("GET", "/healthz").status == 200
        log = (tmp_path / "server.log").read_text()
    assert log.count("no connection can be accepted for now: Too many open files\n") == 1
    assert "Traceback" not in log


@pytest.mark.parametrize(("limit", "room"), [(10_000, 500), (1_096, 500), (1_024, 464), (256, 80), (64, 8)])
def test_how_many_connections_there_are_follows_the_limit_of_descriptors(monkeypatch, limit, room):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert connections_for(threads=4) == room
