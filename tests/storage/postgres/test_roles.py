"""The role that serves, with the rights that docs/postgres.md gives it: it adds to the history and never changes it."""

from contextlib import closing

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, IntegrityConstraintViolation

from supportcases import SupportDesk
from supportcases.storage.postgres import PostgresRepository
from tests.conftest import ACME, ADA

CHANGES = [
    *("UPDATE {} SET store = 'globex'", "DELETE FROM {}", "TRUNCATE {}"),
    *("DROP TABLE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"),
]


@pytest.fixture
def lived(postgres_url):
    """The URL of a database with a case that was answered."""
    with closing(PostgresRepository(postgres_url)) as repository:
        desk = SupportDesk(repository)
        desk.open(ACME, body="The printer is on fire.")
        desk.answer(ADA, "acme:1", body="Use water.")
    return postgres_url


@pytest.mark.parametrize("table", ["supportcases_events", "supportcases_messages"])
@pytest.mark.parametrize("change", CHANGES)
def test_who_serves_changes_neither_what_happened_nor_what_was_said(lived, change, table):
    with psycopg.connect(lived) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(change.format(table))


@pytest.mark.parametrize("change", CHANGES[:3])
def test_the_history_refuses_its_owner_too(lived, change):
    owner = lived.replace("user=supportcases", "user=postgres")
    with psycopg.connect(owner) as connection, pytest.raises(IntegrityConstraintViolation):
        connection.execute(change.format("supportcases_events"))
