"""`supportcases serve` over sockets: what it prints, what it logs, and a stop that cuts no answer short."""

import itertools
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from types import SimpleNamespace
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from supportcases import Actor, KeyRing, SqliteRepository, SupportDesk, create_app
from supportcases.server import LIMITS, served, stop_signals
from tests.conftest import CASES, ROOT, RawAnswer, serving

MIB = 1_048_576
GRACE = 5.0  # seconds that begun requests have to finish, as the README promises
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} supportcases\.access INFO "
    r"(?P<method>[A-Z-]+) (?P<route>\S+) (?P<status>\d{3}) \d+\.\d+ms (?P<id>[A-Za-z0-9._-]{1,128}) (?P<store>\S+)"
)
BODY = json.dumps({"body": "The checkout is blank since this morning."}).encode()


class Half(Exception):
    """The connection ended in the middle of an answer."""


class Closed(Exception):
    """The connection ended before the first byte of an answer."""


class Wire:
    """A connection of the test's own, which tells a whole answer from half of one, and both from none."""

    def __init__(self, url: str, *, timeout: float = 20.0, receive_buffer: int = 0) -> None:
        where = urlsplit(url)
        self.socket = socket.socket(socket.AF_INET6 if ":" in where.hostname else socket.AF_INET)
        try:
            self.socket.settimeout(timeout)
            if receive_buffer:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.socket.connect((where.hostname, where.port))
        except OSError:
            self.socket.close()
            raise
        self.key = ""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        sent = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if body:
            sent = {"Content-Type": "application/json", "Content-Length": str(len(body)), **sent}
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        try:
            self.socket.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        except ConnectionError as error:
            raise Closed from error

    def receive(self, *, pause: float = 0.0, at_a_time: int = 65_536) -> RawAnswer:
        """Return the next answer, read `at_a_time` bytes with a pause after each."""
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more(at_a_time, received)
        first, *lines = received[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        whole = end + 4 + int(headers["content-length"])
        while len(received) < whole:
            time.sleep(pause)
            received += self._more(min(at_a_time, whole - len(received)), received)
        return RawAnswer(int(first.split()[1]), headers, bytes(received[end + 4 :]))

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> RawAnswer:
        self.send(method, path, body, **headers)
        return self.receive()

    def is_closed(self) -> bool:
        """Wait for the other side to close; nothing may come before."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def _more(self, most: int, received: bytearray) -> bytes:
        try:
            chunk = self.socket.recv(most)
        except ConnectionError:
            chunk = b""
        if not chunk:
            raise Half(f"only {len(received)} bytes came") if received else Closed
        return chunk


@pytest.fixture
def key(server):
    with closing(SqliteRepository(server.db)) as repository:
        return KeyRing(repository).create("acme")[0]


@pytest.fixture
def wire(server, key):
    with Wire(server.url) as wire:
        wire.key = key
        yield wire


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


def log_of(server) -> list[str]:
    """Return the lines of the log behind the first, which names the file."""
    first, *more = (server.db.parent / "server.log").read_text().splitlines()
    assert first.split(" ", 2)[2] == f"supportcases.serve INFO serving the new file {server.db}"
    return more


def logged(server, count: int) -> list[dict[str, str]]:
    """Return the fields of the access log's lines once there are `count` of them; there may be no other line."""
    deadline = time.monotonic() + 5
    while len(log_of(server)) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    matches = [LINE.fullmatch(line) for line in log_of(server)]
    assert all(matches), log_of(server)
    assert len(matches) == count, log_of(server)
    return [match.groupdict() for match in matches]


def numbers_in(db, store: str = "acme") -> list[int]:
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT number FROM supportcases_cases WHERE store = ? ORDER BY number", (store,))
        return [number for (number,) in rows.fetchall()]


# --- what it prints and what it logs


def test_exactly_one_line_is_printed_and_names_the_address(server):
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", server.url)
    with Wire(server.url) as wire:
        answer = wire.ask("GET", "/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok", "database": "ok"})

    server.process.send_signal(signal.SIGTERM)

    assert server.process.wait(timeout=10) == 0
    assert server.process.stdout.read() == ""


