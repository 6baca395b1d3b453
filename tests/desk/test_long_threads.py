"""How long a thread may be: up to where its merchant's replies are taken, what counts, and what it costs."""

import itertools
import json
import sqlite3
import tracemalloc
from contextlib import closing

import pytest
from falcon.testing import create_environ

from supportcases import SqliteRepository, SupportDesk, ThreadFull, create_app
from supportcases.domain.cases import ThreadSize
from supportcases.formats.whole_cases import Dossier, load
from supportcases.storage.rows import message_to_row
from supportcases.storage.sqlite.checks import check
from supportcases.testing import support_desk
from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT, call
from tests.support.answers import checked
from tests.support.databases import insert, insert_case, older_file
from tests.support.rows import a_case, a_message

BODY = "The checkout shows a blank page."  # of 32 characters
FULL = (
    "This reply does not fit into the case, which takes replies up to {:,} messages and {:,} characters of text; "
    "open a new case."
)
JSON = {"CONTENT_TYPE": "application/json"}


def reply_to(app, number=1, body="Any news?", **environ):
    sent = json.dumps({"body": body}).encode()
    return call(app, "POST", f"{CASES}/{number}/messages", sent, CONTENT_LENGTH=str(len(sent)), **JSON, **environ)


def size_of(desk, number=1, store="acme") -> ThreadSize:
    with desk.repository.read() as transaction:
        case = desk.find(ADA, f"{store}:{number}")
        return transaction.cases.thread_size(store, case.id)


@pytest.fixture
def app():
    app = create_app(":memory:", authenticate=lambda req: ACME, max_thread_messages=3, max_thread_characters=100)
    app.desk.open(ACME, body=BODY)
    return app


def test_a_case_takes_replies_up_to_so_many_messages_and_says_to_open_a_new_one(app):
    assert [reply_to(app).status for _ in range(3)] == [201, 201, 409]
    assert checked(reply_to(app), 409, "thread_full")["error"] == FULL.format(3, 100)
    assert len(app.desk.get(ACME, 1).messages) == 3


def test_a_case_takes_replies_up_to_so_many_characters(app):
    assert reply_to(app, body="x" * 69).status == 409
    assert reply_to(app, body="é" * 68).status == 201  # characters, and not bytes
    assert checked(reply_to(app, body="x"), 409, "thread_full")["error"] == FULL.format(3, 100)
    assert size_of(app.desk) == (2, 100)


def test_what_a_merchant_sees_counts_and_notes_do_not(app):
    for _ in range(5):
        app.desk.note(ADA, "acme:1", body="x" * 100)
    assert size_of(app.desk) == (1, 32)
    app.desk.answer(ADA, "acme:1", body="Which browser?")
    assert size_of(app.desk) == (2, 46)
    assert [reply_to(app).status for _ in range(2)] == [201, 409]


def test_the_team_answers_notes_and_closes_a_full_case_and_its_merchant_closes_and_reopens_it(app):
    for _ in range(2):
        app.desk.reply(ACME, 1, body="Any news?")
    assert app.desk.answer(ADA, "acme:1", body="x" * 200, close=True).case.status == "closed"
    assert app.desk.note(ADA, "acme:1", body="x" * 200).case.status == "closed"
    assert app.desk.reopen(ACME, 1).status == "open"
    assert app.desk.close(ACME, 1).status == "closed"
    assert app.desk.open(ACME, body="It goes on here.").number == 2
    assert size_of(app.desk) == (4, 250)


def test_a_retry_of_a_reply_that_was_taken_gets_its_answer_although_the_case_is_full(app):
    reply_to(app)
    last = reply_to(app, HTTP_IDEMPOTENCY_KEY="last")
    again = reply_to(app, HTTP_IDEMPOTENCY_KEY="last")
    assert (again.status, again.body) == (201, last.body)
    assert [reply_to(app, HTTP_IDEMPOTENCY_KEY="more").status for _ in range(2)] == [409, 409]
    with app.desk.repository.read() as transaction:
        assert transaction.replays.find("store:acme", "more") is None  # a refusal is not kept


def test_unless_told_otherwise_it_is_2000_messages_and_2000000_characters(desk):
    ids = itertools.count(1)
    lengths = {1: [1] * 1_999, 2: [10_000] * 199}
    cases = {
        a_case(number): tuple(a_message(next(ids), "x" * length) for length in lengths[number]) for number in lengths
    }
    load(desk.repository, (Dossier(case, messages, ()) for case, messages in cases.items()))
    desk.reply(ACME, 1, body="x")
    desk.reply(ACME, 2, body="x" * 9_999)
    desk.reply(ACME, 2, body="x")
    assert (size_of(desk), size_of(desk, 2)) == ((2_000, 2_000), (201, 2_000_000))
    for number in (1, 2):
        with pytest.raises(ThreadFull) as full:
            desk.reply(ACME, number, body="x")
        assert str(full.value) == FULL.format(2_000, 2_000_000)


