"""Whatever goes wrong with the server is an error of ours: nothing was kept, or nobody knows."""

import os
import signal
import threading
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from psycopg import errors as pg

from supportcases import create_app
from supportcases.domain.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseUnavailable,
    DatabaseUnusable,
    OutcomeUnknown,
    TooSlow,
)
from supportcases.processes import deadline, ticks
from supportcases.storage.postgres import PostgresRepository, connections, watch
from supportcases.storage.postgres.errors import raise_translated
from tests.conftest import CASES, client_of
from tests.support.rows import a_case, found, kept, listed


@pytest.fixture
def admin(owner_url):
    with psycopg.connect(owner_url, autocommit=True, application_name="admin") as connection:
        yield connection


def kill(admin, transaction) -> None:
    assert admin.execute(
        "SELECT pg_terminate_backend(%s, 5000)", [transaction.connection.psycopg.info.backend_pid]
    ).fetchone() == (True,)


def at_commit(admin, act: str) -> None:
    """Let the server do something within each COMMIT that has added a case."""
    admin.execute(
        f"""
        CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {act} RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON supportcases_cases
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()
        """
    )


@pytest.fixture
def back_to_normal(admin):
    yield
    admin.execute("DROP FUNCTION IF EXISTS at_commit CASCADE")


# a connection that breaks


@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_a_backend_that_ends_amid_a_transaction_is_unavailable_and_nothing_is_kept(repository, admin, writes):
    kept(repository, a_case(1))
    with pytest.raises(DatabaseUnavailable), repository.write() if writes else repository.read() as transaction:
        kill(admin, transaction)
        transaction.events.count("acme", a_case(1).id)
    assert listed(repository) == [1]


def test_a_backend_that_ends_amid_a_nested_write_is_unavailable(repository, admin):
    with pytest.raises(DatabaseUnavailable), repository.write() as outer, repository.write() as transaction:
        kill(admin, outer)
        transaction.cases.next_number("acme")
    kept(repository, a_case(1))


def test_a_backend_that_ends_before_a_read_is_over_harms_nobody_else(repository, admin):
    with pytest.raises(DatabaseUnavailable), repository.read() as transaction:
        kill(admin, transaction)
    assert listed(repository) == []


def test_where_the_connection_breaks_in_the_commit_nobody_knows(repository, admin, back_to_normal):
    at_commit(admin, "PERFORM pg_terminate_backend(pg_backend_pid());")
    told = []
    with pytest.raises(OutcomeUnknown), repository.write() as transaction:
        transaction.cases.next_number("acme")
        transaction.cases.add(a_case(1))
        transaction.after_commit(lambda: told.append("kept"))
    assert told == []
    with pytest.raises(OutcomeUnknown), repository.write() as transaction:
        kill(admin, transaction)
    assert listed(repository) == []


@pytest.fixture
def impatient(monkeypatch):
    """Wait for a server no longer than a second."""
    monkeypatch.setattr(watch, "GRACE", 0.1)
    monkeypatch.setattr(watch, "EVERY", 0.1)
    monkeypatch.setattr(connections, "COMMIT", 0.5)


@contextmanager
def standing_still(transaction):
    """Let the server's process for a transaction neither answer nor die."""
    backend = transaction.connection.psycopg.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(backend, signal.SIGCONT)


def test_a_server_that_stands_still_is_unavailable_once_the_time_of_the_request_is_over(repository, impatient):
    token = deadline.set(ticks() + 0.5)
    begun = ticks()
    try:
        with pytest.raises(DatabaseUnavailable), repository.read() as transaction, standing_still(transaction):
            transaction.events.count("acme", a_case(1).id)
    finally:
        deadline.reset(token)
    assert 0.5 < ticks() - begun < 5
    assert listed(repository) == []


def test_where_it_stands_still_in_the_commit_nobody_knows(repository, impatient):
    with ExitStack() as stack, pytest.raises(OutcomeUnknown), repository.write() as transaction:
        transaction.cases.next_number("acme")
        transaction.cases.add(a_case(1))
        stack.enter_context(standing_still(transaction))
    assert listed(repository) in ([], [1])


def test_a_commit_that_the_standby_may_not_have_is_one_of_which_nobody_knows(repository, admin, back_to_normal):
    at_commit(admin, "RAISE WARNING 'canceling wait for synchronous replication due to user request';")
    with pytest.raises(OutcomeUnknown):
        kept(repository, a_case(1))
    assert found(repository, 1) == a_case(1)


def test_an_unknown_outcome_is_503_and_the_same_key_tells_what_became_of_it(repository, admin, back_to_normal):
    at_commit(admin, "RAISE WARNING 'canceling wait for synchronous replication due to user request';")
    client = client_of(create_app(repository), "acme")
    how = {"json": {"body": "The checkout is blank."}, "headers": {"Idempotency-Key": "k"}}
    answer = client.simulate_post(CASES, **how)
    assert (answer.status_code, answer.json["code"]) == (503, "outcome_unknown")
    assert "Retry-After" not in answer.headers
    again = client.simulate_post(CASES, **how)
    assert (again.status_code, again.headers["Idempotent-Replayed"], listed(repository)) == (201, "true", [1])


def test_a_commit_that_fails_keeps_nothing_and_says_so(repository, admin, back_to_normal):
    at_commit(admin, "RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full';")
    with pytest.raises(DatabaseUnavailable):
        kept(repository, a_case(1))
    assert listed(repository) == []


def test_a_transaction_whose_error_was_swallowed_is_not_kept(repository):
    with pytest.raises(DatabaseUnavailable, match="ended before its time"), repository.write() as transaction:
        transaction.cases.next_number("acme")
        transaction.cases.add(a_case(1))
        with pytest.raises(pg.UndefinedTable):
            transaction.connection.execute("SELECT 1 FROM nowhere")
    assert listed(repository) == []