def test_it_listens_on_ipv6(tmp_path):
    with serving(tmp_path / "cases.db", "--host", "::1") as server, Wire(server.url) as wire:
        assert re.fullmatch(r"http://\[::1\]:[1-9]\d*", server.url)
        assert wire.ask("GET", "/healthz").status == 200


def test_no_answer_names_the_server_software(server):
    with Wire(server.url) as wire:
        assert "server" not in wire.ask("GET", "/healthz").headers


def test_the_log_has_one_line_a_request_with_method_route_status_id_and_store(server, key, wire):
    wire.ask("GET", "/healthz", X_Request_Id="one")
    wire.ask("POST", CASES, BODY, X_Request_Id="two")
    wire.ask("GET", f"{CASES}/1?token=hidden", X_Request_Id="three")
    wire.ask("GET", f"{CASES}?query=confidential", X_Request_Id="four")
    wire.ask("POST", f"{CASES}/1/messages", b"{}", X_Request_Id="five")
    wire.ask("DELETE", f"{CASES}/1", X_Request_Id="six")
    wire.ask("GET", "/nowhere", X_Request_Id="seven")
    wire.key = "sck_" + "0" * 48
    wire.ask("GET", CASES, X_Request_Id="eight")

    assert [tuple(line.values()) for line in logged(server, 8)] == [
        ("GET", "/healthz", "200", "one", "-"),
        ("POST", CASES, "201", "two", "acme"),
        ("GET", f"{CASES}/{{id_or_number}}", "200", "three", "acme"),
        ("GET", CASES, "200", "four", "acme"),
        ("POST", f"{CASES}/{{id_or_number}}/messages", "400", "five", "acme"),
        ("DELETE", f"{CASES}/{{id_or_number}}", "405", "six", "acme"),
        ("GET", "-", "404", "seven", "-"),
        ("GET", "-", "401", "eight", "-"),  # nobody comes as far as a route without a key
    ]
    text = "\n".join(log_of(server))
    assert not any(secret in text for secret in ("hidden", "confidential", "checkout", key, wire.key))


def test_nothing_in_a_path_can_forge_a_line_of_the_log(server, wire):
    paths = [
        f"{CASES}/1%0a2024-01-01%20forged",
        f"{CASES}/%0d%0aforged",
        "/%0aforged",
        f"{CASES}?query=%0aforged",
        "/%1b[31m",
        "/%e2%80%a8forged",
    ]
    for path in paths:
        wire.ask("GET", path)

    logged(server, len(paths))
    text = (server.db.parent / "server.log").read_text()
    assert "forged" not in text
    assert "\x1b" not in text


