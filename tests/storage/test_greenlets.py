"""gunicorn with gevent that has loaded the application before it patched threading: greenlets are kept apart."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import pytest

from supportcases.server import bind, url_of
from tests.conftest import CASES
from tests.servers.launchers import wait_until

pytest.importorskip("gevent", reason="pip install gevent gunicorn")
pytest.importorskip("gunicorn", reason="pip install gevent gunicorn")

APPLICATION = """
import threading, time
from supportcases import Actor, create_app

def tell(event):
    time.sleep(0.5)  # lets other greenlets go on
    with open("told", "a") as told:
        print(event.case.number, threading.get_ident(), file=told)

app = create_app("cases.db", authenticate=lambda req: Actor.merchant("acme"), on_event=tell)
"""


@pytest.mark.parametrize("preload", [[], ["--preload"]])
def test_each_request_tells_its_own_event(tmp_path, preload):
    (tmp_path / "shop.py").write_text(APPLICATION)
    with bind("127.0.0.1", 0) as listener:
        url = url_of(listener)
    command = ["-m", "gunicorn", "-k", "gevent", "-w", "1", "-b", url.removeprefix("http://"), *preload, "shop:app"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, *command], cwd=tmp_path, stderr=log)
    try:
        wait_until(lambda: answers(url), (tmp_path / "log").read_text)

        def post(_):
            body = json.dumps({"body": "Whose event is it?"}).encode()
            with urlopen(Request(f"{url}{CASES}", body, {"Content-Type": "application/json"}), timeout=30) as answer:
                return json.load(answer)["number"]

        with ThreadPoolExecutor(6) as clients:
            assert sorted(clients.map(post, range(6))) == [1, 2, 3, 4, 5, 6]
        told = [line.split() for line in (tmp_path / "told").read_text().splitlines()]
        assert sorted(number for number, _ in told) == ["1", "2", "3", "4", "5", "6"]
        assert len({greenlet for _, greenlet in told}) == 6  # one for all of them had told the others' too
    finally:
        server.terminate()
        server.wait(timeout=30)


def answers(url):
    try:
        with urlopen(f"{url}/healthz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
