"""The contract of every repository, on PostgreSQL."""

from contextlib import closing

from psycopg import errors

from supportcases.storage.postgres import PostgresRepository
from tests.storage.test_connections import Contract
from tests.support.rows import a_case, a_message, kept


class TestPostgres(Contract):
    refused = errors.IntegrityError

    def test_an_owner_who_edits_a_message_leaves_notes_out_of_the_size(self, repository, owner_url):
        case = a_case(1)
        kept(repository, case)
        with repository.write() as transaction:
            transaction.cases.add_message(case, a_message(1, "The checkout is blank."))
            transaction.cases.add_message(case, a_message(2, "A secret of the team", internal=True))
        with closing(PostgresRepository(owner_url)) as owned, owned.write() as transaction:
            transaction.connection.execute("UPDATE supportcases_messages SET body = 'Blank.' WHERE NOT internal")
        with repository.read() as transaction:
            assert transaction.cases.thread_size("acme", case.id) == (1, 6)