def test_a_client_that_hangs_up_brings_no_path_into_the_log(tmp_path):
    # waitress tells of it at INFO with the decoded path, newlines and all; when it does is a race between its threads,
    # so its sentence is spoken here instead
    program = """
import logging
from supportcases import cli, server

def serve(app, listener, **settings):
    logging.getLogger("waitress").info("Client disconnected while serving %s" % "/a\\n2024-01-01 forged")

server.serve = serve
raise SystemExit(cli.main(["serve", "--port", "0"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )

    assert "forged" not in done.stderr


def test_a_request_id_with_other_characters_is_replaced_in_answer_and_log(server, wire):
    sent = ["two words", "tab\there", "semi;colon", "%0aforged", "caf\u00e9", "x" * 129, '"', ""]

    answers = [wire.ask("GET", f"{CASES}/1", X_Request_Id=request_id) for request_id in sent]

    ids = [line["id"] for line in logged(server, len(sent))]
    assert all(re.fullmatch(r"[0-9a-f]{32}", request_id) for request_id in ids)
    assert len(set(ids)) == len(ids)
    assert [answer.headers["x-request-id"] for answer in answers] == ids
    assert [answer.json["requestId"] for answer in answers] == ids


def test_a_request_id_of_the_caller_is_kept_in_answer_and_log(server, wire):
    sent = "Az09._-" + "x" * 121

    answer = wire.ask("GET", f"{CASES}/1", X_Request_Id=sent)

    assert answer.headers["x-request-id"] == answer.json["requestId"] == logged(server, 1)[0]["id"] == sent


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_above_a_mebibyte_is_413_in_our_json(chunked, wire):
    for size in (MIB + 1, 2 * MIB - 1_000):
        body = b'{"body": "' + b"x" * (size - 12) + b'"}'
        if chunked:
            wire.send("POST", CASES, Content_Type="application/json", Transfer_Encoding="chunked")
            wire.socket.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (size, body))
            answer = wire.receive()
        else:
            answer = wire.ask("POST", CASES, body)

        assert (answer.status, answer.headers["content-type"]) == (413, "application/json")
        assert answer.json == {
            "error": "The body must not be larger than 1,048,576 bytes.",
            "code": "payload_too_large",
            "requestId": answer.headers["x-request-id"],
        }
    assert wire.ask("GET", CASES).json["meta"]["count"] == 0


@pytest.mark.parametrize("digits", [4_300, 4_301, 10_000])
def test_an_absurd_content_length_is_refused_and_no_traceback_comes_into_the_log(digits, wire, server):
    wire.send("POST", CASES, Content_Type="application/json", Content_Length="9" * digits)
    answer = wire.receive()
    assert answer.status in (400, 413)
    assert "Traceback" not in (server.db.parent / "server.log").read_text()
    assert "ERROR" not in (server.db.parent / "server.log").read_text()


def test_a_request_that_comes_in_drops_has_half_a_minute(tmp_path, monkeypatch):
    monkeypatch.setitem(LIMITS, "channel_timeout", 1)
    monkeypatch.setitem(LIMITS, "cleanup_interval", 1)
    with served(create_app(":memory:")) as url, Wire(url) as wire:
        begun = time.monotonic()
        wire.socket.sendall(b"GET /healthz HTTP/1.1\r\nX-Drops: ")
        with suppress(ConnectionError):
            while time.monotonic() < begun + 10:
                wire.socket.sendall(b"x")
                time.sleep(0.1)
        assert 1 < time.monotonic() - begun < 5


def test_a_body_of_a_mebibyte_is_read(wire):
    answer = wire.ask("POST", CASES, b'{"body": "' + b"x" * (MIB - 12) + b'"}')

    assert (answer.status, answer.json["code"]) == (400, "validation_failed")
    assert answer.json["error"] == "body must be 10 to 10,000 characters long, not 1,048,564."


# --- the stop

each_signal = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])


@each_signal
def test_a_signal_ends_an_idle_server_at_once_with_0(number, server):
    started = time.monotonic()

    server.process.send_signal(number)

    assert server.process.wait(timeout=10) == 0
    assert time.monotonic() - started < 3
    assert log_of(server) == []


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
    assert log_of(server) == []


def test_no_signal_comes_in_while_the_handlers_change_or_python_would_complain_that_it_is_lost(monkeypatch):
    held_back, change = [], signal.signal

    def watched(number, handler):
        if handler is signal.SIG_IGN:
            held_back.append(signal.pthread_sigmask(signal.SIG_BLOCK, []) >= {signal.SIGTERM, signal.SIGINT})
        return change(number, handler)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(signal, "signal", watched)
    try:
        with stop_signals(SimpleNamespace(pull_trigger=lambda: None)) as stopping:
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


def test_a_slow_reader_gets_the_whole_of_a_long_answer(server, key, long_thread):
    with Wire(server.url, receive_buffer=65_536) as reader:
        reader.key = key
        reader.send("GET", f"{CASES}/1")
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        answer = reader.receive(pause=0.02, at_a_time=100_000)

    assert len(answer.body) > 12_000_000
    assert [message["body"] for message in answer.json["messages"]] == long_thread
    assert server.process.wait(timeout=10) == 0


def test_a_reader_that_has_already_sent_the_next_request_gets_the_whole_answer_too(server, key, long_thread):
    with Wire(server.url, receive_buffer=65_536) as reader:
        reader.key = key
        reader.send("GET", f"{CASES}/1")
        time.sleep(0.5)
        reader.send("GET", "/healthz")
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        answer = reader.receive(pause=0.02, at_a_time=100_000)

    assert [message["body"] for message in answer.json["messages"]] == long_thread
    assert server.process.wait(timeout=10) == 0


def test_ten_restarts_under_load_lose_no_acknowledged_write_and_cut_no_answer(tmp_path):
    db = tmp_path / "cases.db"
    acknowledged: list[int] = []
    faults: list[Exception] = []

    def work(url: str, key: str) -> None:
        try:
            with Wire(url) as wire:
                wire.key = key
                for turn in itertools.count():
                    if turn % 2:
                        assert wire.ask("GET", f"{CASES}?limit=100").status == 200
                    else:
                        answer = wire.ask("POST", CASES, BODY)
                        assert answer.status == 201
                        acknowledged.append(answer.json["number"])
        except Closed:
            pass
        except (Half, AssertionError, OSError, ValueError) as fault:
            faults.append(fault)

    with closing(SqliteRepository(db)) as repository:
        key, _ = KeyRing(repository).create("acme")
    for _ in range(10):
        with serving(db) as server, Wire(server.url) as idle:
            assert idle.ask("GET", "/healthz").status == 200
            workers = [threading.Thread(target=work, args=(server.url, key)) for _ in range(4)]
            before = len(acknowledged)
            for worker in workers:
                worker.start()
            deadline = time.monotonic() + 10
            while len(acknowledged) < before + 20 and time.monotonic() < deadline:
                time.sleep(0.01)
            server.process.send_signal(signal.SIGTERM)
            for worker in workers:
                worker.join(timeout=10)
            assert not any(worker.is_alive() for worker in workers)
            assert idle.is_closed()
            assert server.process.wait(timeout=10) == 0

    assert faults == []
    assert len(acknowledged) >= 200
    numbers = numbers_in(db)
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(set(acknowledged)) == len(acknowledged)
    assert set(acknowledged) <= set(numbers)
    with closing(sqlite3.connect(db)) as connection:
        ((without_message,),) = connection.execute(
            "SELECT count(*) FROM supportcases_cases AS c "
            "WHERE (SELECT count(*) FROM supportcases_messages WHERE case_id = c.id) <> 1"
        ).fetchall()
    assert without_message == 0


def test_the_limits_are_those_of_the_documentation():
    assert LIMITS == {
        "connection_limit": 500,
        "channel_timeout": 30,
        "cleanup_interval": 5,
        "asyncore_use_poll": True,
        "max_request_body_size": 2 * 1024 * 1024,
        "max_request_header_size": 16_384,
        "inbuf_overflow": 8_192,
        "outbuf_overflow": 49_152,
        "outbuf_high_watermark": 1 << 40,
        "clear_untrusted_proxy_headers": True,
        "ident": None,
    }
    told = " ".join((ROOT / "docs" / "operating.md").read_text().split())
    assert "up to 500 connections, 30 seconds for a request to come in, heads of up to 16 KiB" in told
    assert "bodies of up to 2 MiB" in told


def test_the_queue_of_waitress_is_not_in_the_log(tmp_path):
    with serving(tmp_path / "cases.db", "--threads", "1") as running:
        key = running.key()
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: listed(running.url, key), range(60)))
    assert answers == [200] * 60
    assert "waitress.queue" not in (tmp_path / "server.log").read_text()


def listed(url: str, key: str) -> int:
    request = Request(f"{url}{CASES}", headers={"Authorization": f"Bearer {key}"})
    with urlopen(request, timeout=30) as answer:
        return answer.status


def test_a_server_stops_beside_a_client_that_stays_where_a_test_has_stopped_the_clock(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 1_700_000_000.0)
    with served(create_app(":memory:")) as url:
        client = socket.create_connection(urlsplit(url).netloc.split(":"))
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
    client.close()
