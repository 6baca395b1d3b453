"""The write-ahead log: it is begun anew although somebody always reads from it, and nobody's answer suffers from it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk
from supportcases.cases import CaseFilter
from supportcases.sqlite import journal
from tests.conftest import ACME

BODY = "x" * 9_000
LONG = 400_000


@pytest.fixture
def desk(path, monkeypatch):
    monkeypatch.setattr(journal, "LONG", LONG)
    monkeypatch.setattr(journal, "MORE", LONG)
    with closing(SqliteRepository(path)) as repository:
        yield SupportDesk(repository)


def overlapping_readers(desk, done, begun):
    """Read so that at every moment one of two has begun and not ended."""
    mine, other = begun
    while not done.is_set():
        with desk.repository.read() as transaction:
            transaction.cases.page("acme", CaseFilter(), limit=1, offset=0)
            mine.set()
            other.wait(1)
            other.clear()


def test_the_journal_stays_short_although_somebody_always_reads(desk, path):
    desk.open(ACME, body=BODY)
    done, first, second = threading.Event(), threading.Event(), threading.Event()
    longest = 0
    with ThreadPoolExecutor(2) as readers:
        readers.submit(overlapping_readers, desk, done, (first, second))
        readers.submit(overlapping_readers, desk, done, (second, first))
        try:
            for _ in range(300):
                desk.open(ACME, body=BODY)
                longest = max(longest, path.with_name("cases.db-wal").stat().st_size)
        finally:
            done.set()
    assert desk.list(ACME).count == 301
    assert LONG / 2 < longest < 3 * LONG


def test_a_reader_who_stays_makes_no_write_fail(desk, path, monkeypatch):
    monkeypatch.setattr(journal, "READERS_TURN", 0.01)
    desk.open(ACME, body=BODY)
    with desk.repository.read() as transaction, ThreadPoolExecutor(1) as elsewhere:
        assert transaction.cases.page("acme", CaseFilter(), limit=1, offset=0).count == 1
        for number in range(2, 102):
            assert elsewhere.submit(desk.open, ACME, body=BODY).result(timeout=10).number == number
        assert transaction.cases.page("acme", CaseFilter(), limit=1, offset=0).count == 1
    grown = path.with_name("cases.db-wal").stat().st_size
    assert grown > 4 * LONG
    for _ in range(200):
        desk.open(ACME, body=BODY)
    assert path.with_name("cases.db-wal").stat().st_size <= grown + LONG
