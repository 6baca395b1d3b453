"""A server and a connection to it."""

from contextlib import closing

import pytest

from supportcases import KeyRing, SqliteRepository
from tests.support.wire import Wire


@pytest.fixture
def key(server):
    with closing(SqliteRepository(server.db)) as repository:
        return KeyRing(repository).create("acme")[0]


@pytest.fixture
def wire(server, key):
    with Wire(server.url) as wire:
        wire.key = key
        yield wire
