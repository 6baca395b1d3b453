"""`pytest --engine postgres`, and the PostgreSQL that a run has in either case where a test asks for it."""

import os

import pytest

from tests.support import engines
from tests.support.postgres import Cluster, what_is_missing
from tests.support.tools import ARE_REQUIRED, miss


def pytest_addoption(parser):
    parser.addoption(
        "--engine",
        choices=("sqlite", "postgres"),
        default="sqlite",
        help="what is behind the desks of the tests; postgres leaves out what has no desk, or is SQLite's own",
    )


CLUSTER = pytest.StashKey[Cluster]()
DATABASES = pytest.StashKey[engines.Databases]()


def pytest_configure(config):
    """Have a PostgreSQL for this process, which starts where it is first needed.

    One of each worker's own: a transaction under way anywhere in it holds back what the feed of the team tells.
    """
    config.stash[CLUSTER] = cluster = Cluster(of=getattr(config, "workerinput", {}).get("run"))
    config.stash[DATABASES] = databases = engines.Databases(cluster)
    if config.option.engine == "postgres":
        if ARE_REQUIRED and (missing := what_is_missing()):
            raise pytest.UsageError(missing)
        engines.put_behind_every_desk(databases)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tell a worker of xdist whose end is the end of its PostgreSQL."""
    node.workerinput["run"] = os.getpid()


def pytest_unconfigure(config):
    config.stash[DATABASES].close()
    config.stash[CLUSTER].stop()


def pytest_report_header(config):
    return f"engine: {config.option.engine}"


def pytest_ignore_collect(collection_path, config):
    """Leave out early what runs on SQLite alone: to import it takes longer than most tests."""
    return True if config.option.engine == "postgres" and not engines.may_run_on_postgres(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """On PostgreSQL leave out what is not for it, and skip the rest where there is none."""
    if config.option.engine != "postgres":
        return
    stays = [engines.runs_on_postgres(item) for item in items]
    config.hook.pytest_deselected(items=[item for item, kept in zip(items, stays, strict=True) if not kept])
    items[:] = [item for item, kept in zip(items, stays, strict=True) if kept]
    if missing := what_is_missing():
        for item in items:  # never in the gate: where tools are required, pytest_configure has refused to begin
            item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(autouse=True)
def _databases_lent(pytestconfig):
    """Take back the databases of PostgreSQL that a test has had."""
    with pytestconfig.stash[DATABASES].lent():
        yield


@pytest.fixture
def lend_postgres(pytestconfig):
    """Return what lends an empty database of PostgreSQL, whichever engine the tests run on, by its URL."""
    if missing := what_is_missing():
        miss(missing)
    return pytestconfig.stash[DATABASES].url


@pytest.fixture
def postgres_url(lend_postgres):
    """The URL of an empty database of PostgreSQL."""
    return lend_postgres()


@pytest.fixture(scope="module")
def lend_postgres_to_all(pytestconfig):
    """As `lend_postgres`, for all tests of a file, which leave as it is what the first finds."""
    if missing := what_is_missing():
        miss(missing)
    with pytestconfig.stash[DATABASES].lent():
        yield pytestconfig.stash[DATABASES].url


@pytest.fixture(scope="session")
def place_in(pytestconfig):
    """Return where the engine of this run keeps a database: as a new file of that folder, or at a URL."""
    on_postgres = pytestconfig.option.engine == "postgres"
    return lambda folder: pytestconfig.stash[DATABASES].url() if on_postgres else str(folder / "cases.db")


@pytest.fixture
def db(place_in, tmp_path):
    """Where the engine of this run keeps a database of this test's own."""
    return place_in(tmp_path)
