"""The stop of `supportcases serve`: a signal cuts no answer short and loses nothing that was acknowledged."""

import json
import signal
import sqlite3
import time
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from supportcases import Actor, SqliteRepository, SupportDesk, create_app
from supportcases.processes import stop_signals
from supportcases.server import served
from tests.conftest import CASES, serving
from tests.support.wire import Closed, Half, Wire

GRACE = 5.0  # seconds that begun requests have to finish, as docs/operating.md promises
BODY = json.dumps({"body": "The checkout is blank since this morning."}).encode()


@contextmanager
def write_lock(db):
    """Hold the file's write lock, so that every POST has to wait; the yielded function lets it go."""
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield lambda: connection.execute("ROLLBACK")


def begin_post(server, wire) -> None:
    """Send a POST and wait until a worker has it: the server reads in the order in which it is asked."""
    wire.send("POST", CASES, BODY)
    time.sleep(0.1)
    with Wire(server.url) as other:
        assert other.ask("GET", "/healthz").status == 200
    time.sleep(0.1)


def assert_that_nothing_is_logged(server) -> None:
    (line,) = (server.db.parent / "server.log").read_text().splitlines()
    assert line.endswith(f" supportcases.serve INFO serving the new file {server.db}")


def numbers_in(db, store: str = "acme") -> list[int]:
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT number FROM supportcases_cases WHERE store = ? ORDER BY number", (store,))
        return [number for (number,) in rows.fetchall()]


each_signal = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])


@each_signal
def test_a_signal_ends_an_idle_server_at_once_with_0(number, server):
    started = time.monotonic()

    server.process.send_signal(number)

    assert server.process.wait(timeout=10) == 0
    assert time.monotonic() - started < 3
    assert_that_nothing_is_logged(server)


@each_signal
def test_a_begun_request_is_answered_and_kept_while_new_connections_are_refused(number, server, wire):
    with Wire(server.url) as idle, Wire(server.url) as silent, Wire(server.url) as half_sent:
        assert idle.ask("GET", "/healthz").status == 200
        half_sent.socket.sendall(f"POST {CASES} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{".encode())
        with write_lock(server.db) as let_go:
            begin_post(server, wire)
            server.process.send_signal(number)
            assert idle.is_closed()
            assert silent.is_closed()
            assert half_sent.is_closed()
            with pytest.raises(ConnectionRefusedError):
                Wire(server.url).socket.close()
            time.sleep(1.0)
            assert server.process.poll() is None
            let_go()
        answer = wire.receive()

    assert (answer.status, answer.json["number"]) == (201, 1)
    assert wire.is_closed()
    assert server.process.wait(timeout=5) == 0
    assert numbers_in(server.db) == [1]


def test_requests_that_wait_for_a_worker_are_answered_too(tmp_path):
    with serving(tmp_path / "cases.db", "--threads", "1") as server:
        key = server.key()
        wires = [Wire(server.url) for _ in range(3)]
        try:
            with write_lock(server.db) as let_go:
                for wire in wires:
                    wire.key = key
                    wire.send("POST", CASES, BODY)
                time.sleep(0.5)
                server.process.send_signal(signal.SIGTERM)
                time.sleep(0.5)
                let_go()
            assert sorted(wire.receive().json["number"] for wire in wires) == [1, 2, 3]
        finally:
            for wire in wires:
                wire.socket.close()
        assert server.process.wait(timeout=5) == 0
    assert numbers_in(server.db) == [1, 2, 3]


@each_signal
def test_signals_that_go_on_coming_do_not_kill_it_on_its_way_out(number, server):
    while server.process.poll() is None:
        server.process.send_signal(number)
        time.sleep(0.001)

    assert server.process.returncode == 0
    assert_that_nothing_is_logged(server)


def test_no_signal_comes_in_while_the_handlers_change_or_python_would_complain_that_it_is_lost(monkeypatch):
    held_back, change = [], signal.signal

    def watched(number, handler):
        if handler is signal.SIG_IGN:
            held_back.append(signal.pthread_sigmask(signal.SIG_BLOCK, []) >= {signal.SIGTERM, signal.SIGINT})
        return change(number, handler)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(signal, "signal", watched)
    try:
        with stop_signals() as stopping:
            stopping.append(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            change(number, handler)
    assert held_back == [True, True]
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_sigint_that_was_ignored_at_the_start_stays_ignored_and_sigterm_stops_it_all_the_same(tmp_path):
    shell = ["sh", "-c", 'trap "" INT TERM; exec "$@"', "sh"]
    with serving(tmp_path / "cases.db", through=shell) as server:
        server.process.send_signal(signal.SIGINT)
        with Wire(server.url) as wire:
            assert wire.ask("GET", "/healthz").status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=10) == 0


def test_a_second_signal_does_not_cut_the_answer_short(server, wire):
    with write_lock(server.db) as let_go:
        begin_post(server, wire)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            server.process.send_signal(number)
            time.sleep(0.1)
        let_go()

    assert wire.receive().status == 201
    assert server.process.wait(timeout=5) == 0


@pytest.mark.parametrize("server", [("--time-budget", "none")], indirect=True)
def test_a_worker_that_never_finishes_and_a_reader_that_never_reads_are_waited_for_as_long_as_the_grace(
    server, key, wire, long_thread
):
    with write_lock(server.db), Wire(server.url, receive_buffer=65_536) as reader:
        reader.key = key
        reader.send("GET", f"{CASES}/1")
        begin_post(server, wire)
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=15) == 0
        assert GRACE - 0.5 < time.monotonic() - started < GRACE + 3
        with pytest.raises(Closed):
            wire.receive()
        with pytest.raises(Half):
            reader.receive()
    assert numbers_in(server.db) == [1]


def test_the_next_server_gets_the_same_port_at_once(server, tmp_path):
    with Wire(server.url) as wire:
        assert wire.ask("GET", "/healthz").status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=10) == 0
        with serving(tmp_path / "cases.db", "--port", str(urlsplit(server.url).port)) as second:
            assert second.url == server.url
            with Wire(second.url) as again:
                assert again.ask("GET", "/healthz").status == 200


@pytest.fixture
def long_thread(server):
    """A case whose thread is an answer of 12 MB; the bodies, in their order."""
    bodies = [f"{number:04}{'🧵' * 9_996}" for number in range(300)]
    with closing(SqliteRepository(server.db)) as repository:
        desk, merchant = SupportDesk(repository, max_thread_characters=10**7), Actor.merchant("acme")
        case = desk.open(merchant, body=bodies[0])
        with repository.write():
            for body in bodies[1:]:
                desk.reply(merchant, case.id, body=body)
    return bodies


@pytest.mark.parametrize("has_asked_again", [False, True])
def test_a_slow_reader_gets_the_whole_of_a_long_answer(server, key, long_thread, has_asked_again):
    with Wire(server.url, receive_buffer=65_536) as reader:
        reader.key = key
        reader.send("GET", f"{CASES}/1")
        time.sleep(0.5)
        if has_asked_again:
            reader.send("GET", "/healthz")
            time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        answer = reader.receive(pause=0.02, at_a_time=100_000)

    assert len(answer.body) > 12_000_000
    assert [message["body"] for message in answer.json["messages"]] == long_thread
    assert server.process.wait(timeout=10) == 0


def test_a_server_stops_beside_a_client_that_stays_where_a_test_has_stopped_the_clock(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 1_700_000_000.0)
    with served(create_app(":memory:")) as url:
        wire = Wire(url)
        assert wire.ask("GET", "/healthz").status == 200
    wire.socket.close()
