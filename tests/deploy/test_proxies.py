"""docs/deploy.md, the proxies: nginx and Caddy with TLS in front of the service, with the blocks as written."""

import json
import os
import re
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from tests.deploy.machine import GUIDE, PATIENCE, file_block, started, until
from tests.support.ports import free_port
from tests.support.tools import needs


@pytest.fixture
def certificate(machine):
    """A certificate of its own, where nginx's block looks for it; requests and curl trust it."""
    needs("openssl", package="openssl")
    pem, key = (machine.path(f"/etc/ssl/support.example.com.{ending}") for ending in ("pem", "key"))
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:support.example.com,IP:127.0.0.1", "-keyout", key, "-out", pem]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return pem


def through(machine, port: int):
    """Return a session that trusts the machine's certificate, and calls through the proxy."""
    session = requests.Session()
    session.trust_env = False  # or a bundle of the environment's would come first
    session.verify = str(machine.path("/etc/ssl/support.example.com.pem"))
    url = f"https://127.0.0.1:{port}"
    return lambda method, path, **how: session.request(method, url + path, timeout=PATIENCE, **how)


@contextmanager
def nginx(machine, port: int):
    program = needs("nginx", package="nginx-light")
    path = "/etc/nginx/conf.d/supportcases.conf"
    site = machine.write(path, file_block(path).replace("listen 443", f"listen 127.0.0.1:{port}"))
    temporary = "".join(
        f"{name}_temp_path {machine.root}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"daemon off; pid {machine.root}/nginx.pid; error_log {machine.root}/nginx.log; events {{}}\n"
    if os.geteuid() == 0:
        whole += "user root;\n"  # the tests' folder is root's alone
    (machine.root / "nginx.conf").write_text(f"{whole} http {{ access_log off; {temporary} include {site}; }}\n")
    with started(program, "-c", machine.root / "nginx.conf", "-e", machine.root / "nginx.log", log=machine.log):
        yield


@contextmanager
def caddy(machine, port: int):
    program = needs("caddy", package="caddy")
    path = "/etc/caddy/Caddyfile"
    pem = machine.path("/etc/ssl/support.example.com.pem")
    text = file_block(path).replace("{\n\tservers", "{\n\tadmin off\n\tauto_https off\n\tservers", 1)
    text = text.replace("support.example.com {", f"https://127.0.0.1:{port} {{\n\ttls {pem} {pem.with_suffix('.key')}")
    site = machine.write(path, machine.here(text))
    home = {**os.environ, "HOME": str(machine.root)}
    with started(program, "run", "--config", site, "--adapter", "caddyfile", log=machine.root / "caddy.log", env=home):
        yield


PROXIES = pytest.mark.parametrize("proxy", [nginx, caddy], ids=["nginx", "caddy"])


@contextmanager
def proxied(machine, proxy):
    """Run the proxy before the service; yield its port and a function that calls through it."""
    port = free_port()
    with proxy(machine, port):
        until(lambda: accepts(port))
        yield port, through(machine, port)


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@PROXIES
@pytest.mark.parametrize("mounted", ["", "/support"])
def test_a_proxy_passes_the_api_on(serving, certificate, proxy, mounted):
    key = serving.key()
    believed = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil"}
    with proxied(serving, proxy) as (_, call):
        cases = f"{mounted}/api/v1/support-cases"
        opened = call("POST", cases, json={"body": "Is the café open?"}, headers=key | believed)
        assert (opened.status_code, opened.headers["Location"]) == (201, f"{cases}/{opened.json()['id']}")
        for link in (opened.headers["Location"], f"{cases}/%231", f"{cases}/1"):
            assert call("GET", link, headers=key).json()["messages"][0]["body"] == "Is the café open?"
        assert call("GET", f"{cases}?query=CAF%C3%89", headers=key).json()["meta"]["count"] == 1
        assert call("GET", cases).json()["code"] == "unauthorized"
        assert call("GET", f"{mounted}/healthz").json() == {"status": "ok", "database": "ok"}
        for size, status in ((1_048_576, 400), (1_048_577, 413), (2_000_000, 413)):
            answer = call("POST", cases, data=b" " * size, headers=key | {"Content-Type": "application/json"})
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
            assert answer.json()["code"] == {400: "bad_request", 413: "payload_too_large"}[status]
        sends_a_file(call, mounted, key)
    logs = [path.read_text() for path in (serving.log, *serving.root.glob("var/log/nginx/*"))]
    assert opened.headers["X-Request-Id"] in logs[0]
    for log in logs:
        assert opened.headers["X-Request-Id"] in log
        assert key["Authorization"][-48:] not in log
        assert not re.search(r"(?i)café|caf%C3|caf\\xC3|query=", log)  # not "caf" alone, which a request id may hold


def sends_a_file(call, mounted, key):
    """Send 25 MB by a signed URL and read them again; without the signature nothing is taken."""
    new = {"name": "log.txt", "contentType": "text/plain", "size": 25_000_000}
    told = call("POST", f"{mounted}/api/v1/support-cases/attachments", json=new, headers=key).json()
    assert told["uploadUrl"].startswith("https://support.example.com/api/v1/support-cases/attachments/")
    url = re.sub("https?://[^/]+", mounted, told["uploadUrl"])
    assert call("PUT", url[:-2], data=bytes(1_000)).json()["code"] == "not_found"
    assert call("PUT", url, data=bytes(25_000_000)).status_code == 200
    body = {"body": "See the log.", "attachments": [told["id"]]}
    case = call("POST", f"{mounted}/api/v1/support-cases", json=body, headers=key).json()
    (message,) = call("GET", f"{mounted}/api/v1/support-cases/{case['number']}", headers=key).json()["messages"]
    assert call("GET", re.sub("https?://[^/]+", mounted, message["attachments"][0]["url"])).content == bytes(25_000_000)


def test_both_proxies_drop_whoever_sends_its_headers_slowly(serving, certificate):
    with (
        proxied(serving, nginx) as (one, by_nginx),
        proxied(serving, caddy) as (other, by_caddy),
        slow_request(one, certificate) as to_nginx,
        slow_request(other, certificate) as to_caddy,
    ):
        began, held = time.monotonic(), {to_nginx: by_nginx, to_caddy: by_caddy}
        while held:
            assert time.monotonic() - began < 9
            for connection, call in list(held.items()):
                assert call("GET", "/healthz").status_code == 200
                if gone(connection):
                    assert time.monotonic() - began > 4
                    del held[connection]


@contextmanager
def slow_request(port: int, certificate):
    """Yield a connection on which a request has begun and does not end."""
    context = ssl.create_default_context(cafile=certificate)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1") as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        connection.settimeout(0.1)
        yield connection


def gone(connection) -> bool:
    """Send one more byte; return whether the other side has closed."""
    try:
        connection.sendall(b"x")
        return not connection.recv(1_000)
    except TimeoutError:
        return False
    except OSError:
        return True


def test_nginx_slows_the_hasty_down_and_says_when_the_service_is_away(serving, certificate):
    with proxied(serving, nginx) as (_, call):
        answers = [call("GET", "/healthz") for _ in range(41)]
        with ThreadPoolExecutor(8) as pool:
            answers += pool.map(lambda _: call("GET", "/healthz"), range(150))
        assert {answer.status_code for answer in answers[:41]} == {200}
        refused = [answer.json() for answer in answers if answer.status_code != 200]
        assert {(answer["code"], answer["error"]) for answer in refused} == {
            ("too_many_requests", "Too many requests; slow down.")
        }
        serving.stop()
        time.sleep(0.2)  # at 20 a second
        away = call("GET", "/healthz")
        assert (away.status_code, away.json()["code"]) == (503, "unavailable")


def test_the_monitor_s_line_fails_unless_the_service_answers(serving, certificate):
    needs("curl", package="curl")
    with proxied(serving, nginx) as (port, _):
        line = re.search(r"`(curl [^`]*https:[^`]*)`", GUIDE)[1].replace("support.example.com", f"127.0.0.1:{port}")
        trust = {"CURL_CA_BUNDLE": str(certificate)}
        assert json.loads(serving.run(line, **trust)) == {"status": "ready"}
        serving.stop()
        with pytest.raises(AssertionError, match="503"):
            serving.run(line, **trust)
