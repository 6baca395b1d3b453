"""Who waits while another program holds the file's write lock: those who write, for as long as they may."""

import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from supportcases import DatabaseBusy, SqliteRepository, TooSlow, create_app
from supportcases.processes import deadline, ticks, waited
from supportcases.server import served
from supportcases.server.workers import Dispatcher
from tests.conftest import ACME, CASES

BODY = "Another program keeps the file locked."


@contextmanager
def locked(path):
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def post(url):
    body = json.dumps({"body": BODY}).encode()
    request = Request(f"{url}{CASES}", body, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, None, None
    except HTTPError as refused:
        return refused.code, json.load(refused)["code"], refused.headers["Retry-After"]


@pytest.fixture
def app(path):
    app = create_app(path, authenticate=lambda req: ACME)
    yield app
    app.desk.repository.close()


def test_a_read_is_answered_while_more_writers_wait_than_there_are_threads(app, path):
    app.desk.open(ACME, body=BODY)
    with served(app, threads=4) as url, ThreadPoolExecutor(8) as clients:
        with locked(path):
            writers = [clients.submit(post, url) for _ in range(8)]
            time.sleep(0.5)  # they come first
            for _ in range(3):
                with urlopen(f"{url}{CASES}", timeout=60) as answer:
                    assert json.load(answer)["meta"]["count"] == 1
            assert not any(writer.done() for writer in writers)
        assert [writer.result() for writer in writers] == [(201, None, None)] * 8


def test_the_only_thread_does_everything(app):
    with served(app, threads=1) as url, ThreadPoolExecutor(4) as clients:
        assert list(clients.map(post, [url] * 4)) == [(201, None, None)] * 4
        with urlopen(f"{url}{CASES}", timeout=60) as answer:
            assert json.load(answer)["meta"]["count"] == 4


def test_all_who_wait_to_write_are_told_within_one_wait_and_not_one_after_the_other(path):
    app = create_app(path, authenticate=lambda req: ACME, time_budget=3.0)
    with served(app, threads=4) as url, ThreadPoolExecutor(8) as clients, locked(path):
        begun = time.monotonic()
        answers = list(clients.map(post, [url] * 8))
        seconds = time.monotonic() - begun
    assert answers == [(503, "busy", "1")] * 8
    assert seconds < 6  # two of them one after the other took six, and eight in threads of four


def test_a_wait_for_a_thread_is_a_part_of_the_wait(path):
    with closing(SqliteRepository(path)) as repository, locked(path):
        token = waited.set(60.0)
        begun = time.monotonic()
        with pytest.raises(DatabaseBusy), repository.write():
            pass
        waited.reset(token)
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize(("begin", "refusal"), [("write", DatabaseBusy), ("read", TooSlow)])
def test_whose_time_is_over_when_it_begins_to_write_has_waited(path, begin, refusal):
    with closing(SqliteRepository(path)) as repository:
        token = deadline.set(ticks() - 0.001)
        with pytest.raises(refusal), getattr(repository, begin)():
            pass
        deadline.reset(token)


class Writing:
    """A connection on which somebody wants to write."""

    requests = (SimpleNamespace(command="POST"),)

    def __init__(self, service):
        self.service = service


def test_who_has_written_takes_the_next_one_who_waits_and_wakes_nobody(monkeypatch):
    """To wake a thread takes longer than to look whether somebody waits."""
    dispatcher, woken, all_wait, done = Dispatcher(3), [], threading.Event(), threading.Semaphore(0)
    wake = dispatcher.queue_cv.notify
    monkeypatch.setattr(dispatcher.queue_cv, "notify", lambda *how: woken.append(how) or wake(*how))

    def write():
        all_wait.wait(30)
        done.release()

    for _ in range(20):
        dispatcher.add_task(Writing(write))
    all_wait.set()
    assert all(done.acquire(timeout=30) for _ in range(20))
    assert woken == [()]
    assert dispatcher.shutdown()
