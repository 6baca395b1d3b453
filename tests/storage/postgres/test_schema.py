"""The schema: history stays, several may start at once, and what is not ours or too new is left alone."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from supportcases import SupportDesk
from supportcases.domain.errors import DatabaseUnusable
from supportcases.storage.postgres import PostgresRepository, check, migrations, opened_to_read
from supportcases.storage.postgres.conninfo import parameters
from tests.conftest import ACME
from tests.support.rows import listed

PARTS = "SELECT relname FROM pg_class WHERE relname LIKE 'supportcases%'"


@pytest.fixture
def empty(owner_url):
    """The URL of a database without anything of ours."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        name = f"{connection.info.dbname}_empty"
        connection.execute(f'CREATE DATABASE "{name}"')
        yield owner_url.replace(connection.info.dbname, name, 1)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_of_eight_that_start_at_once_one_makes_the_schema(empty):
    with ThreadPoolExecutor(8) as threads:
        repositories = list(threads.map(PostgresRepository, [empty] * 8))
    SupportDesk(repositories[0]).open(ACME, body="The checkout is blank.")
    assert [listed(repository) for repository in repositories] == [[1]] * 8
    for repository in repositories:
        repository.close()
    assert check(empty).faults == ()


def test_what_must_exist_and_does_not_is_left_as_it_was(empty):
    for opening in (lambda: PostgresRepository(empty, must_exist=True), lambda: opened_to_read(empty).__enter__()):
        with pytest.raises(DatabaseUnusable, match="holds no support cases"):
            opening()
    with pytest.raises(DatabaseUnusable, match="holds no support cases"):
        check(empty)
    with psycopg.connect(empty) as connection:
        assert connection.execute(PARTS).fetchall() == []


def test_a_newer_schema_is_refused_in_one_sentence(repository, postgres_url, owner_url):
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("INSERT INTO supportcases_migrations VALUES ('0999_future', now())")
        try:
            with pytest.raises(DatabaseUnusable, match=r"newer version of supportcases, which knows 0999_future\.$"):
                PostgresRepository(postgres_url)
            assert check(postgres_url).faults == (
                "the schema: a newer version of supportcases wrote it, which knows 0999_future",
            )
        finally:
            connection.execute("DELETE FROM supportcases_migrations WHERE name = '0999_future'")


def test_a_table_that_is_not_ours_is_left_alone(empty):
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("CREATE TABLE supportcases_cases (id int)")
    with pytest.raises(DatabaseUnusable, match="has a supportcases_cases that supportcases did not make"):
        PostgresRepository(empty)


def test_a_migration_that_fails_leaves_nothing(empty, monkeypatch):
    monkeypatch.setitem(migrations.STEPS, "0099_wrong", "CREATE TABLE supportcases_half (id int); SELECT 1 / 0")
    with pytest.raises(DatabaseUnusable, match="division by zero"):
        PostgresRepository(empty)
    monkeypatch.delitem(migrations.STEPS, "0099_wrong")
    with psycopg.connect(empty) as connection:
        assert connection.execute(PARTS).fetchall() == []


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://ada:s3cret@127.0.0.1:1/desk",
        "postgresql://ada:s3cr%et@127.0.0.1:1/desk",
        "postgresql://ada@127.0.0.1:1/desk?password=s3cret",
        "host=127.0.0.1 port=1 user=ada password=s3cret",
        "host=127.0.0.1 port=1 user=ada password = 's3cret",
    ],
)
def test_a_password_shows_nowhere(conninfo, caplog):
    with pytest.raises(DatabaseUnusable) as refused:
        PostgresRepository(conninfo)
    assert "s3c" not in f"{refused.value} {refused.value!r} {refused.value.__cause__} {caplog.text}"
    assert re.search(r"\*\*\*.*cannot be used: ", str(refused.value))


def test_what_is_given_comes_before_what_serves_a_desk(monkeypatch):
    assert parameters("postgresql:///desk?connect_timeout=9")["connect_timeout"] == "9"
    assert parameters("dbname=desk")["target_session_attrs"] == "read-write"
    assert parameters("dbname=desk", target_session_attrs="any")["target_session_attrs"] == "any"
    monkeypatch.setenv("PGAPPNAME", "shop")
    assert "application_name" not in parameters("dbname=desk")


def test_a_repository_tells_its_name_without_the_password(postgres_url):
    with closing(PostgresRepository(postgres_url + "&password=s3cret")) as repository:
        assert repr(repository) == f"PostgresRepository('{postgres_url}&password=***')"
