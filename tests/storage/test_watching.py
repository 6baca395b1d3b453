"""What wakes those who wait: writes, whoever makes them."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk
from supportcases.processes import ticks
from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA
from tests.support.databases import open_files, python

BODY = "The printer is on fire."
OPEN = """
import sys
from supportcases import Actor, SupportDesk
from supportcases.storage.open import open_repository
SupportDesk(open_repository(sys.argv[1])).open(Actor.merchant("acme"), body="The till is down.")
"""
FORKS = """
import os, sys
from supportcases import Actor, SqliteRepository, SupportDesk
repository = SqliteRepository(sys.argv[1])
desk, acme = SupportDesk(repository), Actor.merchant("acme")

def opened():
    desk.open(acme, body="The till is down.")
    return watch.wait(10)

with repository.watch() as watch:
    while watch.wait(0):
        pass
    child = os.fork()
    if child == 0:
        held = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if fd != "3"]
        print("child", opened(), sum(sys.argv[1] in name for name in held), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print("parent", watch.wait(10))
"""


@pytest.fixture
def desk(db):
    """A desk with a webhook, without which nobody would be told anything."""
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository)
        desk.add_webhook(ADA, url="https://shop.example.com/hooks")
        yield desk


@pytest.fixture
def watch(desk):
    with desk.repository.watch() as watch:
        while watch.wait(0.1):  # until nothing is left of what was before
            pass
        yield watch


def test_a_write_wakes_at_once_and_only_once(desk, watch):
    with ThreadPoolExecutor(1) as elsewhere:
        waiting = elsewhere.submit(watch.wait, 20)
        begun = ticks()
        desk.open(ACME, body=BODY)
        assert waiting.result()
        assert ticks() - begun < 2
    assert not watch.wait(0.1)


def test_so_does_one_that_came_before_the_wait(desk, watch):
    desk.open(ACME, body=BODY)
    assert watch.wait(20)


def test_so_does_one_of_another_process_which_is_gone_by_then(db, watch):
    python(OPEN, db)
    assert watch.wait(20)


def test_without_one_it_waits_as_long_as_it_is_told(watch):
    begun = ticks()
    assert not watch.wait(0.2)
    assert 0.2 <= ticks() - begun < 2


def test_a_read_wakes_nobody(desk, watch):
    desk.list(ACME)
    assert not watch.wait(0.1)


def test_in_memory_nothing_wakes_and_it_waits():
    with closing(SqliteRepository(":memory:")) as repository, repository.watch() as watch:
        SupportDesk(repository).open(ACME, body=BODY)
        begun = ticks()
        assert not watch.wait(0.1)
        assert ticks() - begun >= 0.1


# the file


@pytest.fixture
def watched(path):
    """A file with the watch of it, and another connection to it."""
    with (
        closing(SqliteRepository(path)) as repository,
        repository.watch() as watch,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("CREATE TABLE words (word TEXT)")
        while watch.wait(0):
            pass
        yield watch, other


def test_what_is_not_kept_yet_wakes_nobody_too_early(watched):
    """What looks when the journal was written to would see nothing new then, and not look again."""
    watch, other = watched
    other.execute("PRAGMA cache_size = 1")
    other.execute("BEGIN")
    for word in range(100):
        other.execute("INSERT INTO words VALUES (?)", [str(word) * 2_000])
    assert not watch.wait(0)
    other.execute("COMMIT")
    assert watch.wait(0)
    assert not watch.wait(0)


def test_it_holds_up_no_writer_and_no_checkpoint(watched):
    watch, other = watched
    other.execute("INSERT INTO words VALUES ('one')")
    assert watch.wait(0)
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    watch.wait(0)
    other.execute("BEGIN EXCLUSIVE")
    assert not watch.wait(0)
    other.execute("COMMIT")


def test_a_file_that_is_away_is_waited_for(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    repository = SqliteRepository("cases.db")
    monkeypatch.chdir("/")
    away = path.with_suffix(".away")
    path.rename(away)
    with repository.watch() as watch:
        begun = ticks()
        assert not watch.wait(0.1)
        assert ticks() - begun >= 0.1
        away.rename(path)
        assert watch.wait(1)
        with closing(SqliteRepository(path)) as other:
            SupportDesk(other).open(ACME, body=BODY)
        assert watch.wait(0)
    assert open_files(path.parent) == []


def test_a_fork_takes_no_connection_along_and_both_go_on(path):
    assert python(FORKS, str(path)) == "child True 0\nparent True\n"
