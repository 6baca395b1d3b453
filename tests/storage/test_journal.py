"""The write-ahead log: it is begun anew although somebody always reads from it, and nobody's answer suffers from it."""

import math
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk
from supportcases.domain.cases import CaseFilter
from supportcases.storage.sqlite import journal
from tests.conftest import ACME

BODY = "x" * 9_000
LONG = 400_000


@pytest.fixture
def statements():
    return []


@pytest.fixture
def desk(path, monkeypatch, statements):
    monkeypatch.setattr(journal, "LONG", LONG)
    with closing(SqliteRepository(path, trace=statements.append)) as repository:
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


def longest_under_readers(desk, path, cases) -> int:
    """Open cases while somebody always reads; return how long the journal of the file became."""
    desk.open(ACME, body=BODY)
    done, first, second = threading.Event(), threading.Event(), threading.Event()
    longest = 0
    with ThreadPoolExecutor(2) as readers:
        readers.submit(overlapping_readers, desk, done, (first, second))
        readers.submit(overlapping_readers, desk, done, (second, first))
        try:
            for _ in range(cases):
                desk.open(ACME, body=BODY)
                longest = max(longest, path.with_name("cases.db-wal").stat().st_size)
        finally:
            done.set()
    assert desk.list(ACME).count == 1 + cases
    return longest


@pytest.mark.parametrize("name", ["folder/link.db", "cases.db"])
def test_under_readers_the_journal_stays_short_whatever_name_leads_to_the_file(path, tmp_path, monkeypatch, name):
    """SQLite puts it beside the file that the name led to, a link or relative, when it was opened."""
    monkeypatch.setattr(journal, "LONG", LONG)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.db").symlink_to("../cases.db")
    (tmp_path / "folder").symlink_to("elsewhere")
    SqliteRepository(path)
    monkeypatch.chdir(tmp_path)
    with closing(SqliteRepository(name)) as repository:
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert LONG / 2 < longest_under_readers(SupportDesk(repository), path, 120) < 3 * LONG


def test_a_reader_who_stays_makes_no_write_fail_and_few_of_them_wait(desk, path, statements, monkeypatch):
    monkeypatch.setattr(journal, "READERS_TURN", 0.01)
    desk.open(ACME, body=BODY)
    with desk.repository.read() as transaction, ThreadPoolExecutor(1) as elsewhere:
        assert transaction.cases.page("acme", CaseFilter(), limit=1, offset=0).count == 1
        for number in range(2, 102):
            assert elsewhere.submit(desk.open, ACME, body=BODY).result(timeout=10).number == number
        assert transaction.cases.page("acme", CaseFilter(), limit=1, offset=0).count == 1
    length = path.with_name("cases.db-wal").stat().st_size
    assert length > 4 * LONG
    assert 5 <= statements.count("PRAGMA wal_checkpoint(TRUNCATE)") <= 1 + math.log(length / LONG, journal.MARK)
    assert "PRAGMA busy_timeout = 0" in statements  # as it was before


def test_of_all_processes_the_one_that_passes_a_mark_waits(path):
    path.with_name("cases.db-wal").write_bytes(bytes(journal.LONG - 1))
    one, other = journal.Journal(str(path)), journal.Journal(str(path))
    with closing(sqlite3.connect(path)) as connection:
        asked = []
        connection.set_trace_callback(asked.append)
        one.remember()
        path.with_name("cases.db-wal").write_bytes(bytes(journal.LONG))
        other.remember()
        other.keep_short(connection)
        assert asked == []
        one.keep_short(connection)
        assert asked == ["PRAGMA busy_timeout = 2000", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA busy_timeout = 0"]


def test_a_checkpoint_that_fails_is_told_and_flies_not(path, caplog):
    class Failing:
        in_transaction = False

        def execute(self, statement):
            if "checkpoint" in statement:
                raise sqlite3.OperationalError("disk I/O error")

    kept = journal.Journal(str(path))
    path.with_name("cases.db-wal").write_bytes(bytes(journal.LONG))
    kept.keep_short(Failing())
    kept.remember()
    kept.keep_short(Failing())
    assert [record.getMessage() for record in caplog.records] == [f"{path}-wal cannot be begun anew: disk I/O error"]
