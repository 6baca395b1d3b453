"""The index of messages follows them: in batches, after the write, and whatever becomes of a message."""

import random
import re
import sqlite3

import pytest

from supportcases import Actor, SqliteRepository, SupportDesk
from supportcases.domain.errors import DatabaseBusy
from supportcases.domain.text import fold
from supportcases.formats.whole_cases import Dossier, load
from supportcases.storage.sqlite import body_index, transactions, writing
from tests.conftest import ACME, ADA
from tests.support.databases import insert, insert_case, older_file
from tests.support.rows import a_case, a_message, failing_write
from tests.support.searching import a_text


@pytest.fixture(autouse=True)
def every_tenth(monkeypatch):
    monkeypatch.setattr(body_index, "EVERY", 10)
    for module in (transactions, writing):
        monkeypatch.setattr(module, "EVERY", 10)


def sql(repository, statement: str, *values) -> list[tuple]:
    with repository.write() as transaction:
        return transaction.connection.execute(statement, values).fetchall()


def indexed(repository) -> set[tuple[int, str]]:
    """Return all that the index holds: the position of a message, a trigram."""
    sql(repository, "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab (main, supportcases_bodies, instance)")
    rows = sql(repository, "SELECT doc, term FROM vocabulary")
    sql(repository, "DROP TABLE temp.vocabulary")
    return set(rows)


def wanted(repository, *, up_to: int = 2**62) -> set[tuple[int, str]]:
    """Return what it should hold of the messages up to that position."""
    return {
        (position, folded[place : place + 3])
        for position, body in sql(repository, "SELECT position, body FROM supportcases_messages")
        if position <= up_to
        for folded in [re.sub("[\ufffe\uffff]", "\ufffd", fold(body))]  # FTS5 takes them for each other
        for place in range(len(folded) - 2)
    }


def waiting(repository) -> int:
    ((count,),) = sql(repository, f"SELECT count(*) FROM ({body_index.UNINDEXED})")
    return count


def bring_up_to_date(repository) -> None:
    more = True
    while more:
        with repository.write() as transaction:
            more = body_index.index_next(transaction.connection, 10)


def say(desk, count: int) -> None:
    for n in range(count):
        desk.reply(ACME, 1, body=f"Still the same fault, for the {n}. time: größer als İstanbul")


@pytest.fixture(params=["repository", "file_repository"])
def desk(request):
    desk = SupportDesk(request.getfixturevalue(request.param))
    desk.open(ACME, body="The checkout shows a blank page.")
    return desk


def test_every_so_many_messages_are_indexed_together_once_the_write_is_kept(desk):
    say(desk, 8)
    assert (indexed(desk.repository), waiting(desk.repository)) == (set(), 9)
    desk.note(ADA, "acme:1", body="The tenth message is a note")
    assert waiting(desk.repository) == 0
    assert indexed(desk.repository) == wanted(desk.repository) != set()
    say(desk, 7)
    assert waiting(desk.repository) == 7
    assert indexed(desk.repository) == wanted(desk.repository, up_to=10)


def test_a_write_that_is_not_kept_indexes_nothing(desk):
    with failing_write(desk.repository):
        say(desk, 25)
    assert (indexed(desk.repository), waiting(desk.repository)) == (set(), 1)
    with desk.repository.write():
        say(desk, 25)
    assert waiting(desk.repository) == 0


def test_a_write_is_kept_and_done_where_the_index_cannot_follow(desk, monkeypatch, caplog):
    def fail(connection, most):
        raise DatabaseBusy

    with monkeypatch.context() as patch:
        patch.setattr(writing, "index_next", fail)
        say(desk, 12)
    assert "messages wait for their index" in caplog.text
    assert (len(desk.get(ACME, 1).messages), waiting(desk.repository)) == (13, 13)
    say(desk, 7)
    assert (waiting(desk.repository), indexed(desk.repository)) == (0, wanted(desk.repository))