# a server that has no time, no room or no right


def test_who_waits_too_long_for_another_writer_finds_the_database_busy(repository, admin):
    kept(repository, a_case(1))
    admin.execute("BEGIN")
    admin.execute("SELECT 1 FROM supportcases_stores FOR UPDATE")
    for act in (
        lambda t: t.cases.next_number("acme"),
        lambda t: found(repository, 1),
    ):
        token = deadline.set(ticks() + 0.3)
        try:
            with pytest.raises(DatabaseBusy), repository.write() as transaction:
                act(transaction)
        finally:
            deadline.reset(token)
    with pytest.raises(DatabaseBusy), repository.write() as transaction:
        transaction.connection.execute("SET LOCAL lock_timeout = '50ms'")
        transaction.cases.next_number("acme")
    admin.execute("ROLLBACK")
    kept(repository, a_case(2))


def test_a_statement_ends_with_the_time_of_its_request_and_the_next_has_its_own(repository):
    token = deadline.set(ticks() + 0.5)
    try:
        with pytest.raises(TooSlow), repository.read() as transaction:
            transaction.connection.execute("SELECT pg_sleep(20)")
        deadline.set(ticks() - 1)
        with pytest.raises(TooSlow):
            found(repository, 1)
    finally:
        deadline.reset(token)
    with repository.read() as transaction:
        assert transaction.connection.execute("SHOW statement_timeout").fetchone() == ("30s",)
        assert transaction.connection.execute("SELECT 1 FROM pg_sleep(1.2)").fetchone() == (1,)


def test_a_commit_takes_its_time(repository, admin, back_to_normal):
    at_commit(admin, "PERFORM pg_sleep(0.3);")
    token = deadline.set(ticks() + 0.2)
    try:
        kept(repository, a_case(1))
    finally:
        deadline.reset(token)
    assert listed(repository) == [1]


def test_a_statement_that_an_administrator_ends_is_busy(repository, admin):
    with pytest.raises(DatabaseBusy), repository.read() as transaction:
        pid = transaction.connection.psycopg.info.backend_pid
        ending = threading.Timer(0.3, admin.execute, ["SELECT pg_cancel_backend(%s)", [pid]])
        ending.start()
        transaction.connection.execute("SELECT pg_sleep(20)")
    ending.join()


def test_a_server_that_is_read_only_is_unavailable(repository, admin):
    with repository.read() as transaction:
        transaction.connection.execute("SELECT set_config('default_transaction_read_only', 'on', FALSE)")
    with pytest.raises(DatabaseUnavailable):
        kept(repository, a_case(1))
    assert listed(repository) == []
    assert repository.hindrance() == "The database server takes no writes: it is a follower, or read-only."


def test_a_role_that_may_only_read_cannot_write(repository, admin):
    assert repository.hindrance() is None
    admin.execute("REVOKE INSERT ON supportcases_cases FROM supportcases")
    try:
        assert repository.hindrance() == "This role may not write the tables."
    finally:
        admin.execute("GRANT INSERT ON supportcases_cases TO supportcases")


def test_a_follower_as_the_only_host_is_unavailable(repository, admin, postgres_url):
    name = admin.info.dbname
    repository.close()
    admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    try:
        with pytest.raises(DatabaseUnavailable):
            listed(repository)
        with pytest.raises(DatabaseUnavailable):
            repository.hindrance()
        with pytest.raises(DatabaseUnusable, match="read-only"):
            PostgresRepository(postgres_url)
    finally:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    assert listed(repository) == []


def test_a_server_with_as_many_connections_as_it_may_have_is_busy(repository, admin):
    repository.close()
    admin.execute("DROP ROLE IF EXISTS limited")
    admin.execute("CREATE ROLE limited LOGIN CONNECTION LIMIT 0")
    repository._parameters["user"] = "limited"
    try:
        with pytest.raises(DatabaseBusy):
            listed(repository)
    finally:
        admin.execute("DROP ROLE limited")


def test_a_role_that_may_not_read_is_unavailable(repository, admin):
    repository.close()
    admin.execute("DROP ROLE IF EXISTS nobody")
    admin.execute("CREATE ROLE nobody LOGIN")
    repository._parameters["user"] = "nobody"
    try:
        with pytest.raises(DatabaseUnavailable):
            listed(repository)
        repository.close()
    finally:
        admin.execute("DROP ROLE nobody")


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (pg.DeadlockDetected, DatabaseBusy),
        (pg.SerializationFailure, DatabaseBusy),
        (pg.LockNotAvailable, DatabaseBusy),
        (pg.TooManyConnections, DatabaseBusy),
        (psycopg.OperationalError, DatabaseUnavailable),
        (pg.AdminShutdown, DatabaseUnavailable),
        (pg.CrashShutdown, DatabaseUnavailable),
        (pg.CannotConnectNow, DatabaseUnavailable),
        (pg.DiskFull, DatabaseUnavailable),
        (pg.OutOfMemory, DatabaseUnavailable),
        (pg.ReadOnlySqlTransaction, DatabaseUnavailable),
        (pg.FeatureNotSupported, DatabaseUnavailable),
        (pg.IdleInTransactionSessionTimeout, DatabaseUnavailable),
        (psycopg.InterfaceError, DatabaseUnavailable),
        (pg.DataCorrupted, DatabaseDamaged),
        (pg.IndexCorrupted, DatabaseDamaged),
        (pg.CheckViolation, pg.CheckViolation),
        (pg.SyntaxError, pg.SyntaxError),
    ],
)
def test_each_error_of_the_server_has_its_meaning(error, ours):
    with pytest.raises(ours):
        raise_translated(error("secret"))
