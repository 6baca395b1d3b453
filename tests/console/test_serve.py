"""`supportcases serve` has the console on where the extra is there, and says so where it is not."""

import logging
from contextlib import closing

import pytest
import requests

from supportcases import KeyRing, SqliteRepository, cli, server
from supportcases.cli import serve
from tests.conftest import serving
from tests.support.wire import Wire


def test_it_is_served_beside_the_api_and_the_first_page_leads_to_it(tmp_path):
    with serving(tmp_path / "cases.db") as running, Wire(running.url) as wire:
        assert wire.ask("GET", "/console/").status == 303
        assert b'console/"' in wire.ask("GET", "/").body


def test_it_can_be_turned_off(tmp_path):
    with serving(tmp_path / "cases.db", "--no-console") as running, Wire(running.url) as wire:
        assert wire.ask("GET", "/console/").status == 404
        assert b"console/" not in wire.ask("GET", "/").body


def test_without_the_extra_a_line_of_the_log_names_it(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(serve, "has_console", lambda: False)
    monkeypatch.setattr(server, "serve", lambda app, *_, **__: served.append(app))
    served = []
    with caplog.at_level(logging.INFO):
        assert cli.main(["serve", "--port", "0", "--db", str(tmp_path / "cases.db")]) == 0
    assert "without the support team's console: pip install 'supportcases[console]'" in caplog.messages
    assert len(served) == 1


def test_who_insists_on_it_is_told_before_anything_is_made(exits, monkeypatch):
    monkeypatch.setattr(serve, "has_console", lambda: False)
    assert "--console needs more: pip install 'supportcases[console]'." in exits(2, "serve", "--console", "--port", "0")


@pytest.mark.parametrize(
    ("proxy", "scheme", "secure"),
    [
        ("127.0.0.1", "https", True),
        ("127.0.0.1", "http, HTTPS", True),  # the last is our proxy's own word
        ("127.0.0.1", "https, http", False),
        ("127.0.0.1", "javascript", False),
        ("192.0.2.1", "https", False),
    ],
)
def test_the_trusted_proxy_tells_whether_the_cookie_is_for_https_alone(tmp_path, proxy, scheme, secure):
    path = tmp_path / "cases.db"
    with closing(SqliteRepository(path)) as repository:
        key, _ = KeyRing(repository).create_support(label="Ada")
    with serving(path, "--trusted-proxy", proxy) as running:
        headers = {"X-Forwarded-Proto": scheme, "Sec-Fetch-Site": "same-origin"}
        signed_in = requests.post(
            f"{running.url}/console/sign-in", {"key": key}, headers=headers, allow_redirects=False, timeout=10
        )
    assert signed_in.status_code == 303
    cookie = signed_in.headers["Set-Cookie"]
    assert ("Secure" in cookie.split("; "), cookie.startswith("__Secure-supportcases=")) == (secure, secure)
