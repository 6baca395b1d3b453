"""Where a database cannot be: each place is refused in one sentence, and what is there stays as it was."""

import os
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from supportcases import SqliteRepository, SupportDesk
from supportcases.storage.sqlite import migrations
from tests.conftest import ACME
from tests.support.databases import fingerprint, newer_version_wrote, python, refusal
from tests.support.rows import a_case, kept, listed

BODY = "The checkout says that the card was declined."


@pytest.mark.parametrize(
    "name", ["a b.db", "a?mode=ro", "a#b.db", "a%20b.db", "Größe 数.db", "a'b;\"c.db", ":x:", "-x"]
)
def test_any_file_name_will_do(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    for _ in range(2):
        repository = SqliteRepository(folder / name)
        desk = SupportDesk(repository)
        desk.open(ACME, body=BODY)
        repository.close()
        assert os.listdir(folder) == [name]
    repository = SqliteRepository(str(folder / name))
    assert SupportDesk(repository).list(ACME).count == 2
    repository.close()


def truncated(path):
    with closing(SqliteRepository(path)) as repository:
        kept(repository, *(a_case(number) for number in range(1, 101)))
    os.truncate(path, 4096)


def newer(path):
    SqliteRepository(path).close()
    newer_version_wrote(path)


def with_a_table_of_our_name(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE supportcases_cases (id INTEGER)")


UNUSABLE = {
    "text": (lambda path: path.write_bytes(b"name,price\nMug,12\n" * 50), ""),
    "zeros": (lambda path: path.write_bytes(b"\0" * 4096), ""),
    "only the header": (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4080), ""),
    "truncated": (truncated, ""),
    "of a newer version": (newer, r"newer version.*9999_x"),
    "a table of our name that is not ours": (with_a_table_of_our_name, ""),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_file_that_cannot_be_used_is_refused_and_stays_as_it_was_and_is_not_held_open(path, what):
    make, sentence = UNUSABLE[what]
    make(path)
    before = fingerprint(path)
    assert re.search(sentence, refusal(path))
    assert fingerprint(path) == before


def test_what_is_no_file_is_refused_without_waiting_and_nothing_is_made(tmp_path):
    assert "no folder" in refusal(tmp_path / "missing" / "cases.db")
    refusal(Path("/proc/cases.db"))
    assert os.listdir(tmp_path) == []
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, Path("/dev/null"), tmp_path / "pipe"):
        assert "not a file" in refusal(place)


@pytest.mark.parametrize("name", ["cases.db", "./cases.db", "sub/../cases.db"])
def test_a_relative_path_means_the_same_file_after_a_change_of_folder(tmp_path, monkeypatch, name):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    repository = SqliteRepository(name)
    kept(repository, a_case(1))
    repository.close()
    monkeypatch.chdir(tmp_path / "sub")
    kept(repository, a_case(2))
    repository.close()
    assert os.listdir(tmp_path / "sub") == []
    repository = SqliteRepository(tmp_path / "cases.db")
    assert listed(repository) == [2, 1]
    repository.close()


def test_a_link_to_a_file_is_that_file(tmp_path, file_repository, path):
    kept(file_repository, a_case(1))
    link = tmp_path / "link.db"
    link.symlink_to(path)
    repository = SqliteRepository(link)
    assert listed(repository) == [1]
    repository.close()


def test_an_empty_file_becomes_a_database(path):
    path.touch()
    repository = SqliteRepository(path)
    assert listed(repository) == []
    repository.close()


def test_the_file_of_another_application_keeps_its_tables(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE products (name TEXT)")
        connection.execute("INSERT INTO products VALUES ('Mug')")
        connection.commit()
    repository = SqliteRepository(path)
    kept(repository, a_case(1))
    repository.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM products").fetchall() == [("Mug",)]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    ours = {name for name in tables if name.startswith("supportcases_")}
    assert tables == ours | {"products", "_sqlite_migrations", "sqlite_sequence"}


def test_migrations_of_somebody_else_are_none_of_our_business(path):
    SqliteRepository(path).close()
    newer_version_wrote(path, of="storefront")
    SqliteRepository(path).close()


def test_a_file_that_cannot_be_written_is_refused_and_stays_as_it_was(path):
    """Permission bits do not stop root; a limit of zero bytes a file does."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE products (name TEXT)")
    before = fingerprint(path)
    result = python(
        """
        import resource, sys
        from supportcases import DatabaseUnusable, SqliteRepository
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        try:
            SqliteRepository(sys.argv[1])
        except DatabaseUnusable as error:
            sentence = str(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(sentence)
        """,
        str(path),
    )
    assert str(path) in result
    assert fingerprint(path) == before


def test_tables_that_another_process_makes_while_we_look_are_not_taken_for_foreign_ones(tmp_path, monkeypatch):
    path = tmp_path / "cases.db"
    path.touch()
    applied = migrations.applied

    def other_starts_meanwhile(connection):
        monkeypatch.setattr(migrations, "applied", applied)
        found = applied(connection)
        SqliteRepository(path).close()
        return found

    monkeypatch.setattr(migrations, "applied", other_starts_meanwhile)
    with closing(SqliteRepository(path)) as repository:
        assert SupportDesk(repository).open(ACME, body=BODY).number == 1


def test_a_new_file_is_its_owner_s_alone(path):
    before = os.umask(0)
    try:
        repository = SqliteRepository(path)
        kept(repository, a_case(1))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    repository.close()
    assert modes == {"cases.db": 0o600, "cases.db-wal": 0o600, "cases.db-shm": 0o600}


def test_a_file_that_is_there_keeps_its_mode(path):
    path.touch(mode=0o640)
    path.chmod(0o640)
    SqliteRepository(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("readonly", ["cases.db", "."])
def test_a_file_that_its_user_may_not_write_is_refused_before_anything_is_served(path, monkeypatch, readonly):
    SqliteRepository(path).close()
    unwritable = os.path.realpath(path.parent / readonly)
    may = os.access  # root may write everywhere: the answer of the system is spoken here
    monkeypatch.setattr(os, "access", lambda place, how: str(place) != unwritable and may(place, how))
    assert refusal(path) == f"{path} cannot be used: this user may not write it, or not its folder."
