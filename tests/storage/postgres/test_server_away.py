"""A server of these tests' own, which is restarted, away, or has as many connections as it may have."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress

import psycopg
import pytest

from supportcases import create_app
from supportcases.domain.errors import DatabaseUnavailable, OutcomeUnknown
from supportcases.storage.postgres import PostgresRepository
from tests.conftest import CASES, call, client_of
from tests.support.postgres import Cluster, what_is_missing
from tests.support.rows import a_case, found, kept, listed
from tests.support.tools import miss

PLACES = 12  # connections of the server, of which three are a superuser's alone
NEW = {"json": {"body": "The checkout is blank."}}
IN_COMMIT = "SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep'"
SLOW_COMMIT = """
    CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_sleep(60);
        RETURN NULL;
    END $$;

    CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON supportcases_cases
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sleep()
"""


@pytest.fixture(scope="module")
def server():
    if missing := what_is_missing():
        miss(missing)
    cluster = Cluster(settings=f"max_connections = {PLACES}\nsynchronous_commit = on")
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def superusers_url(server):
    return server.make("away")


@pytest.fixture
def url(server, superusers_url):
    """The URL of the role that serves."""
    PostgresRepository(superusers_url).close()
    with psycopg.connect(superusers_url, autocommit=True) as connection:
        connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO supportcases")
    return server.url("away", role="supportcases")


@pytest.fixture
def repository(url):
    with closing(PostgresRepository(url)) as repository:
        kept(repository, a_case(1))
        yield repository


@pytest.fixture
def elsewhere():
    with ThreadPoolExecutor(1) as elsewhere:
        yield elsewhere


@pytest.fixture(params=["fast", "immediate"])
def restart(request, server):
    """Restart the server: with a word to each of its processes, or as if it had crashed."""
    return lambda: server.do("restart", request.param)


def test_a_restart_between_two_requests_is_not_noticed(repository, restart):
    restart()
    assert listed(repository) == [1]
    restart()
    kept(repository, a_case(2))
    assert listed(repository) == [2, 1]


@pytest.mark.parametrize("writes", [False, True], ids=["a read", "a write"])
def test_amid_one_it_is_unavailable_and_nothing_is_kept(repository, restart, writes):
    with (  # noqa: PT012 - which of the three statements notices is the phase that is tried
        pytest.raises(DatabaseUnavailable),
        repository.write() if writes else repository.read() as transaction,
    ):
        if writes:
            transaction.cases.next_number("acme")
            transaction.cases.add(a_case(2))
        restart()
        transaction.events.count("acme", a_case(1).id)
    assert listed(repository) == [1]


def test_before_a_commit_nobody_knows(repository, restart):
    with pytest.raises(OutcomeUnknown), repository.write() as transaction:  # noqa: PT012 - its end raises
        transaction.cases.next_number("acme")
        transaction.cases.add(a_case(2))
        restart()
    assert listed(repository) == [1]


def test_amid_a_commit_nobody_knows_and_the_key_for_retries_tells(repository, restart, superusers_url, elsewhere):
    client = client_of(create_app(repository), "acme")
    how = {**NEW, "headers": {"Idempotency-Key": "k"}}
    with psycopg.connect(superusers_url, autocommit=True) as admin:
        admin.execute(SLOW_COMMIT)
        answer = elsewhere.submit(client.simulate_post, CASES, **how)
        patience = time.monotonic() + 30
        while not admin.execute(IN_COMMIT).fetchall():
            assert time.monotonic() < patience
    restart()
    assert (answer.result(30).status_code, answer.result().json["code"]) == (503, "outcome_unknown")
    with psycopg.connect(superusers_url, autocommit=True) as admin:
        admin.execute("DROP FUNCTION sleep CASCADE")
    again = client.simulate_post(CASES, **how)
    assert (again.status_code, again.json["number"], listed(repository)) == (201, 2, [2, 1])


def test_while_it_is_away_all_is_unavailable_at_once_and_then_as_before(repository, server):
    app = create_app(repository, metrics_token="t")
    client = client_of(app, "acme")
    server.do("stop")
    try:
        began = time.monotonic()
        answers = [client.simulate_get(CASES), client.simulate_post(CASES, **NEW), client.simulate_get("/healthz")]
        ready = client.simulate_get("/readyz")
        metrics = call(app, "GET", "/metrics", HTTP_AUTHORIZATION="Bearer t")
        assert time.monotonic() - began < 2
    finally:
        server.do("start")
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(503, "unavailable")] * 3
    away = "The database cannot be read or written at the moment; try again later."
    assert (ready.status_code, ready.json["code"], ready.json["error"]) == (503, "not_ready", away)
    assert (metrics.status, metrics.body.splitlines()[-1]) == (200, b"supportcases_database_up 0")
    assert client.simulate_post(CASES, **NEW).json["number"] == 2
    metrics = call(app, "GET", "/metrics", HTTP_AUTHORIZATION="Bearer t")
    assert {b"supportcases_database_up 1", b'supportcases_open_cases{severity="normal"} 2'} < {
        *metrics.body.splitlines()
    }


@contextmanager
def full(url):
    """Take all connections that are left."""
    with ExitStack() as taken:
        for _ in range(PLACES):
            with suppress(psycopg.OperationalError):  # there is none left
                taken.enter_context(psycopg.connect(url))
        yield


@pytest.mark.parametrize("whose", ["of others alike", "of a superuser too"])
def test_without_a_connection_it_is_busy_and_whoever_has_one_works_on(
    repository, url, superusers_url, elsewhere, whose
):
    client = client_of(create_app(repository), "acme")
    with full(url if whose == "of others alike" else superusers_url):
        assert found(repository, 1)  # by the connection that it has
        with repository.read():  # which nobody else can have meanwhile
            answer = elsewhere.submit(client.simulate_post, CASES, **NEW).result(30)
    assert (answer.status_code, answer.json["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == "1"
    assert client.simulate_post(CASES, **NEW).json["number"] == 2
