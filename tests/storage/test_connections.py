"""The contract of every repository, on SQLite in memory and in a file, and what only the file can show."""

import json
import math
import os
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk, create_app
from supportcases.processes import deadline, ticks
from supportcases.storage.sqlite.connections import attempts
from supportcases.storage.sqlite.pool import IDLE, Pool
from tests.conftest import ACME, CASES, call
from tests.support.attachment_contract import AttachmentContract
from tests.support.databases import open_files, python
from tests.support.erasure_contract import ErasureContract
from tests.support.excerpt_contract import ExcerptContract
from tests.support.feed_contract import FeedContract
from tests.support.list_contract import ListContract
from tests.support.queue_contract import QueueContract
from tests.support.report_contract import ReportContract
from tests.support.repository_contract import RepositoryContract
from tests.support.rows import a_case, found, kept, listed
from tests.support.session_contract import SessionContract
from tests.support.text_contract import TextContract
from tests.support.transaction_contract import TransactionContract
from tests.support.webhook_contract import WebhookContract
from tests.support.whole_cases_contract import WholeCasesContract

BODY = "The checkout says that the card was declined."


class Contract(
    RepositoryContract,
    WholeCasesContract,
    SessionContract,
    TextContract,
    AttachmentContract,
    ListContract,
    QueueContract,
    ExcerptContract,
    ReportContract,
    FeedContract,
    WebhookContract,
    ErasureContract,
    TransactionContract,
):
    """Whatever an engine must do."""


class TestSqliteInMemory(Contract):
    refused = sqlite3.IntegrityError

    @pytest.fixture
    def repository(self):
        repository = SqliteRepository(":memory:")
        yield repository
        repository.close()


class TestSqliteFile(RepositoryContract, TransactionContract):
    """What is kept and how, which has other connections here; the statements are those of the memory's."""

    refused = sqlite3.IntegrityError

    @pytest.fixture
    def repository(self, file_repository):
        return file_repository


# the file


def test_a_new_app_has_no_file_of_the_database_open(path):
    app = create_app(path)
    assert open_files(path.parent) == []
    assert os.listdir(path.parent) == ["cases.db"]
    app.desk.repository.close()


def test_a_closed_repository_has_no_file_open_and_serves_again(file_repository, path):
    kept(file_repository, a_case(1))
    assert open_files(path.parent) != []
    file_repository.close()
    assert open_files(path.parent) == []
    assert os.listdir(path.parent) == ["cases.db"]
    assert found(file_repository, 1) == a_case(1)
    file_repository.close()
    file_repository.close()


def test_a_repository_that_nobody_holds_closes_its_files(path):
    repository = SqliteRepository(path)
    repository.check()
    assert open_files(path.parent) != []
    del repository
    assert open_files(path.parent) == []


SETTINGS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "mmap_size": 0, "busy_timeout": 0}


def test_a_commit_is_durable_and_the_rules_of_the_schema_are_on(file_repository):
    begin = file_repository.read, file_repository.read, file_repository.write  # a new connection, one used before
    for transaction in begin:
        with transaction() as within:
            found = {name: within.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS}
        assert found == SETTINGS


def test_each_waits_for_locks_as_long_as_it_may_itself(path):
    """Whoever borrows the connection next is told nothing of the patience of the one before."""
    statements = []
    with closing(SqliteRepository(path, trace=statements.append)) as repository:
        for writes, seconds in ((True, 3), (True, 3), (False, 3), (False, math.inf), (True, math.inf)):
            token = deadline.set(ticks() + seconds)
            with repository.write() if writes else repository.read() as transaction:
                assert transaction.connection.patience == pytest.approx(min(seconds, 10.0), abs=0.3)
            deadline.reset(token)
    assert not any("busy_timeout" in statement for statement in statements)  # each would take time


