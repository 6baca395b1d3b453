"""The sample application, run as its first reader runs it: start it, paste what it prints, look at the page."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import requests

import sample_app
from tests.conftest import CASES, ROOT, stop
from tests.support.tools import needs

PATIENCE = 30.0


class Shop(NamedTuple):
    url: str
    curls: list[str]
    said: str
    process: subprocess.Popen[str]

    @property
    def key(self) -> str:
        return re.search(r"Bearer (sck_[0-9a-f]{48})", self.said)[1]

    def paste(self, number: int) -> dict:
        """Run one of the printed lines as a shell does, and return the JSON that it gets."""
        needs("curl", package="curl")
        done = subprocess.run(["bash", "-c", self.curls[number]], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def get(self, path: str, key: str | None = None) -> tuple[int, str, str]:
        """Return status, media type and text of what is at `path`."""
        where = urlsplit(self.url)
        with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=10)) as connection:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
            response = connection.getresponse()
            return response.status, response.getheader("Content-Type"), response.read().decode()

    def post(self, path: str, **body: str) -> tuple[int, dict]:
        where = urlsplit(self.url)
        with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=10)) as connection:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())


@contextmanager
def open_shop(folder: Path):
    """Run the sample on a free port, with its database in `folder`; Ctrl-C closes it."""
    environ = {**os.environ, "PORT": "0", "SAMPLE_DB": str(folder / "sample.db")}
    with (folder / "stderr.txt").open("a") as stderr:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "sample_app.py")],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
        )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        said = ""
        while "supportcases --db" not in said and (line := process.stdout.readline()):
            said += line
        assert said.count("curl ") == 3, (folder / "stderr.txt").read_text()
        curls = [line for line in said.splitlines() if line.startswith("curl ")]
        yield Shop(re.search(r"http://127\.0\.0\.1:\d+", said)[0], curls, said, process)
    finally:
        watchdog.cancel()
        stop(process, signal.SIGINT)
        process.stdout.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """One for all: those tests come first that look at it as it was begun."""
    with open_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


def test_the_first_line_to_paste_lists_the_open_cases(shop):
    page = shop.paste(0)

    assert [(case["number"], case["status"]) for case in page["data"]] == [(12, "open"), (2, "open"), (1, "open")]
    assert page["meta"] == {"count": 3, "offset": 0, "limit": 10}


def test_the_last_line_to_paste_lists_the_cases_as_the_team_sees_them(shop):
    done = subprocess.run(["bash", "-c", shop.said.splitlines()[-1]], capture_output=True, text=True, timeout=PATIENCE)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[:2] == ["STORE", "NUMBER"]
    assert done.stdout.count("lumen-and-oak") == 12


def test_the_console_opens_with_the_key_that_is_printed_and_shows_the_cases(shop):
    place, key = re.search(r"console is at (\S+)  \(paste this key: (sck_[0-9a-f]{48})\)", shop.said).groups()
    browser = requests.Session()
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    assert "Sign in to Support" in browser.get(place, timeout=PATIENCE).text
    page = browser.post(f"{place}/sign-in", data={"key": key}, timeout=PATIENCE)
    assert (page.status_code, page.url) == (200, f"{place}/")
    assert page.text.count('<li class="open"') == 3


def test_the_page_shows_the_products_and_the_cases(shop):
    status, media_type, page = shop.get("/")

    assert (status, media_type) == (200, "text/html; charset=utf-8")
    assert "<tr><td>Oak desk lamp<td>€ 89</tr>" in page
    assert "<tr><td>#000012<td>La commande 807 a été facturée deux fois<td>normal<td>open</tr>" in page
    assert re.findall(r"<td>#(\d{6})<td>", page)[::11] == ["000012", "000001"]
    shown = ["open", *["closed"] * 8, "answered", "open", "open"]
    assert re.findall(r"<td>(open|answered|closed)</tr>", page) == shown
    assert "<p>3 waiting for support." in page


def test_the_second_line_to_paste_opens_a_case(shop):
    before = shop.paste(0)["meta"]["count"]
    opened = shop.paste(1)

    assert (opened["number"], opened["severity"], opened["status"]) == (13, "critical", "open")
    assert shop.paste(0)["meta"]["count"] == before + 1
    shown = json.loads(re.search(r"```json\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)[1])
    own = {name: opened[name] for name in ("id", "createdAt", "lastActivityAt")}
    assert {**shown, **own} == opened
    assert list(shown) == list(opened)


def test_the_third_line_to_paste_reopens_a_closed_case(shop):
    case = re.search(r"/support(/api/v1/support-cases/\d+)/messages", shop.curls[2])[1]
    before = json.loads(shop.get(f"/support{case}", shop.key)[2])
    assert (before["status"], before["closedAt"]) == ("closed", before["lastActivityAt"])

    reply = shop.paste(2)

    assert reply["status"] == "open"
    assert reply["message"]["body"] == "It is back since this morning, the same as before."
    after = json.loads(shop.get(f"/support{case}", shop.key)[2])
    assert (after["status"], after["closedAt"]) == ("open", None)
    assert after["messages"] == [*before["messages"], reply["message"]]


def test_the_merchants_page_is_in_the_shops_own_layout_and_takes_a_reply(shop):
    place = re.search(r"merchant's support page is at (\S+)", shop.said)[1]
    assert place == f"{shop.url}/help/"
    browser = requests.Session()
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    page = browser.get(place, timeout=PATIENCE).text
    assert "<title>Support · Lumen &amp; Oak</title>" in page
    assert page.count('class="sc-pill open"') >= 3
    replied = browser.post(f"{place}12", data={"body": "Any news?", "do": "reply"}, timeout=PATIENCE)
    assert (replied.status_code, "Mara at Lumen &amp; Oak" in replied.text, "Any news?" in replied.text) == (
        200,
        True,
        True,
    )


def test_the_page_shows_what_a_merchant_wrote_as_text(shop):
    nasty = "<script>alert(1)</script> & \"quoted\" 'too' {cases}"
    assert shop.post(f"/support{CASES}", body="Look at the subject.", subject=nasty)[0] == 201

    page = shop.get("/")[2]

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quoted&quot; &#x27;too&#x27; {cases}" in page


def test_the_links_of_the_page_and_of_a_new_case_lead_somewhere(shop):
    links = re.findall(r'href="(/[^"]*)"', shop.get("/")[2])
    assert links == ["/", "/help/", "/support/docs"]
    assert {shop.get(link)[:2] for link in links} == {(200, "text/html; charset=utf-8")}
    assert json.loads(shop.get("/support/openapi.json")[2])["servers"] == [{"url": "/support"}]
    assert shop.get("/support/healthz")[0] == 200
    assert shop.get("/elsewhere")[:2] == (404, "text/plain; charset=utf-8")


def test_a_second_start_keeps_the_cases_changes_the_key_and_makes_a_closed_case_where_none_is_left(tmp_path):
    with open_shop(tmp_path) as first:
        assert json.loads(first.get(f"/support{CASES}", first.key)[2])["meta"]["count"] == 12

    with open_shop(tmp_path) as second:
        assert second.key != first.key
        assert second.get(f"/support{CASES}", first.key)[0] == 401
        assert json.loads(second.get(f"/support{CASES}", second.key)[2])["meta"]["count"] == 12
        for case in json.loads(second.get(f"/support{CASES}?limit=100&status=closed", second.key)[2])["data"]:
            second.post(f"/support{CASES}/{case['number']}/messages", body="It is back.")
        cases = json.loads(second.get(f"/support{CASES}?limit=100", second.key)[2])
        assert {case["status"] for case in cases["data"]} == {"open", "answered"}

    with open_shop(tmp_path) as third:
        newest, *rest = json.loads(third.get(f"/support{CASES}?limit=100", third.key)[2])["data"]
        assert rest == cases["data"]
        assert (newest["number"], newest["status"]) == (13, "closed")
        assert third.paste(2)["status"] == "open"


def test_what_it_says_of_a_database_has_no_password():
    url = "postgresql://ada:s3cret@db.example/cases"
    assert not any("s3cret" in said for said in sample_app.told_of(url))
    assert sample_app.told_of("/srv/sample.db")[1].endswith(" -m supportcases --db /srv/sample.db cases")


def test_ctrl_c_ends_it_quietly(tmp_path):
    with open_shop(tmp_path) as shop:
        assert shop.get("/")[0] == 200
        shop.process.send_signal(signal.SIGINT)
        assert shop.process.wait(timeout=10) == 0
    assert (tmp_path / "stderr.txt").read_text() == ""
    assert {path.name for path in tmp_path.iterdir()} == {"sample.db", "stderr.txt"}


def test_the_tests_end_what_they_start_where_sigint_is_ignored_as_under_nohup():
    test = f"{__file__}::{test_ctrl_c_ends_it_quietly.__name__}"
    deaf = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m", "pytest", "-q", test]
    done = subprocess.run(deaf, cwd=ROOT, capture_output=True, text=True, timeout=10 * PATIENCE)
    assert done.returncode == 0, done.stdout


def test_a_port_in_use_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, str(ROOT / "sample_app.py")],
            env={**os.environ, "PORT": port, "SAMPLE_DB": str(tmp_path / "sample.db")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"sample_app: cannot listen on port \d+: Address already in use. Try: PORT=8001 .*\n", done.stderr
    )
