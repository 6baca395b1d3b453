"""A PostgreSQL database with nothing in it, for each test."""

from contextlib import closing

import pytest

from supportcases.storage.postgres import PostgresRepository
from tests.support.engine_option import DATABASES


@pytest.fixture
def owner_url(postgres_url):
    """The same database for the role that may do everything."""
    return postgres_url.replace("user=supportcases", "user=postgres")


@pytest.fixture
def repository(postgres_url):
    with closing(PostgresRepository(postgres_url)) as repository:
        yield repository


@pytest.fixture
def used_repository(pytestconfig, postgres_url):
    """A repository of the same database, with connections that are there already: to connect takes longer than most."""
    return pytestconfig.stash[DATABASES].repository(postgres_url)
