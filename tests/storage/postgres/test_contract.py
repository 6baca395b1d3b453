"""The contract of every repository, on PostgreSQL."""

from contextlib import closing

import pytest
from psycopg import errors

from supportcases.storage.postgres import PostgresRepository
from tests.storage.test_connections import Contract
from tests.support.rows import a_case, a_message, kept

CASE_IS_THERE = "supportcases_messages_store_case_id_fkey"


class TestPostgres(Contract):
    refused = errors.IntegrityError

    @pytest.fixture
    def repository(self, used_repository):
        return used_repository

    def test_a_thread_is_measured_by_the_messages_of_its_own_case_without_notes(self, repository, owner_url):
        case, other = a_case(1), a_case(2)
        kept(repository, case, other)
        with repository.write() as transaction:
            transaction.cases.add_message(case, a_message(1, "The checkout is blank."))
            transaction.cases.add_message(case, a_message(2, "A secret of the team", internal=True))
            transaction.cases.add_message(other, a_message(3))
            assert transaction.cases.thread_size("acme", case.id) == (1, 22)
        with closing(PostgresRepository(owner_url)) as owned, owned.write() as transaction:
            transaction.connection.execute("SAVEPOINT whole")
            transaction.connection.execute(f"ALTER TABLE supportcases_messages DROP CONSTRAINT {CASE_IS_THERE}")
            transaction.cases.add_message(case._replace(store="globex"), a_message(4))
            assert transaction.cases.thread_size("acme", case.id) == (1, 22)
            transaction.connection.execute(
                "UPDATE supportcases_messages SET body = 'Blank.' WHERE id = %(id)s", {"id": a_message(1).id}
            )
            assert transaction.cases.thread_size("acme", case.id) == (1, 6)
            transaction.connection.execute("ROLLBACK TO SAVEPOINT whole")
