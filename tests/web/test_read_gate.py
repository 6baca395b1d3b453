"""ReadGate: threads go one after the other, and nobody waits for long."""

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from falcon.testing import TestClient

from supportcases import create_app
from supportcases.server import served
from supportcases.storage.sqlite.connections import attempts
from supportcases.web import read_gate
from supportcases.web.read_gate import ReadGate
from tests.conftest import ACME, CASES

LONG, SHORT = 1.0, 0.05  # seconds: how long a turn may be, and how long those are that some tests take


class Counted:
    """Counts how many are inside at once."""

    def __init__(self):
        self.inside, self.most, self._lock = 0, 0, threading.Lock()

    def __enter__(self):
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *_):
        with self._lock:
            self.inside -= 1


def slow_app(counted, begun, done):
    """Return an app that says hello after a moment, and at /slow only once it is done."""

    def app(environ, start_response):
        with counted:
            if environ["PATH_INFO"] == "/slow":
                begun.set()
                assert done.wait(10)
            else:
                time.sleep(SHORT)
        start_response("200 OK", [("Content-Length", "5")])
        return [b"hello"]

    return app


@pytest.fixture
def longer(monkeypatch):
    monkeypatch.setattr(read_gate, "LONGEST", LONG)


def test_threads_go_one_after_the_other_however_many_wait(longer):
    some, counted = ReadGate(), Counted()

    def work(_):
        turn = some.take()
        with counted:
            time.sleep(SHORT)
        turn.release()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert counted.most == 1


def test_nobody_waits_for_longer_than_a_turn_may_be_however_many_do(longer):
    some, waits = ReadGate(), []

    def work(_):
        begun = time.monotonic()
        turn = some.take()
        waits.append(time.monotonic() - begun)
        time.sleep(8 * SHORT)
        turn.release()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert max(waits) < 1.5 * LONG  # and not seven times what each takes


def test_nobody_waits_for_a_turn_that_is_too_long_already(longer):
    some = ReadGate()
    slow = some.take()
    time.sleep(LONG)
    begun = time.monotonic()
    some.take().release()
    assert time.monotonic() - begun < LONG
    slow.release()


def test_a_turn_that_is_too_long_passes_on_and_is_given_back_harmlessly(longer):
    some = ReadGate()
    slow = some.take()
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as elsewhere:
        second = elsewhere.submit(some.take).result(timeout=10)
        assert time.monotonic() - begun >= LONG
        assert second is not slow
        slow.release()
        third = elsewhere.submit(some.take)
        time.sleep(SHORT)
        assert not third.done()  # it is the second one's turn, whatever the first one does
        second.release()
        assert third.result(timeout=10) is second
        assert time.monotonic() - begun < 2 * LONG


def test_a_turn_that_a_fork_copies_is_not_waited_for(longer):
    some = ReadGate()
    turn = some.take()
    child = os.fork()
    if child == 0:
        begun = time.monotonic()
        try:
            some.take()
        finally:
            os._exit(time.monotonic() - begun >= LONG)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    turn.release()


@pytest.mark.parametrize(("method", "most"), [("GET", 1), ("HEAD", 1), ("PATCH", 4)])
def test_requests_that_read_take_turns_and_those_that_write_do_not(longer, method, most):
    counted, together = Counted(), threading.Barrier(4)

    def authenticate(req):
        with counted:
            time.sleep(SHORT)

    client = TestClient(create_app(":memory:", authenticate=authenticate))

    def ask(_):
        together.wait()
        return client.simulate_request(method, f"{CASES}/1").status_code

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(4))) == [401] * 4
    assert counted.most == most


def test_a_slow_request_that_reads_holds_up_nobody():
    begun, done = threading.Event(), threading.Event()

    def authenticate(req):
        if req.get_header("X-Slow"):
            begun.set()
            assert done.wait(10)
        return ACME

    client = TestClient(create_app(":memory:", authenticate=authenticate))
    with ThreadPoolExecutor(1) as elsewhere:
        slow = elsewhere.submit(client.simulate_get, CASES, headers={"X-Slow": "yes"})
        assert begun.wait(10)
        assert client.simulate_get(CASES).status_code == 200
        assert not slow.done()
        done.set()
        assert slow.result(timeout=10).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_that_fails_gives_its_turn_back(method):
    def authenticate(req):
        assert app._turns._current.locked()
        return 1 / 0

    app = create_app(":memory:", authenticate=authenticate)
    assert TestClient(app).simulate_request(method, CASES).status_code == 500
    assert not app._turns._current.locked()


def test_a_server_answers_one_request_after_the_other(longer):
    counted = Counted()
    app = slow_app(counted, threading.Event(), threading.Event())
    with served(app, threads=4) as url, ThreadPoolExecutor(4) as clients:
        assert list(clients.map(lambda _: urlopen(url).read(), range(4))) == [b"hello"] * 4
    assert counted.most == 1


def test_a_server_answers_others_beside_a_slow_request():
    counted, begun, done = Counted(), threading.Event(), threading.Event()
    with served(slow_app(counted, begun, done), threads=4) as url, ThreadPoolExecutor(1) as elsewhere:
        slow = elsewhere.submit(lambda: urlopen(f"{url}/slow").read())
        assert begun.wait(10)
        assert urlopen(url).read() == b"hello"
        assert not slow.done()
        done.set()
        assert slow.result(timeout=10) == b"hello"
    assert counted.most == 2


@pytest.fixture
def stopped_clock(monkeypatch):
    """A clock that stands still, as freezegun's does."""
    monkeypatch.setattr(time, "monotonic", lambda: 1_700_000_000.0)


def test_nobody_waits_for_ever_where_a_test_has_stopped_the_clock(stopped_clock):
    some = ReadGate()
    slow = some.take()
    own = some.take()
    assert own is not slow
    for turn in (own, slow):
        turn.release()


def test_nobody_waits_for_ever_where_a_clock_has_been_stopped_and_goes_on(monkeypatch):
    some = ReadGate()
    with monkeypatch.context() as stopped:
        stopped.setattr(time, "monotonic", lambda: 1_700_000_000.0)
        slow = some.take()
        times = iter([1_700_000_000.0])
        stopped.setattr(time, "monotonic", lambda: next(times, 5.0))
        some.take().release()
    slow.release()


@pytest.mark.parametrize("stopped", [False, True])
def test_an_authenticate_that_asks_the_app_itself_gets_its_answer(stopped, monkeypatch):
    if stopped:
        monkeypatch.setattr(time, "monotonic", lambda: 1_700_000_000.0)

    def authenticate(req):
        assert TestClient(app).simulate_get("/healthz").status_code == 200
        return ACME

    app = create_app(":memory:", authenticate=authenticate)
    assert TestClient(app).simulate_get(CASES).json["meta"]["count"] == 0


def test_attempts_end_where_a_test_has_stopped_the_clock(stopped_clock):
    assert list(attempts(0.05)) == [False] * 4 + [True]


def test_a_server_stops_beside_a_client_that_stays_where_a_test_has_stopped_the_clock(stopped_clock):
    with served(create_app(":memory:")) as url:
        client = socket.create_connection(urlsplit(url).netloc.split(":"))
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
    client.close()
