"""Delivering all the time: several endpoints at once, woken by what happens, and whatever becomes of the database."""

import logging
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import DatabaseBusy, DatabaseMoved, DatabaseUnavailable, SupportDesk
from supportcases.domain.endpoints import NOBODY
from supportcases.domain.webhooks import Reach
from supportcases.storage.open import open_repository
from supportcases.webhooks import delivering as loop
from supportcases.webhooks import serving
from supportcases.webhooks.delivering import Delivering
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.serving import Tally
from tests.conftest import ACME, GLOBEX
from tests.support.desks import BODY
from tests.support.endpoints import Endpoint, Hanging

LOOPBACK = Reach(http_loopback=True)


class Troubled:
    """A repository of which writes raise what a test wants, if anything."""

    def __init__(self, repository) -> None:
        self._repository = repository
        self.raises: Exception | None = None
        self.tried = threading.Semaphore(0)

    def write(self, **how):
        if self.raises:
            self.tried.release()
            raise self.raises
        return self._repository.write(**how)

    def __getattr__(self, name):
        return getattr(self._repository, name)


@pytest.fixture
def repository(db):
    with closing(open_repository(db)) as repository:
        yield Troubled(repository)


@pytest.fixture
def desk(repository):
    return SupportDesk(repository._repository, webhook_reach=LOOPBACK)


@pytest.fixture
def delivering(repository):
    return Delivering(repository, Sender(LOOPBACK), chance=lambda: 0.5)


@pytest.fixture
def quick(monkeypatch):
    """Let it rest but shortly where something is wrong."""
    monkeypatch.setattr(loop, "LOOK", 0.05)
    monkeypatch.setattr(loop, "LONGEST", 0.1)


@contextmanager
def answering(*endpoints):
    """Let the endpoints answer until the block ends: after whoever delivers to them, who waits for their answers."""
    for endpoint in endpoints:
        endpoint.__enter__()
    try:
        yield
    finally:
        for endpoint in endpoints:
            endpoint.__exit__()


def is_served_by_nobody(desk, webhook) -> bool:
    now = datetime.now(UTC)
    with desk.repository.write() as transaction:
        return transaction.webhooks.take_turn(webhook.id, now, now + timedelta(seconds=1), "test") is not None


def test_an_event_wakes_it(desk, delivering, monkeypatch):
    monkeypatch.setattr(loop, "LOOK", 60)
    with Endpoint() as endpoint, delivering.beside():
        desk.add_webhook(ACME, url=endpoint.url)
        desk.open(ACME, body=BODY)
        endpoint.wait_for(1)
        desk.close(ACME, 1)
        endpoint.wait_for(2)
        assert endpoint.types == ["opened", "closed"]


def test_one_that_hangs_delays_no_other(desk, delivering):
    hanging, other = Hanging(), Endpoint()
    with answering(hanging, other), delivering.beside():
        desk.add_webhook(ACME, url=hanging.url)
        desk.add_webhook(GLOBEX, url=other.url)
        desk.open(ACME, body=BODY)
        hanging.wait_for(1)
        for _ in range(3):
            desk.open(GLOBEX, body=BODY)
        other.wait_for(3, seconds=5)
        hanging.over.set()


def test_no_more_than_some_are_served_at_once(desk, delivering, monkeypatch):
    monkeypatch.setattr(loop, "AT_ONCE", 2)
    first, second, third = Hanging(), Hanging(), Endpoint()
    with answering(first, second, third), delivering.beside():
        for endpoint in (first, second):
            desk.add_webhook(ACME, url=endpoint.url)
        desk.open(ACME, body=BODY)
        first.wait_for(1)
        second.wait_for(1)
        desk.add_webhook(GLOBEX, url=third.url)
        desk.open(GLOBEX, body=BODY)
        assert third.told == []
        first.over.set()
        third.wait_for(1)
        second.over.set()


def test_told_to_stop_it_ends_with_the_attempt_under_way_and_leaves_no_lease(desk, delivering):
    endpoint = Hanging()
    with answering(endpoint):
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        desk.open(ACME, body=BODY)
        with delivering.beside():
            endpoint.wait_for(1)
            delivering.stop()
            endpoint.over.set()
        assert len(endpoint.told) == 1
        assert [each.state for each in desk.deliveries(ACME, webhook.id).deliveries] == ["delivered"]
        assert is_served_by_nobody(desk, webhook)


