"""The team's searches never take all threads: who finds too many of them at work waits without one."""

import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from supportcases import SupportDesk, create_app
from supportcases.server import served
from tests.conftest import ACME, ADA, CASES, SUPPORT

SEARCH = f"{SUPPORT}/cases?query=shoes"
SECONDS = 30.0  # that something may take which is to happen soon


def asked(url, body=None):
    """Return the status and the code of the answer."""
    try:
        with urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=SECONDS) as answer:
            return answer.status, None
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)["code"]


class Held:
    """Lists of the team that are at work until they are let go."""

    def __init__(self):
        self.at_work = self.most = 0
        self._go_on = threading.Event()
        self._change = threading.Condition()

    def queue(self, desk, actor, **wanted):
        with self._change:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
            self._change.notify_all()
        self._go_on.wait(SECONDS)
        with self._change:
            self.at_work -= 1
        return QUEUE(desk, actor, **wanted)

    def wait_for(self, count):
        with self._change:
            assert self._change.wait_for(lambda: self.at_work == count, timeout=SECONDS)

    def let_go(self):
        self._go_on.set()


QUEUE = SupportDesk.queue


@pytest.fixture
def held(monkeypatch):
    held = Held()
    monkeypatch.setattr(SupportDesk, "queue", lambda desk, actor, **wanted: held.queue(desk, actor, **wanted))
    yield held
    held.let_go()


@contextmanager
def desk_at(path, *, threads, time_budget=SECONDS):
    """Serve a desk, which knows who asks by the path, from so many threads; yield its URL and clients."""
    app = create_app(path, authenticate=lambda req: ADA if f"{SUPPORT}/" in req.path else ACME, time_budget=time_budget)
    with served(app, threads=threads) as url, ThreadPoolExecutor(16) as clients:
        yield url, clients
    app.desk.repository.close()


@contextmanager
def locked(path):
    """Keep everybody from writing."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize(("threads", "most"), [(1, 1), (2, 1), (3, 1), (4, 2), (6, 4)])
def test_all_threads_but_two_search_at_once_and_the_other_searches_are_answered_after_them(path, held, threads, most):
    with desk_at(path, threads=threads) as (url, clients):
        searches = [clients.submit(asked, f"{url}{SEARCH}") for _ in range(8)]
        held.wait_for(most)
        time.sleep(0.3)  # in which the others would begin
        held.let_go()
        assert [search.result() for search in searches] == [(200, None)] * 8
    assert held.most == most


def test_merchants_are_answered_while_more_agents_search_than_there_are_threads(path, held):
    with desk_at(path, threads=4) as (url, clients):
        searches = [clients.submit(asked, f"{url}{SEARCH}") for _ in range(8)]
        held.wait_for(2)
        for _ in range(3):
            assert asked(f"{url}{CASES}") == (200, None)
            assert asked(f"{url}{CASES}", b'{"body": "It is broken."}') == (201, None)
        assert not any(search.done() for search in searches)
        held.let_go()


@pytest.mark.parametrize("parameters", ["query=", "status=open&%71uery=shoes", "query=shoes&query=shirts"])
def test_what_holds_the_parameter_is_a_search(path, held, parameters):
    with desk_at(path, threads=4) as (url, clients):
        for _ in range(4):
            clients.submit(asked, f"{url}{SUPPORT}/cases?{parameters}")
        time.sleep(0.5)
        held.let_go()
    assert held.most <= 2


def test_a_list_is_no_search(path, held):
    with desk_at(path, threads=4) as (url, clients):
        for _ in range(4):
            clients.submit(asked, f"{url}{SUPPORT}/cases?status=open&assignee=query")
        held.wait_for(4)
        held.let_go()


def test_who_waits_for_other_searches_as_long_as_a_request_may_take_finds_the_desk_busy(path, held):
    with desk_at(path, threads=4, time_budget=1.0) as (url, clients):
        searches = [clients.submit(asked, f"{url}{SEARCH}") for _ in range(8)]
        held.wait_for(2)
        time.sleep(1.5)
        held.let_go()
        answers = sorted(search.result() for search in searches)
    assert answers == [(503, "busy")] * 6 + [(503, "too_slow")] * 2
    assert held.most == 2


def test_merchants_are_answered_while_agents_search_and_others_wait_to_write(path, held):
    with desk_at(path, threads=4) as (url, clients), locked(path):
        for _ in range(4):
            clients.submit(asked, f"{url}{SEARCH}")
            clients.submit(asked, f"{url}{CASES}", b'{"body": "It is broken."}')
        time.sleep(0.5)
        for _ in range(3):
            assert asked(f"{url}{CASES}") == (200, None)
        held.let_go()


def test_an_agent_s_search_is_answered_while_more_wait_to_write_than_there_are_threads(path):
    with desk_at(path, threads=4) as (url, clients):
        with locked(path):
            writers = [clients.submit(asked, f"{url}{CASES}", b'{"body": "It is broken."}') for _ in range(8)]
            time.sleep(0.5)  # they come first
            assert asked(f"{url}{SEARCH}") == (200, None)
            assert not any(writer.done() for writer in writers)
        assert [writer.result() for writer in writers] == [(201, None)] * 8
