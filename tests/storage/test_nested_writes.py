"""A write within a write is a savepoint; where SQLite rolls back the whole transaction, nothing of it is kept."""

import sqlite3
from contextlib import ExitStack, closing, nullcontext, suppress

import pytest

from supportcases import DatabaseUnavailable, create_app
from tests.conftest import ACME
from tests.support.processes import numbers_of

BODY = "What becomes of the case before this one?"
ENDED = "This transaction has ended before its time; nothing more of it is kept."


@pytest.fixture(params=["memory", "file"])
def told(request, path):
    """A desk with one case, and what `on_event` has heard since."""
    heard = []
    app = create_app(":memory:" if request.param == "memory" else path, on_event=heard.append)
    app.desk.open(ACME, body=BODY)
    heard.clear()
    with closing(app.desk.repository):
        yield app.desk, heard


def run_out_of_space(desk, transaction):
    """Let SQLite roll the transaction back: as on a full disk the statement cannot be taken back alone."""
    transaction.connection.execute("CREATE TABLE orders (number)")
    transaction.connection.execute("PRAGMA max_page_count = 1")  # SQLite makes it as many pages as there are
    with pytest.raises(DatabaseUnavailable), desk.repository.write() as inner:
        inner.connection.execute("INSERT INTO orders VALUES (zeroblob(1000000))")


def make_room(repository):
    with repository.read() as transaction:
        transaction.connection.execute("PRAGMA max_page_count = 1000000")


def test_nothing_is_kept_and_nothing_told_where_a_host_writes_on_after_a_full_disk(told):
    desk, heard = told
    with pytest.raises(DatabaseUnavailable, match=ENDED), desk.repository.write() as transaction:  # noqa: PT012
        desk.reply(ACME, 1, body="The first.")
        run_out_of_space(desk, transaction)
        with pytest.raises(DatabaseUnavailable, match=ENDED):
            desk.reply(ACME, 1, body="The last.")
    make_room(desk.repository)
    assert [message.body for message in desk.get(ACME, 1).messages] == [BODY]
    assert numbers_of(desk) == [1]
    assert heard == []
    desk.reply(ACME, 1, body="After it.")
    assert [str(event.kind) for event in heard] == ["replied"]


@pytest.mark.parametrize("blob", [False, True])
@pytest.mark.parametrize("pages", range(0, 30, 3))
def test_a_write_within_a_write_is_whole_or_nothing_wherever_the_disk_ends(told, pages, blob):
    desk, heard = told
    try:
        with desk.repository.write() as transaction:
            transaction.connection.execute("CREATE TABLE orders (number)")
            desk.reply(ACME, 1, body="first")
            ((now,),) = transaction.connection.execute("PRAGMA page_count").fetchall()
            transaction.connection.execute(f"PRAGMA max_page_count = {now + pages}")
            with suppress(DatabaseUnavailable), desk.repository.write():
                for _ in range(20):
                    desk.reply(ACME, 1, body="x" * 9_000)
                    if blob:
                        transaction.connection.execute("INSERT INTO orders VALUES (zeroblob(1000000))")
            transaction.connection.execute("PRAGMA max_page_count = 1000000")
            desk.reply(ACME, 1, body="last")
    except DatabaseUnavailable:
        expected = []
    else:
        expected = ["first", "last"]
    assert [message.body for message in desk.get(ACME, 1).messages[1:]] == expected
    assert [event.message.body for event in heard] == expected


def test_each_further_use_of_a_transaction_that_sqlite_has_ended_is_refused(told):
    desk, _ = told
    with pytest.raises(DatabaseUnavailable, match=ENDED), desk.repository.write() as transaction:  # noqa: PT012
        cases, connection = transaction.cases, transaction.connection
        run_out_of_space(desk, transaction)
        uses = (
            lambda: transaction.cases.next_number("acme"),
            lambda: cases.next_number("acme"),
            lambda: connection.execute("CREATE TABLE baskets (number)"),
            lambda: connection.cursor(),
            lambda: connection.executemany("DELETE FROM supportcases_cases WHERE number = ?", [(1,)]),
            lambda: connection.executescript("DELETE FROM supportcases_keys"),
            lambda: connection.execute("BEGIN"),
            lambda: desk.find(ACME, 1),
            lambda: desk.repository.write().__enter__(),
        )
        for use in uses:
            with pytest.raises(DatabaseUnavailable, match=ENDED):
                use()
    make_room(desk.repository)
    assert numbers_of(desk) == [1]