def test_without_an_answer_the_turn_ends_and_others_come_first(desk, repository, delivering):
    first, second = Endpoint(b""), Endpoint()
    with answering(first, second):
        for endpoint in (first, second):
            desk.add_webhook(ACME, url=endpoint.url)
        desk.open(ACME, body=BODY)
        desk.close(ACME, 1)
        turn = delivering._worker.next_turn(lambda: True)
        assert delivering._worker.serve(turn, lambda: True) == Tally(failed=1)
        with repository.read() as transaction:
            assert transaction.webhooks.with_work(datetime.now(UTC), NOBODY) == turn.webhook.id


def test_once_delivers_what_is_due_and_tells_how_that_went(desk, delivering):
    with Endpoint(500) as endpoint:
        for actor in (ACME, GLOBEX):
            desk.add_webhook(actor, url=endpoint.url)
            for _ in range(3):
                desk.open(actor, body=BODY)
        assert delivering.once() == Tally(delivered=5, failed=1)


def test_once_tells_where_the_database_was_moved(desk, repository, delivering):
    desk.add_webhook(ACME, url="http://127.0.0.1:9999/")
    desk.open(ACME, body=BODY)
    repository.raises = DatabaseMoved()
    with pytest.raises(DatabaseMoved):
        delivering.once()


@pytest.mark.parametrize("error", [DatabaseUnavailable(), DatabaseMoved(), RuntimeError("a mistake of ours")])
def test_whatever_is_wrong_it_says_so_once_and_goes_on_afterwards(error, desk, repository, delivering, quick, caplog):
    caplog.set_level(logging.INFO, "supportcases.webhooks")
    with Endpoint() as endpoint:
        desk.add_webhook(ACME, url=endpoint.url)
        desk.open(ACME, body=BODY)
        repository.raises = error
        with delivering.beside():
            for _ in range(5):
                assert repository.tried.acquire(timeout=20)
            repository.raises = None
            endpoint.wait_for(1)
    told = [(record.levelname, record.message) for record in caplog.records]
    mistake = isinstance(error, RuntimeError)
    assert told == [
        ("ERROR", "webhooks wait: RuntimeError: a mistake of ours")
        if mistake
        else ("WARNING", f"webhooks wait: {error}"),
        ("WARNING", "webhooks are delivered again"),
    ]
    assert (caplog.records[0].exc_info is not None) is mistake


@pytest.mark.parametrize("error", [DatabaseBusy(), DatabaseUnavailable()])
def test_what_came_of_an_attempt_is_kept_once_the_database_is_back(error, desk, repository, delivering, monkeypatch):
    monkeypatch.setattr(serving, "PAUSE", 0.01)
    endpoint = Hanging(500)
    with answering(endpoint), delivering.beside():
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        endpoint.wait_for(1)
        desk.close(ACME, 1)
        repository.raises = error
        endpoint.over.set()
        for _ in range(5):
            assert repository.tried.acquire(timeout=20)
        repository.raises = None
        endpoint.wait_for(2)
    assert endpoint.types == ["opened", "closed"]
    told = [(each.attempt, each.state) for each in desk.deliveries(ACME, webhook.id).deliveries]
    assert told == [(1, "delivered"), (2, "waiting"), (1, "failed")]


def test_where_something_is_wrong_it_tries_less_and_less_often(desk, repository, delivering, monkeypatch):
    pauses = []

    def wait(watch, seconds):
        pauses.append(seconds)
        repository.raises = None if len(pauses) == 7 else DatabaseUnavailable()
        if len(pauses) == 9:
            delivering.stop()

    with Endpoint() as endpoint:
        desk.add_webhook(ACME, url=endpoint.url)
        desk.open(ACME, body=BODY)
        repository.raises = DatabaseUnavailable()
        monkeypatch.setattr(delivering, "_wait", wait)
        delivering.run()
    assert pauses[:8] == [2, 4, 8, 16, 30, 30, 30, 1]


def test_the_log_has_a_line_an_attempt_and_nothing_that_is_secret(desk, delivering, caplog):
    caplog.set_level(logging.DEBUG, "supportcases.webhooks")
    with Endpoint(500) as endpoint:
        made = desk.add_webhook(ACME, url=f"{endpoint.url}?token=hunter2")
        desk.open(ACME, body="The password is swordfish.")
        desk.close(ACME, 1)
        delivering.once()
    failed, delivered = (record for record in caplog.records if record.name == "supportcases.webhooks")
    assert (failed.levelname, delivered.levelname) == ("WARNING", "DEBUG")
    of = f"webhook {made.webhook.id}: support_case."
    assert failed.message.startswith(f"{of}opened, attempt 1 failed after ")
    assert failed.message.endswith(" ms: It answered 500.")
    assert delivered.message.startswith(f"{of}closed, attempt 1: 200 in ")
    assert not any(word in caplog.text for word in ("hunter2", "swordfish", made.secret, "/hooks"))
