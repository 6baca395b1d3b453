"""Which servers the contract is tried through: the quick ones, those that SUPPORTCASES_SERVERS names, or `all`."""

import itertools
import os

import pytest

from tests.servers.known import QUICK, SERVERS
from tests.servers.launchers import running

STORES = itertools.count(1)
BY_NAME = {launcher.name: launcher for launcher in SERVERS}


def _named(names: str) -> list:
    if names == "all":
        return SERVERS
    return [BY_NAME[name.strip()] for name in names.split(",")] if names else [BY_NAME[name] for name in QUICK]


CHOSEN = _named(os.environ.get("SUPPORTCASES_SERVERS", ""))


def pytest_generate_tests(metafunc):
    """Run a test through the servers that are of its kind: any, those that serve a site, and so on."""
    wanted = CHOSEN
    if "site" in metafunc.fixturenames:
        wanted = [launcher for launcher in wanted if launcher.prefix]
    if "prefork" in metafunc.fixturenames:
        wanted = [launcher for launcher in wanted if launcher.workers > 1]
    if "reloadable" in metafunc.fixturenames:
        wanted = [launcher for launcher in wanted if launcher.reload]
    for fixture in ("server", "fresh"):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(
                fixture,
                wanted,
                ids=[launcher.name for launcher in wanted],
                indirect=True,
                scope="session" if fixture == "server" else None,
            )


@pytest.fixture(scope="session")
def server(request):
    """The server, started once for all the checks that leave it as it is."""
    with running(request.param) as server:
        server.merchant().connection.close()  # the file is there before the server is
        server.start()
        yield server


@pytest.fixture
def fresh(request):
    """The server, started for this test alone on a file that is not there yet."""
    with running(request.param) as server:
        server.start()
        yield server


@pytest.fixture
def site(server):
    """The server, where it serves the shop with the desk mounted in it."""
    return server


@pytest.fixture
def prefork(fresh):
    """The fresh server, where several processes answer."""
    return fresh


@pytest.fixture
def reloadable(fresh):
    """The fresh server, where its workers can be restarted gracefully."""
    return fresh


@pytest.fixture
def store():
    """The name of a store that no other test has."""
    return f"store{next(STORES)}"


@pytest.fixture
def merchant(server, store):
    """A client with a key of the store."""
    with server.merchant(store) as client:
        yield client


@pytest.fixture
def ada(server):
    """A client with a key of Ada, who serves all stores."""
    with server.support() as client:
        yield client


@pytest.fixture
def stranger(server):
    """A client without a key."""
    with server.stranger() as client:
        yield client
