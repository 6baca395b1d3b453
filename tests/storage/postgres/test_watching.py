"""The connection that hears of events: one that breaks is made anew, and none that is there holds anything up."""

from contextlib import closing

import psycopg
import pytest

from supportcases import SupportDesk
from supportcases.storage.postgres import watching
from supportcases.storage.postgres.watching import PostgresWatch
from tests.conftest import ACME, ADA

BODY = "The printer is on fire."
LISTENING = (
    "SELECT pid, state, xact_start, backend_xmin FROM pg_stat_activity WHERE query = 'LISTEN supportcases_events'"
)


@pytest.fixture
def admin(owner_url):
    with psycopg.connect(owner_url, autocommit=True) as admin:
        yield admin


@pytest.fixture
def watch(repository):
    with repository.watch() as watch:
        yield watch


def test_without_a_webhook_nobody_is_told_of_an_event(repository, watch):
    assert watch.wait(1)  # what was before it listens nobody knows
    SupportDesk(repository).open(ACME, body=BODY)
    assert not watch.wait(0.1)


def test_many_events_wake_once(repository, watch):
    desk = SupportDesk(repository)
    desk.add_webhook(ADA, url="https://shop.example.com/hooks")
    assert watch.wait(1)
    with repository.write():
        for _ in range(10):
            desk.open(ACME, body=BODY)
    assert watch.wait(10)
    assert not watch.wait(0.1)


def test_it_holds_no_transaction(watch, admin):
    assert watch.wait(1)
    ((_, *held),) = admin.execute(LISTENING).fetchall()
    assert held == ["idle", None, None]


def test_a_connection_that_breaks_is_made_anew(repository, watch, admin, monkeypatch):
    monkeypatch.setattr(watching, "SHORTEST", 0.05)
    desk = SupportDesk(repository)
    desk.add_webhook(ADA, url="https://shop.example.com/hooks")
    assert watch.wait(1)
    admin.execute(f"SELECT pg_terminate_backend(pid, 10000) FROM ({LISTENING}) AS them")
    assert not watch.wait(1)
    assert watch.wait(1)
    desk.open(ACME, body=BODY)
    assert watch.wait(10)


def test_where_none_can_be_made_it_waits_and_tries_less_and_less_often(monkeypatch):
    now = 0.0
    tried = []

    def connect():
        tried.append(now)
        raise psycopg.OperationalError("no server")

    def sleep(seconds):
        nonlocal now
        now += seconds

    monkeypatch.setattr(watching, "ticks", lambda: now)
    monkeypatch.setattr(watching.time, "sleep", sleep)
    with closing(PostgresWatch(connect)) as watch:
        while now < 120:
            assert not watch.wait(1)
    assert tried == [0, 1, 3, 7, 15, 31, 61, 91]
