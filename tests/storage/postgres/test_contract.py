"""The contract of every repository, on PostgreSQL."""

from psycopg import errors

from tests.storage.test_connections import Contract


class TestPostgres(Contract):
    refused = errors.IntegrityError
