"""A PostgreSQL database with nothing in it, for each test."""

from contextlib import closing

import pytest

from supportcases.storage.postgres import PostgresRepository


@pytest.fixture
def repository(postgres_url):
    with closing(PostgresRepository(postgres_url)) as repository:
        yield repository
