"""Who finds SQLite's lock taken tries again every 2 ms, as long as it may, and only where that can help."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from supportcases import DatabaseBusy, SqliteRepository, SupportDesk
from supportcases.processes import deadline, ticks
from tests.conftest import ACME

BODY = "Another process writes without a pause."
HELD, FREE = 0.28, 0.02  # seconds that another process has the lock, and lets others have it
COUNT = "SELECT count(*) FROM supportcases_cases"


def connected(path):
    """Return a connection of another program's."""
    return closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False))


@contextmanager
def locked_again_and_again(path):
    """Hold the write lock nearly all the time; yield whether it is held, and when it was let go."""
    enough, held, let_go = threading.Event(), threading.Event(), []

    def lock(other):
        while not enough.is_set():
            other.execute("BEGIN IMMEDIATE")
            held.set()
            time.sleep(HELD)
            held.clear()
            let_go.append(ticks())
            other.execute("ROLLBACK")
            time.sleep(FREE)

    with connected(path) as other, ThreadPoolExecutor(1) as elsewhere:
        locking = elsewhere.submit(lock, other)
        try:
            yield held, let_go
        finally:
            enough.set()
        locking.result()


@contextmanager
def locked_for_all(path):
    """Let nobody else read or write the file."""
    with connected(path) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute(COUNT).fetchone()
        other.execute("BEGIN IMMEDIATE")
        other.execute("COMMIT")
        yield


@pytest.fixture
def repository(path):
    with closing(SqliteRepository(path)) as repository:
        yield repository


def test_a_write_begins_in_the_short_time_between_two_of_another_process(repository, path):
    desk = SupportDesk(repository)
    missed = 0
    with locked_again_and_again(path) as (held, let_go):
        for _ in range(5):
            assert held.wait(30)
            before = len(let_go)
            desk.open(ACME, body=BODY)
            missed += len(let_go) - before - 1
    assert missed <= 5  # with 100 ms between two attempts, as SQLite has them, it never comes at the right time


@pytest.mark.parametrize("ask", [lambda connection: connection, lambda connection: connection.cursor()])
def test_a_read_waits_for_who_keeps_the_file_for_itself(repository, path, ask):
    def read():
        with repository.read() as transaction:
            return ask(transaction.connection).execute(COUNT).fetchone()

    with ThreadPoolExecutor(1) as elsewhere:
        with locked_for_all(path):
            reading = elsewhere.submit(read)
            time.sleep(0.5)
            assert not reading.done()
        assert reading.result(timeout=30) == (0,)


@pytest.mark.parametrize("writes", [False, True])
def test_nobody_waits_longer_than_its_request_may_take(repository, path, writes):
    token = deadline.set(ticks() + 0.3)
    begun = ticks()
    with locked_for_all(path), pytest.raises(DatabaseBusy), repository.write() if writes else repository.read() as kept:
        kept.connection.execute(COUNT)
    deadline.reset(token)
    assert 0.2 < ticks() - begun < 3


def test_who_has_read_what_is_not_the_newest_any_more_is_told_at_once(repository, path):
    begun = ticks()
    with repository.read() as transaction, ThreadPoolExecutor(1) as elsewhere:
        transaction.connection.execute(COUNT).fetchone()
        elsewhere.submit(SupportDesk(repository).open, ACME, body=BODY).result(timeout=30)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            transaction.connection.execute("DELETE FROM supportcases_stores")
    assert ticks() - begun < 5
