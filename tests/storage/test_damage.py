"""A file that is damaged, moved, deleted or replaced while in use: nothing is written where nobody would find it."""

import logging
import os
import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from supportcases import DatabaseDamaged, DatabaseUnavailable, SupportDesk, create_app
from supportcases.storage.sqlite import SqliteRepository
from tests.conftest import ACME, CASES, call
from tests.support.answers import checked
from tests.support.databases import python

BODY = b'{"body": "The checkout shows a blank page."}'
REPLY = b'{"body": "It still does."}'
GIVEN = {"CONTENT_TYPE": "application/json"}


@pytest.fixture
def app(path):
    """An app with a case, whose database file nobody has open."""
    app = create_app(path, authenticate=lambda req: ACME)
    app.desk.open(ACME, body="The checkout shows a blank page.")
    app.desk.repository.close()
    yield app
    app.desk.repository.close()


def post(app, path, body):
    return call(app, "POST", path, body, CONTENT_LENGTH=str(len(body)), **GIVEN)


def spoil(path, table):
    """Overwrite the first page of a table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    python(  # in another process: closing the file here would drop SQLite's locks
        """
        import sys
        with open(sys.argv[1], "r+b") as file:
            file.seek((int(sys.argv[2]) - 1) * int(sys.argv[3]))
            file.write(b"spoilt! " * (int(sys.argv[3]) // 8))
        """,
        str(path),
        str(page),
        str(size),
    )


def test_damage_is_our_fault_and_ends_all_writing_and_what_is_sound_is_still_read(app, path, caplog):
    spoil(path, "supportcases_messages")
    assert call(app, "GET", CASES).json["meta"]["count"] == 1
    sentence = "The database is damaged; nothing more is written to it until it is repaired."
    with caplog.at_level(logging.ERROR, "supportcases"):
        for answer in (
            call(app, "GET", f"{CASES}/1"),
            post(app, CASES, BODY),
            post(app, f"{CASES}/1/messages", REPLY),
            call(app, "GET", f"{CASES}/1"),
            call(app, "GET", "/healthz"),
        ):
            assert checked(answer, 500, "database_damaged")["error"] == sentence
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "supportcases.sqlite",
            "CRITICAL",
            f"{path} is damaged (database disk image is malformed): this process writes nothing more to it; "
            "`supportcases check` tells what is wrong",
        )
    ]
    assert call(app, "GET", CASES).json["meta"]["count"] == 1


def test_nothing_is_even_tried_to_be_written_once_damage_was_found(app, path):
    spoil(path, "supportcases_messages")
    checked(call(app, "GET", f"{CASES}/1"), 500, "database_damaged")
    entered = []

    def write():
        with app.desk.repository.write():
            entered.append(True)

    with pytest.raises(DatabaseDamaged):
        write()
    assert entered == []


@pytest.mark.parametrize("happens", ["moved", "deleted", "replaced"])
def test_nothing_is_acknowledged_that_would_go_into_a_file_which_is_no_longer_there(app, path, happens):
    assert call(app, "GET", CASES).status == 200  # the file is in use
    aside = path.with_suffix(".aside")
    other = path.with_suffix(".other")
    shutil.copy(path, other)
    if happens == "deleted":
        os.link(path, aside)
        path.unlink()
    else:
        path.rename(aside)
    if happens == "replaced":
        other.rename(path)
    for answer in (post(app, CASES, BODY), call(app, "GET", CASES), call(app, "GET", "/healthz")):
        checked(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "10"
    with pytest.raises(DatabaseUnavailable, match=f"^{path} was moved, deleted or replaced while it was in use.$"):
        app.desk.open(ACME, body="The checkout shows a blank page.")
    aside.replace(path)
    assert post(app, CASES, BODY).json["number"] == 2
    assert call(app, "GET", CASES).json["meta"]["count"] == 2


def test_damage_within_a_text_is_damage_too_and_the_text_stays_out_of_the_log(app, path, caplog):
    body = "confidential " * 700  # longer than a page: its end lies in pages of its own
    app.desk.reply(ACME, 1, body=body)
    app.desk.repository.close()
    spoil_text(path, b"confidential confidential confidential")
    with caplog.at_level(logging.DEBUG, "supportcases"):
        checked(call(app, "GET", f"{CASES}/1"), 500, "database_damaged")
        checked(post(app, CASES, BODY), 500, "database_damaged")
    assert [record.getMessage() for record in caplog.records if record.levelname == "CRITICAL"] == [
        f"{path} is damaged (a text in it is no UTF-8): this process writes nothing more to it; "
        "`supportcases check` tells what is wrong"
    ]
    assert "confidential" not in caplog.text


def spoil_text(path, text):
    """Overwrite the last place of a text with bytes that are no UTF-8."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    python(
        """
        import sys
        with open(sys.argv[1], "r+b") as file:
            at = file.read().rindex(sys.argv[2].encode())
            file.seek(at)
            file.write(b"\\xff" * len(sys.argv[2]))
        """,
        str(path),
        text.decode(),
    )


def waiting_writer(app, meanwhile):
    """Let a write wait for its turn while `meanwhile` happens; return what came of it."""
    with ThreadPoolExecutor(1) as elsewhere:
        with app.desk.repository.write():
            second = elsewhere.submit(app.desk.open, ACME, body="The checkout shows a blank page.")
            time.sleep(0.2)
            meanwhile()
        return second.exception(timeout=10)


def test_a_write_that_waited_for_another_process_while_the_file_was_moved_is_refused(app, path):
    asked = threading.Event()
    repository = SqliteRepository(path, trace=lambda sql: asked.set() if sql == "BEGIN IMMEDIATE" else None)
    desk = SupportDesk(repository)
    assert desk.list(ACME).count == 1  # which file it is, is known from the first use on
    asked.clear()
    aside = path.with_suffix(".aside")
    with closing(sqlite3.connect(path, isolation_level=None)) as other, ThreadPoolExecutor(1) as writer:
        other.execute("BEGIN IMMEDIATE")
        write = writer.submit(desk.reply, ACME, 1, body="It still does.")
        assert asked.wait(timeout=10)
        path.rename(aside)
        other.execute("ROLLBACK")
        assert isinstance(write.exception(timeout=10), DatabaseUnavailable)
    aside.rename(path)
    assert len(desk.get(ACME, 1).messages) == 1
    repository.close()


def test_a_write_that_waited_while_damage_was_found_is_refused(app, path):
    spoil(path, "supportcases_messages")

    def read():
        with ThreadPoolExecutor(1) as reader:
            assert isinstance(reader.submit(app.desk.get, ACME, 1).exception(timeout=10), DatabaseDamaged)

    with pytest.raises(DatabaseDamaged):  # the one who had the turn may not keep what it wrote either
        waiting_writer(app, read)
    assert app.desk.list(ACME).count == 1


def test_what_was_written_around_damage_that_somebody_caught_is_not_kept(app, path):
    spoil(path, "supportcases_messages")

    def write_and_catch():
        with app.desk.repository.write() as transaction:
            transaction.cases.next_number("acme")
            with suppress(DatabaseDamaged):
                app.desk.reply(ACME, 1, body="It still does.")
                app.desk.get(ACME, 1)

    with pytest.raises(DatabaseDamaged):
        write_and_catch()
    app.desk.repository.close()
    assert app.desk.list(ACME).count == 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT last_number FROM supportcases_stores").fetchall() == [(1,)]