def test_a_write_takes_the_lock_before_it_reads(path):
    statements = []
    repository = SqliteRepository(path, trace=statements.append)
    statements.clear()
    with repository.write():
        pass
    with repository.read():
        pass
    repository.close()
    assert statements == ["BEGIN IMMEDIATE", "COMMIT", "BEGIN", "COMMIT"]


def test_threads_that_come_and_go_leave_no_files_open(file_repository, path):
    counts = []
    for number in range(1, 201):
        thread = threading.Thread(target=kept, args=(file_repository, a_case(number)))
        thread.start()
        thread.join()
        counts.append(len(open_files(path.parent)))
    assert listed(file_repository, limit=1) == [200]
    assert set(counts) == {counts[0]}


def test_after_a_burst_a_few_connections_stay_open(file_repository, path):
    journal = f"{path}-wal"  # SQLite itself keeps the file's own descriptors for the connections that come next
    together = threading.Barrier(20)
    at_once = []

    def read():
        with file_repository.read():
            if together.wait(10) == 0:
                at_once.append(open_files(path.parent).count(journal))
            together.wait(10)

    for _ in range(3):
        threads = [threading.Thread(target=read) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert open_files(path.parent).count(journal) == IDLE == 4
    assert at_once == [20, 20, 20]
    file_repository.close()
    assert open_files(path.parent) == []


def test_a_connection_that_comes_back_with_a_transaction_open_is_not_lent_again(tmp_path):
    with closing(SqliteRepository(tmp_path / "cases.db")) as repository:
        with repository._connections.borrow(writes=True) as connection:
            connection.execute("BEGIN IMMEDIATE")  # as where a ROLLBACK failed
            connection.execute("INSERT INTO supportcases_stores (store, last_number) VALUES ('acme', 41)")
        assert SupportDesk(repository).open(ACME, body=BODY).number == 1


@pytest.mark.parametrize(
    ("method", "asked", "borrowed"),
    [
        ("GET", "", 1),
        ("GET", "/1", 1),
        ("POST", "/1/messages", 2),  # between the key and the write it waits for its body, and holds none
    ],
)
def test_a_request_that_reads_borrows_one_connection_for_all(path, monkeypatch, method, asked, borrowed):
    app = create_app(path)
    key, _ = app.keys.create("acme")
    app.desk.open(ACME, body=BODY)
    borrowers = []
    take = Pool.take
    monkeypatch.setattr(Pool, "take", lambda *arguments: borrowers.append(threading.get_ident()) or take(*arguments))
    sent = {"HTTP_AUTHORIZATION": f"Bearer {key}", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "28"}
    answer = call(app, method, f"{CASES}{asked}", b'{"body": "It works again."} ', **sent)
    assert answer.status == (200 if method == "GET" else 201)
    assert len(borrowers) == borrowed
    app.desk.repository.close()
    assert open_files(path.parent) == []  # it was given back


# a disk that fails later


def test_a_full_disk_is_unavailable_and_heals_by_itself(path):
    out = python(
        """
        import json, resource, sys
        from supportcases import Actor, DatabaseUnavailable, SqliteRepository, SupportDesk
        acme, body = Actor.merchant("acme"), "x" * 9000
        repository = SqliteRepository(sys.argv[1])
        desk = SupportDesk(repository)
        kept, refused = 0, 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        for _ in range(60):
            try:
                desk.open(acme, body=body)
                kept += 1
            except DatabaseUnavailable:
                refused += 1
            assert desk.list(acme, limit=1).count == kept
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        number = desk.open(acme, body=body).number
        repository.close()
        print(json.dumps([kept, refused, number]))
        """,
        str(path),
    )
    kept_cases, refused, number = json.loads(out)
    assert kept_cases > 0
    assert refused > 0
    assert number == kept_cases + 1


def test_attempts_end_where_a_test_has_stopped_the_clock(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 1_700_000_000.0)
    assert list(attempts(0.01)) == [False] * 4 + [True]
