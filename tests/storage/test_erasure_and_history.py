"""History stays as it was written for everybody but erasure, and every connection overwrites what it deletes."""

import sqlite3
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk
from supportcases.storage.sqlite import backups
from supportcases.storage.sqlite.connections import open_memory, open_read_only
from supportcases.storage.sqlite.read_only import looking_into, open_able_to_write
from supportcases.storage.sqlite.watching import _opened
from tests.conftest import ACME, ADA, GLOBEX

EDITED, DELETED = "history is never edited", "history is never deleted"
ERASED = {"actor_label": "'[redacted]'", "was": "'{}'", "became": "'{}'"}  # what erasure may change
KEPT = {
    "position": "99",
    "store": "'globex'",
    "case_id": "'0191abc0-0000-7000-8000-000000000009'",
    "revision": "9",
    "sequence": "NULL",
    "kind": "'closed'",
    "actor_kind": "'support'",
    "happened_at": "'2024-06-15T10:30:00.000Z'",
    "message_id": "NULL",
}


@pytest.fixture
def rows(repository):
    """A connection to a desk with one case each of acme and globex, in a transaction that erases that of acme."""
    desk = SupportDesk(repository)
    case = desk.open(ACME, body="A long enough body.")
    desk.open(GLOBEX, body="A long enough body.")
    with pytest.raises(ZeroDivisionError), repository.write() as transaction:  # noqa: PT012 - nothing is kept
        transaction.connection.execute("PRAGMA defer_foreign_keys = ON")
        transaction.connection.execute("INSERT INTO supportcases_erasing (case_id) VALUES (?)", [case.id])
        yield transaction.connection
        raise ZeroDivisionError


def test_the_test_knows_every_column(rows):
    columns = {name for _, name, *_ in rows.execute("PRAGMA table_info(supportcases_events)")}
    assert columns == KEPT.keys() | ERASED.keys()


@pytest.mark.parametrize("column", [*KEPT, *ERASED])
def test_without_erasure_nothing_of_the_history_is_edited(rows, column):
    rows.execute("DELETE FROM supportcases_erasing")
    with pytest.raises(sqlite3.IntegrityError, match=EDITED):
        rows.execute(f"UPDATE supportcases_events SET {column} = {(KEPT | ERASED)[column]} WHERE store = 'acme'")


@pytest.mark.parametrize("column", KEPT)
def test_where_a_case_is_erased_its_history_keeps_all_but_what_people_wrote(rows, column):
    for more in ("", ", actor_label = '[redacted]'"):
        with pytest.raises(sqlite3.IntegrityError, match=EDITED):
            rows.execute(f"UPDATE supportcases_events SET {column} = {KEPT[column]}{more} WHERE store = 'acme'")


@pytest.mark.parametrize("column", ERASED)
def test_what_people_wrote_goes_from_the_history_of_that_case_alone(rows, column):
    change = f"UPDATE supportcases_events SET {column} = {ERASED[column]} WHERE store ="
    assert rows.execute(f"{change} 'acme'").rowcount == 1
    with pytest.raises(sqlite3.IntegrityError, match=EDITED):
        rows.execute(f"{change} 'globex'")


def test_only_the_history_of_that_case_is_deleted(rows):
    delete = "DELETE FROM supportcases_events WHERE store ="
    with pytest.raises(sqlite3.IntegrityError, match=DELETED):
        rows.execute(f"{delete} 'globex'")
    assert rows.execute(f"{delete} 'acme'").rowcount == 1


def test_nothing_of_the_history_is_replaced(rows):
    rows.execute("DELETE FROM supportcases_erasing")
    with pytest.raises(sqlite3.IntegrityError, match=DELETED):
        rows.execute("INSERT OR REPLACE INTO supportcases_events SELECT * FROM supportcases_events")


def overwrites(connection: sqlite3.Connection) -> bool:
    return connection.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_every_connection_overwrites_what_it_deletes(repository, file_repository, path, tmp_path, monkeypatch):
    SupportDesk(file_repository).open(ACME, body="A long enough body.")
    for of in (repository, file_repository):
        with of.read() as reading:
            assert overwrites(reading.connection)
        with of.write() as writing:
            assert overwrites(writing.connection)
    name = str(path)
    opened = (open_memory(), open_read_only(name), open_able_to_write(name), _opened(name))
    for connection in opened:
        with closing(connection):
            assert overwrites(connection)
    with looking_into(name) as connection:
        assert overwrites(connection)
    asked = []
    plain = backups.damage

    def damage(copy):
        asked.append(overwrites(copy))
        return plain(copy)

    monkeypatch.setattr(backups, "damage", damage)
    backups.back_up(name, str(tmp_path / "copy.db"))
    assert asked == [True]


def test_a_build_of_sqlite_that_does_not_overwrite_by_itself_does_so_here(path, monkeypatch):
    """As those of pysqlite3 and apsw: what a connection begins with is not what it goes on with."""
    plain = sqlite3.connect

    def connect(*arguments, **named):
        connection = plain(*arguments, **named)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        case = desk.open(ACME, body="A long enough body.", subject="Qzjxkwvq")
        assert desk.redact(ADA, case.id, subject=True, reason="law").gone
    assert b"Qzjxkwvq" not in path.read_bytes()