def test_one_write_indexes_only_a_little_of_what_has_waited_for_long(desk, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(writing, "index_next", lambda connection, most: False)
        say(desk, 38)
    say(desk, 1)
    assert waiting(desk.repository) == 20  # of 40: the writer is in a request, and has to answer
    say(desk, 10)
    assert (waiting(desk.repository), indexed(desk.repository)) == (10, wanted(desk.repository, up_to=40))


def test_many_whole_cases_are_indexed_by_few_transactions_of_their_own(repository, monkeypatch):
    together = []

    def index_next(connection, most):
        together.append(most)
        return body_index.index_next(connection, most)

    monkeypatch.setattr(writing, "AT_ONCE", 25)
    monkeypatch.setattr(writing, "index_next", index_next)
    cases = [a_case(n) for n in range(1, 60)]
    load(repository, (Dossier(case, (a_message(case.number, f"Body {case.number}"),), ()) for case in cases))
    assert (together, waiting(repository)) == ([25, 25, 10], 0)
    assert indexed(repository) == wanted(repository)


def test_a_message_that_is_changed_or_deleted_leaves_nothing_in_the_index(desk):
    chance = random.Random(7)
    say(desk, 30)
    for round_ in range(40):
        (position,) = chance.choice(sql(desk.repository, "SELECT position FROM supportcases_messages"))
        change = chance.choice(["change", "change", "delete", "delete the last", "say"])
        if change == "change":
            body = a_text(chance, 40)
            sql(desk.repository, "UPDATE supportcases_messages SET body = ? WHERE position = ?", body, position)
        elif change == "say":
            say(desk, chance.choice([1, 5, 11]))
        else:
            which = "max(position) FROM supportcases_messages" if change == "delete the last" else str(position)
            sql(desk.repository, f"DELETE FROM supportcases_messages WHERE position = (SELECT {which})")
        if round_ % 7 == 0:
            bring_up_to_date(desk.repository)
            assert sql(desk.repository, "SELECT * FROM supportcases_outdated_bodies") == []
            assert indexed(desk.repository) == wanted(desk.repository)


def test_a_position_that_is_used_again_is_indexed_again(desk):
    for brought_between in (True, False):
        say(desk, 20)
        bring_up_to_date(desk.repository)
        last = "(SELECT max(position) FROM supportcases_messages)"
        sql(desk.repository, f"DELETE FROM supportcases_messages WHERE position = {last}")
        if brought_between:
            bring_up_to_date(desk.repository)
        say(desk, 1)
        desk.reply(ACME, 1, body="Zebra crossing")
        assert desk.queue(ADA, query="zebra cro").count == 1
        bring_up_to_date(desk.repository)
        assert indexed(desk.repository) == wanted(desk.repository)


def test_an_upgrade_indexes_the_messages_that_were_there(path):
    with older_file(path, "0008_bodies") as connection:
        insert(connection, "stores", {"store": "acme", "last_number": 30})
        for n in range(1, 31):
            insert_case(connection, a_case(n), a_message(n, f"Größe {n}"), a_message(n + 100, "A note", internal=True))
    repository = SqliteRepository(path)
    assert waiting(repository) == 0
    assert indexed(repository) == wanted(repository) != set()
    repository.close()


def test_a_start_indexes_what_a_process_that_ended_has_left(path, monkeypatch):
    desk = SupportDesk(SqliteRepository(path))
    with monkeypatch.context() as patch:
        patch.setattr(writing, "index_bodies", lambda *_, **__: None)
        with desk.repository.write():
            desk.open(Actor.merchant("acme"), body="The first message.")
            say(desk, 35)
    desk.repository.close()
    repository = SqliteRepository(path)
    assert waiting(repository) == 36  # few enough to be looked through
    repository.close()
    monkeypatch.setattr(body_index, "BEHIND", 35)
    repository = SqliteRepository(path)
    assert waiting(repository) == 0
    repository.close()


def test_a_host_may_change_its_own_schema_beside_the_triggers(path):
    SqliteRepository(path).close()
    with sqlite3.connect(path) as plain:  # which knows no function of ours
        plain.execute("CREATE TABLE orders (id INTEGER)")
        plain.execute("ALTER TABLE orders RENAME TO purchases")
        plain.execute("DELETE FROM supportcases_messages")
    plain.close()
