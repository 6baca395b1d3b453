"""Which thread uses which connection: none that is dead, none of a parent's, no more than so many."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from supportcases import Actor, SupportDesk
from supportcases.domain.errors import DatabaseBusy, DatabaseUnavailable
from supportcases.storage.postgres import connections, pool
from tests.support.rows import a_case, found, kept

OURS = """
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database()
      AND application_name = 'supportcases'
      AND pid <> pg_backend_pid()
"""


def backend(repository) -> int:
    with repository.read() as transaction:
        return transaction.connection.psycopg.info.backend_pid


def several(repository, count: int) -> set[int]:
    """Use so many connections at once, and return their backends."""
    together = threading.Barrier(count)

    def use(_):
        with repository.read() as transaction:
            together.wait(10)
            return transaction.connection.psycopg.info.backend_pid

    with ThreadPoolExecutor(count) as threads:
        return set(threads.map(use, range(count)))


def kill_all(url) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM ({OURS}) AS ours")


def test_a_connection_serves_one_after_the_other(repository):
    assert backend(repository) == backend(repository)
    assert len(several(repository, 4)) == 4


@pytest.mark.parametrize("idle_for", [0, 2], ids=["just used", "idle for a while"])
def test_dead_connections_cost_nobody_a_request(repository, owner_url, monkeypatch, idle_for):
    kept(repository, a_case(1))
    dead = several(repository, 4)
    kill_all(owner_url)
    now = pool.ticks
    monkeypatch.setattr(pool, "ticks", lambda: now() + idle_for)
    assert [found(repository, 1) for _ in range(5)] == [a_case(1)] * 5
    assert backend(repository) not in dead
    with psycopg.connect(owner_url, autocommit=True) as admin:
        assert len(admin.execute(OURS).fetchall()) == 1


def test_what_the_server_says_unasked_is_no_farewell(repository, owner_url):
    first = backend(repository)
    with psycopg.connect(owner_url, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET default_transaction_read_only = off")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
    assert backend(repository) == first


def test_of_more_than_there_may_be_the_last_waits_and_then_finds_the_database_busy(repository, monkeypatch):
    monkeypatch.setattr(pool, "MOST", 2)
    monkeypatch.setattr(pool, "PATIENCE", 0.1)
    with ThreadPoolExecutor(1) as elsewhere:

        def other():
            with pytest.raises(DatabaseBusy):
                found(repository, 1)

        with repository.read(), ThreadPoolExecutor(1) as another:
            done, held = threading.Event(), threading.Event()

            def hold():
                with repository.read():
                    held.set()
                    done.wait(10)

            holding = another.submit(hold)
            held.wait(10)
            elsewhere.submit(other).result()
            done.set()
            holding.result()
        assert elsewhere.submit(found, repository, 1).result() is None


def test_a_request_keeps_one_connection_for_reads_and_writes(repository, monkeypatch):
    monkeypatch.setattr(pool, "MOST", 1)
    with repository.request():
        first = backend(repository)
        kept(repository, a_case(1))
        with ExitStack() as nested:
            nested.enter_context(repository.request())
            assert backend(repository) == first
    with ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(backend, repository).result() == first


def in_child(act) -> int:
    """Return the exit code of a child that acts."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_child_has_connections_of_its_own(repository):
    kept(repository, a_case(1))
    first = backend(repository)

    def child():
        assert backend(repository) != first
        kept(repository, a_case(2))

    assert in_child(child) == 0
    assert backend(repository) == first
    assert found(repository, 2) == a_case(2)


def test_a_transaction_goes_on_in_the_process_that_began_it_and_only_there(repository):
    def child():
        with pytest.raises(DatabaseUnavailable):
            transaction.cases.next_number("acme")

    with repository.write() as transaction:
        assert transaction.cases.next_number("acme") == 1
        assert in_child(child) == 0
        transaction.cases.add(a_case(1))
    assert found(repository, 1) == a_case(1)


def test_a_closed_repository_has_no_connection_and_serves_again(repository, owner_url):
    several(repository, 3)
    repository.close()
    with psycopg.connect(owner_url, autocommit=True) as admin:
        for _ in range(200):  # a backend ends a moment later
            if not (left := admin.execute(OURS).fetchall()):
                break
            time.sleep(0.02)
        assert left == []
    desk = SupportDesk(repository)
    assert desk.open(Actor.merchant("acme"), body="The checkout is blank.").number == 1


def test_every_connection_has_the_settings_that_a_desk_relies_on(repository):
    with repository.read() as transaction:
        sql = transaction.connection.execute
        shown = {name: sql(f"SHOW {name}").fetchone()[0] for name in connections.SETTINGS}
        isolation = sql("SHOW transaction_isolation").fetchone()
    assert shown == connections.SETTINGS | {"DateStyle": "ISO, MDY", "idle_in_transaction_session_timeout": "1min"}
    assert isolation == ("repeatable read",)
