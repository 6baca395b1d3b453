"""Which engine a database is of, what is said where that is not there, and that no password is ever shown."""

import sys

import pytest

from supportcases import DatabaseUnusable, SqliteRepository, cli, create_app
from supportcases.storage.open import check, is_new, is_postgresql, open_repository, place_of
from tests.conftest import TESTS
from tests.support.command_line import refused, run

URL = "postgresql://ada:s3cret@db.example/cases"
HIDDEN = "postgresql://ada:***@db.example/cases"
GET_IT = "pip install 'supportcases[postgres]'."
PLACES = {
    URL: HIDDEN,
    "postgres://ada@db.example:5432,two.example/cases?password=s3cret&sslmode=require": (
        "postgres://ada@db.example:5432,two.example/cases?password=***&sslmode=require"
    ),
    "host=db.example dbname=cases password='s3cret' user=ada": "host=db.example dbname=cases password=*** user=ada",
}
COMMANDS = [
    *("cases", "show acme 1", "answer acme 1 -m hi", "stats", "close-idle --answered-for 1d", "check", "export"),
    *("keys create acme", "keys list", f"import {TESTS / 'formats/archives/v1.jsonl'}"),
]


@pytest.fixture
def without_driver(monkeypatch):
    """As where psycopg is not installed."""
    for name in [name for name in sys.modules if name.startswith(("psycopg", "supportcases.storage.postgres"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delattr("supportcases.storage.postgres", raising=False)


@pytest.mark.parametrize("url", PLACES)
def test_a_url_or_a_connection_string_names_a_database_of_postgresql_and_no_file(url):
    assert is_postgresql(url)
    assert place_of(url) == PLACES[url]
    assert not is_new(url)


@pytest.mark.parametrize("name", ["cases.db", "postgres.db", "postgresql:", "./host=1.db", "https://db.example/cases"])
def test_every_other_name_is_a_file(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not is_postgresql(name)
    assert is_new(name)
    assert place_of(name) == str(tmp_path / name.removeprefix("./"))


def test_without_its_extra_a_url_is_refused_in_a_sentence_that_names_it(without_driver):
    with pytest.raises(DatabaseUnusable) as refused:
        create_app(URL)
    sentence = str(refused.value)
    assert sentence.startswith("PostgreSQL needs more (")
    assert sentence.endswith(GET_IT)
    assert "s3cret" not in sentence


def test_the_one_file_says_that_it_keeps_cases_in_sqlite_alone(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    for use in (open_repository, check):
        with pytest.raises(DatabaseUnusable) as told:
            use(URL)
        sentence = f"This program is one file, which keeps cases in SQLite alone; for PostgreSQL {GET_IT}"
        assert str(told.value) == sentence


def test_a_backup_names_the_tools_of_postgresql(tmp_path):
    told = refused(run("backup", "copy.db", "--db", URL, cwd=tmp_path))
    assert told == (
        f"supportcases: {HIDDEN} is copied by PostgreSQL's own tools: pg_dump copies the database, "
        "pg_basebackup the whole server."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("how", ["option", "environment"])
def test_no_command_shows_the_password_of_a_database_that_it_cannot_reach(how, command, monkeypatch, capsys, tmp_path):
    url, words = f"postgresql://ada:s3cret@/cases?host={tmp_path}", command.split()
    if how == "option":
        words += ["--db", url]
    else:
        monkeypatch.setenv("SUPPORTCASES_DB", url)
    assert cli.main(words) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"supportcases: postgresql://ada:***@/cases?host={tmp_path} cannot be used: ")
    assert "s3cret" not in said.err


@pytest.mark.parametrize("arguments", [["serve", URL], ["--db", URL, "nonsense"], ["cases", "--limit", URL]])
def test_a_wrong_argument_is_told_without_a_password(arguments, exits):
    assert "s3cret" not in exits(2, *arguments)


def test_what_is_no_url_stays_sqlite_s(tmp_path):
    repository = open_repository(tmp_path / "cases.db")
    assert isinstance(repository, SqliteRepository)
