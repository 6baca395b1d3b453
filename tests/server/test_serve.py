"""`supportcases serve` over sockets: what it prints, what it logs, and how large a body may be."""

import json
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.request import Request, urlopen

import pytest

from supportcases import create_app
from supportcases.server import LIMITS, served
from tests.conftest import CASES, ROOT, serving
from tests.support.wire import Wire

MIB = 1_048_576
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} supportcases\.access INFO "
    r"(?P<method>[A-Z-]+) (?P<route>\S+) (?P<status>\d{3}) \d+\.\d+ms (?P<id>[A-Za-z0-9._-]{1,128}) (?P<store>\S+)"
)
BODY = json.dumps({"body": "The checkout is blank since this morning."}).encode()


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


def test_exactly_one_line_is_printed_and_names_the_address(server):
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", server.url)
    with Wire(server.url) as wire:
        answer = wire.ask("GET", "/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok", "database": "ok"})
    assert "server" not in answer.headers  # nor is the software named

    server.process.send_signal(signal.SIGTERM)

    assert server.process.wait(timeout=10) == 0
    assert server.process.stdout.read() == ""


def test_metrics_are_for_whoever_has_the_token_of_the_option_or_the_variable(path, monkeypatch):
    def statuses(url):
        with Wire(url) as wire:
            return [wire.ask("GET", "/metrics", **sent).status for sent in ({}, {"Authorization": "Bearer t0ken"})]

    with serving(path) as server:
        assert statuses(server.url) == [404, 404]
    with serving(path, "--metrics-token", "t0ken") as server:
        assert statuses(server.url) == [401, 200]
    monkeypatch.setenv("SUPPORTCASES_METRICS_TOKEN", "t0ken")
    with serving(path) as server:
        assert statuses(server.url) == [401, 200]
    assert "t0ken" not in (path.parent / "server.log").read_text()


@pytest.mark.parametrize(("server", "status"), [((), 200), (("--no-docs",), 404)], indirect=["server"])
def test_a_browser_finds_the_reference_unless_it_is_turned_off(server, wire, status):
    assert [wire.ask("GET", path).status for path in ("/", "/docs")] == [status, status]


def test_it_listens_on_ipv6(tmp_path):
    with serving(tmp_path / "cases.db", "--host", "::1") as server, Wire(server.url) as wire:
        assert re.fullmatch(r"http://\[::1\]:[1-9]\d*", server.url)
        assert wire.ask("GET", "/healthz").status == 200


def test_the_log_has_one_line_a_request_with_method_route_status_id_and_store(server, key, wire):
    wire.ask("POST", CASES, BODY, X_Request_Id="one")
    wire.ask("GET", f"{CASES}/1?token=hidden", X_Request_Id="two")
    wire.ask("GET", "/%0d%0a%1b%e2%80%a8forged?query=confidential", X_Request_Id="three")
    wire.key = "sck_" + "0" * 48
    wire.ask("GET", CASES, X_Request_Id="four")

    assert [tuple(line.values()) for line in logged(server, 4)] == [
        ("POST", CASES, "201", "one", "acme"),
        ("GET", f"{CASES}/{{id_or_number}}", "200", "two", "acme"),
        ("GET", "-", "404", "three", "-"),
        ("GET", "-", "401", "four", "-"),  # nobody comes as far as a route without a key
    ]
    text = "\n".join(log_of(server))
    assert not any(secret in text for secret in ("hidden", "confidential", "forged", "checkout", key, wire.key))


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


def test_the_limits_are_those_of_the_documentation():
    told = (ROOT / "docs" / "operating.md").read_text()
    connections, seconds, head = (
        LIMITS[name] for name in ("connection_limit", "channel_timeout", "max_request_header_size")
    )
    assert f"| threads, connections | 4, up to {connections} |" in told
    assert f"| a request to arrive | {seconds} seconds |" in told
    assert f"| headers | {head // 1024} KiB |" in told
    assert f"| a body | {LIMITS['max_request_body_size'] // MIB} MiB;" in told