@pytest.mark.parametrize("swallowed_at", [1, 2, 3])
def test_an_error_that_ends_the_transaction_at_depth_three_is_told_wherever_it_is_swallowed(told, swallowed_at):
    desk, heard = told

    def write(depth):
        swallowed = suppress(DatabaseUnavailable) if depth == swallowed_at else nullcontext()
        with swallowed, desk.repository.write() as inner:
            desk.reply(ACME, 1, body=f"At depth {depth}.")
            if depth < 3:
                write(depth + 1)
            else:
                run_out_of_space(desk, inner)

    with pytest.raises(DatabaseUnavailable, match=ENDED), desk.repository.write():
        write(1)
    make_room(desk.repository)
    assert len(desk.get(ACME, 1).messages) == 1
    assert heard == []


@pytest.mark.parametrize("statement", ["COMMIT", "ROLLBACK"])
def test_a_host_that_ends_the_transaction_itself_is_told(told, statement):
    desk, heard = told
    with pytest.raises(DatabaseUnavailable, match=ENDED), desk.repository.write() as transaction:  # noqa: PT012
        desk.reply(ACME, 1, body="The first.")
        transaction.connection.execute(statement)
        with pytest.raises(DatabaseUnavailable, match=ENDED):
            desk.reply(ACME, 1, body="The last.")
    assert len(desk.get(ACME, 1).messages) == (2 if statement == "COMMIT" else 1)
    assert heard == []


def test_a_statement_that_is_interrupted_takes_the_transaction_with_it(told):
    desk, heard = told
    with pytest.raises(DatabaseUnavailable, match=ENDED), desk.repository.write() as transaction:  # noqa: PT012
        desk.reply(ACME, 1, body="The first.")
        connection = transaction.connection
        connection.execute("CREATE TABLE numbers (number)")
        connection.set_progress_handler(lambda: 1, 100)
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
                "INSERT INTO numbers SELECT i FROM n"
            )
        connection.set_progress_handler(None, 0)
    assert len(desk.get(ACME, 1).messages) == 1
    assert heard == []


def test_where_going_back_to_the_savepoint_fails_the_whole_transaction_is_taken_back(told):
    desk, heard = told
    with pytest.raises(DatabaseUnavailable, match=ENDED), desk.repository.write() as outer:  # noqa: PT012
        desk.reply(ACME, 1, body="The first.")
        with pytest.raises(sqlite3.OperationalError, match="no such savepoint"), desk.repository.write():  # noqa: PT012
            desk.reply(ACME, 1, body="The second.")
            outer.connection.execute("RELEASE supportcases")  # now nobody can go back there
            raise ValueError
    assert len(desk.get(ACME, 1).messages) == 1
    assert heard == []


def test_a_commit_that_fails_keeps_nothing_and_tells_nothing(told):
    desk, heard = told
    with pytest.raises(sqlite3.IntegrityError), desk.repository.write() as transaction:  # noqa: PT012
        desk.reply(ACME, 1, body="The first.")
        transaction.connection.execute("PRAGMA defer_foreign_keys = ON")
        transaction.connection.execute("UPDATE supportcases_messages SET case_id = 'nobody'")
    assert len(desk.get(ACME, 1).messages) == 1
    assert heard == []
    desk.reply(ACME, 1, body="After it.")


def test_a_transaction_that_is_over_cannot_be_used_any_more(told):
    desk, _ = told
    for begin in (desk.repository.read, desk.repository.write):
        with begin() as transaction:
            pass
        with pytest.raises(RuntimeError, match="This transaction is over; begin another"):
            transaction.cases.next_number("acme")


@pytest.mark.parametrize("error", [None, ValueError("It failed.")], ids=["ends", "fails"])
def test_an_inner_write_that_ends_after_the_outer_one_touches_nobody_else_s(told, error):
    desk, _ = told
    with desk.repository.write():
        late = desk.repository.write()
        late.__enter__()
    with desk.repository.write():
        with suppress(KeyError), desk.repository.write():
            desk.reply(ACME, 1, body="Taken back.")
            with pytest.raises(type(error or RuntimeError())), ExitStack() as stack:  # noqa: PT012
                stack.push(late)
                if error:
                    raise error
            raise KeyError
        desk.reply(ACME, 1, body="Kept.")
    assert [message.body for message in desk.get(ACME, 1).messages] == [BODY, "Kept."]
