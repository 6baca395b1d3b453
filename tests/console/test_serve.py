"""`supportcases serve` has the console on where the extra is there, and says so where it is not."""

import logging
from contextlib import closing

import pytest
import requests

from supportcases import KeyRing, cli, server
from supportcases.cli import serve
from supportcases.storage.open import open_repository
from tests.conftest import serving
from tests.support.wire import Wire


def test_it_is_served_beside_the_api_and_the_first_page_leads_to_it(tmp_path, db):
    with serving(db, folder=tmp_path) as running, Wire(running.url) as wire:
        assert wire.ask("GET", "/console/").status == 303
        assert b'console/"' in wire.ask("GET", "/").body


def test_it_can_be_turned_off(tmp_path, db):
    with serving(db, "--no-console", folder=tmp_path) as running, Wire(running.url) as wire:
        assert wire.ask("GET", "/console/").status == 404
        assert b"console/" not in wire.ask("GET", "/").body


def test_without_the_extra_a_line_of_the_log_names_it(db, monkeypatch, caplog):
    monkeypatch.setattr(serve, "has_console", lambda: False)
    monkeypatch.setattr(server, "serve", lambda app, *_, **__: served.append(app))
    served = []
    with caplog.at_level(logging.INFO):
        assert cli.main(["serve", "--port", "0", "--db", db]) == 0
    assert "without the support team's console: pip install 'supportcases[console]'" in caplog.messages
    assert len(served) == 1


def test_who_insists_on_it_is_told_before_anything_is_made(exits, monkeypatch):
    monkeypatch.setattr(serve, "has_console", lambda: False)
    assert "--console needs more: pip install 'supportcases[console]'." in exits(2, "serve", "--console", "--port", "0")


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        (
            "127.0.0.1",
            {"https": True, "http, HTTPS": True, "https, http": False, "javascript": False},  # its own word is the last
        ),
        ("192.0.2.1", {"https": False}),
    ],
)
def test_the_trusted_proxy_tells_whether_the_cookie_is_for_https_alone(db, tmp_path, proxy, told):
    with closing(open_repository(db)) as repository:
        key, _ = KeyRing(repository).create_support(label="Ada")
    with serving(db, "--trusted-proxy", proxy, folder=tmp_path) as running:
        for scheme, secure in told.items():
            headers = {"X-Forwarded-Proto": scheme, "Sec-Fetch-Site": "same-origin"}
            signed_in = requests.post(
                f"{running.url}/console/sign-in", {"key": key}, headers=headers, allow_redirects=False, timeout=10
            )
            assert signed_in.status_code == 303
            cookie = signed_in.headers["Set-Cookie"]
            is_secure = "Secure" in cookie.split("; "), cookie.startswith("__Secure-supportcases=")
            assert is_secure == (secure, secure), scheme