def test_a_test_of_a_host_has_full_threads_by_the_kit():
    with support_desk(max_thread_messages=1, max_thread_characters=50, max_open_cases=1) as kit:
        merchant = kit.as_merchant("acme")
        merchant.open(body=BODY)
        with pytest.raises(ThreadFull, match="up to 1 messages and 50 characters"):
            merchant.reply(1, body="x")


@pytest.mark.parametrize("name", ["max_thread_messages", "max_thread_characters"])
@pytest.mark.parametrize("most", [0, -1, "5", True, 1.0, None])
def test_a_limit_that_is_none_is_refused_with_a_sentence(name, most):
    with pytest.raises(ValueError, match=f"^{name} must be a whole number from 1 on, not {most!r}.$"):
        create_app(":memory:", **{name: most})


# the lengths are right whatever way the messages came


def test_a_file_of_an_older_version_is_counted_when_it_is_brought_up_to_date(path):
    cases = [a_case(1), a_case(2)]
    ids = itertools.count(1)

    def said(store, number, internal):
        message = a_message(next(ids), "Größe" if store == "acme" else "Somebody else's.", internal=internal)
        insert(connection, "messages", message_to_row(cases[number - 1]._replace(store=store), message))

    with older_file(path, "0006_threads") as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        insert(connection, "stores", {"store": "acme", "last_number": 2})
        for case in cases:
            insert_case(connection, case)
        for number, internal in ((1, False), (1, True), (2, False), (2, True), (2, False)):
            said("acme", number, internal)
        for store in ("aaaa", "zzzz"):  # where none can be: in the case of another store
            said(store, 1, False)
    desk = SupportDesk(SqliteRepository(path))
    assert (size_of(desk), size_of(desk, 2)) == ((1, 5), (2, 10))
    assert not [fault for fault in check(str(path)).faults if fault.startswith("threads")]


@pytest.mark.parametrize(
    ("statement", "size"),
    [
        ("DELETE FROM supportcases_messages WHERE position = 2", (1, 32)),
        ("DELETE FROM supportcases_messages WHERE position = 3", (2, 41)),
        ("UPDATE supportcases_messages SET body = 'deleted' WHERE position = 2", (2, 39)),
        ("UPDATE supportcases_messages SET body = 'deleted' WHERE position = 3", (2, 41)),
        ("UPDATE supportcases_messages SET internal = 1 WHERE position = 2", (1, 32)),
        ("UPDATE supportcases_messages SET internal = 0 WHERE position = 3", (3, 54)),
        ("UPDATE supportcases_messages SET author_label = 'somebody'", (2, 41)),
    ],
)
def test_a_host_that_deletes_or_edits_messages_by_sql_leaves_the_length_right(desk, statement, size):
    desk.open(ACME, body=BODY)
    desk.reply(ACME, 1, body="Any news?")
    desk.note(ADA, "acme:1", body="Ask the bank.")
    desk.open(ACME, body=BODY)
    with desk.repository.write() as transaction:
        transaction.connection.execute(statement)
    assert (size_of(desk), size_of(desk, 2)) == (size, (1, 32))


def test_a_message_that_claims_to_be_of_another_store_s_case_changes_no_length(tmp_path):
    path = tmp_path / "cases.db"
    desk = SupportDesk(SqliteRepository(path))
    case = desk.open(ACME, body=BODY)
    desk.open(GLOBEX, body=BODY)
    with closing(sqlite3.connect(path)) as connection:  # which does not look at foreign keys
        connection.execute("UPDATE supportcases_messages SET case_id = ? WHERE store = 'globex'", (case.id,))
        connection.execute("DELETE FROM supportcases_messages WHERE store = 'globex'")
        connection.commit()
    assert size_of(desk) == (1, 32)


@pytest.mark.parametrize(("actor", "path"), [(ACME, f"{CASES}/1"), (ADA, f"{SUPPORT}/cases/acme:1")])
def test_a_long_thread_is_read_with_little_more_memory_than_its_answer_has(actor, path):
    """Its texts make six bytes of JSON of each character, and Python keeps four bytes of each because of one."""
    app = create_app(":memory:", authenticate=lambda req: actor)
    app.desk.open(ACME, body=BODY)
    with app.desk.repository.write():
        for _ in range(199):
            app.desk.reply(ACME, 1, body="\N{GRINNING FACE}" + "\1" * 9_999)
    tracemalloc.start()
    answer = app(create_environ(path), lambda *_: None)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(map(len, answer)) > 11_900_000
    assert most < 25_000_000


def test_a_reply_takes_the_same_few_steps_however_long_the_thread_is(tmp_path):
    """The steps of SQLite's machine, in hundreds: a clock would tell of the machine's load instead."""
    desk = SupportDesk(SqliteRepository(tmp_path / "cases.db"))
    desk.open(ACME, body=BODY)

    def steps() -> int:
        with desk.repository.write() as transaction:
            ticks: list[None] = []
            transaction.connection.set_progress_handler(lambda: ticks.append(None), 100)
            desk.reply(ACME, 1, body="x" * 1_000)
            transaction.connection.set_progress_handler(None, 0)
        return len(ticks)

    few = steps()
    with desk.repository.write():
        for _ in range(1_900):
            desk.reply(ACME, 1, body="x" * 1_000)
    assert steps() <= few + 1
