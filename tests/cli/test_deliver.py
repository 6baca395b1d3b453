"""`supportcases deliver`, and `serve --deliver`: real processes that tell real receivers."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

from supportcases import Actor, DatabaseUnavailable, SupportDesk
from supportcases.domain.webhooks import Reach
from supportcases.processes import ticks
from supportcases.storage.open import is_postgresql, open_repository
from tests.conftest import ACME, ADA, GLOBEX, serving, stop
from tests.support.command_line import MODULE, refused, run
from tests.support.endpoints import Endpoint, Hanging

BODY = "The printer is on fire."
SERVING_ROLE_OUT = """
    SELECT pg_terminate_backend(pid, 10000)
    FROM pg_stat_activity
    WHERE datname = %s AND usename = 'supportcases'
"""
LOOPBACK = "--allow-http-loopback"
WITH_A_SHORT_LEASE = """
import sys
from datetime import timedelta
from supportcases.domain.webhooks import Reach
from supportcases.storage.open import open_repository
from supportcases.webhooks.delivering import Delivering
from supportcases.webhooks.sending import Sender

Delivering(open_repository(sys.argv[1]), Sender(Reach(http_loopback=True)), lease=timedelta(seconds=2)).run()
"""


@pytest.fixture
def desk(db):
    with closing(open_repository(db)) as repository:
        yield SupportDesk(repository, webhook_reach=Reach(http_loopback=True))


@pytest.fixture
def start(db, tmp_path):
    """Start a process that delivers, and end it with the test."""
    processes = []

    def start(*command):
        command = command or (*MODULE, "deliver", LOOPBACK, "--db", db)
        with (tmp_path / "deliver.log").open("a") as log:
            processes.append(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=log))
        return processes[-1]

    yield start
    for process in processes:
        stop(process, signal.SIGKILL)


@contextmanager
def by_a_command(start, tmp_path, db):
    yield start()


@contextmanager
def by_a_server(start, tmp_path, db):
    with serving(db, "--deliver", LOOPBACK, folder=tmp_path) as server:
        yield server.process


each_way = pytest.mark.parametrize("deliverer", [by_a_command, by_a_server], ids=["deliver", "serve"])


def log_of(tmp_path) -> list[str]:
    """Return the lines of the log without their times."""
    lines = "".join(path.read_text() for path in tmp_path.glob("*.log")).splitlines()
    return [line.split(" ", 2)[2] for line in lines]


@each_way
def test_what_another_process_does_is_told_at_once(deliverer, desk, db, start, tmp_path):
    with Endpoint() as endpoint, deliverer(start, tmp_path, db):
        secret = desk.add_webhook(ACME, url=endpoint.url).secret
        desk.open(ACME, body=BODY)
        endpoint.wait_for(1)
        took = []
        for count in range(2, 6):
            begun = ticks()
            desk.open(ACME, body=BODY)
            told = endpoint.wait_for(count)[-1]
            took.append(ticks() - begun)
            assert told.verified_by(secret)["data"]["case"]["number"] == count
        assert min(took) < 2  # of several: the machine may be busy


@each_way
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_behind_the_attempt_under_way_and_leaves_no_lease(
    number, deliverer, desk, db, start, tmp_path
):
    with Hanging() as endpoint, deliverer(start, tmp_path, db) as process:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        desk.open(ACME, body=BODY)
        endpoint.wait_for(1)
        process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(number)  # which changes nothing: a launcher may pass it on too
        endpoint.over.set()
        assert process.wait(timeout=20) == 0
        assert len(endpoint.told) == 1
        assert [each.state for each in desk.deliveries(ACME, webhook.id).deliveries] == ["delivered"]
        assert run("deliver", "--once", LOOPBACK, "--db", db, cwd=tmp_path).stdout == (
            "1 attempt: 1 delivered, 0 failed\n"
        )
        assert len(endpoint.told) == 2
    assert not [line for line in log_of(tmp_path) if " INFO " not in line]


def test_an_idle_one_ends_at_once(start):
    process = start()
    process.send_signal(0)
    begun = ticks()
    stop(process)
    assert ticks() - begun < 10


def test_two_at_once_tell_each_event_once_and_in_order(desk, start):
    own = (ACME, GLOBEX, Actor.merchant("initech"))
    with Endpoint() as first, Endpoint() as second, Endpoint() as third, Endpoint() as of_the_desk:
        endpoints = (first, second, third, of_the_desk)
        for actor, endpoint in zip((*own, ADA), endpoints, strict=True):
            desk.add_webhook(actor, url=endpoint.url)
        start()
        start()
        for _ in range(30):
            for actor in own:
                desk.open(actor, body=BODY)
        for endpoint, count in zip(endpoints, (30, 30, 30, 90), strict=True):
            endpoint.wait_for(count, seconds=60)
        for actor, endpoint in zip((*own, ADA), endpoints, strict=True):
            assert endpoint.ids == [event.id for event in desk.events(actor, limit=100).events]


def test_the_endpoint_of_one_that_was_killed_is_served_by_another_once_its_lease_has_ended(desk, db, start):
    killed = start(sys.executable, "-c", WITH_A_SHORT_LEASE, db)
    with Hanging() as endpoint:
        desk.add_webhook(ACME, url=endpoint.url)
        desk.open(ACME, body=BODY)
        desk.close(ACME, 1)
        endpoint.wait_for(1)
        stop(killed, signal.SIGKILL)
        start(sys.executable, "-c", WITH_A_SHORT_LEASE, db)
        endpoint.over.set()
        endpoint.wait_for(3)
        opened, closed = (event.id for event in desk.events(ACME).events)
        assert endpoint.ids == [opened, opened, closed]


def test_once_makes_what_is_due_and_tells_how_that_went(desk, db, tmp_path):
    with Endpoint(500) as endpoint:
        webhook = desk.add_webhook(ACME, url=f"{endpoint.url}?token=hunter2").webhook
        desk.open(ACME, body=BODY)
        desk.close(ACME, 1)
        done = run("deliver", "--once", LOOPBACK, "--db", db, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "2 attempts: 1 delivered, 1 failed\n")
    failed = rf"\S+ \S+ supportcases.webhooks WARNING webhook {webhook.id}: support_case.opened, "
    assert re.fullmatch(rf"{failed}attempt 1 failed after \d+ ms: It answered 500\.\n", done.stderr)
    again = run("deliver", "--once", "--db", db, cwd=tmp_path)
    assert (again.returncode, again.stdout, again.stderr) == (0, "0 attempts: 0 delivered, 0 failed\n", "")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ([], "Its URL may not be called: it must begin with https://."),
        ([LOOPBACK, "--webhook-deny", "127.0.0.0/8"], None),
    ],
    ids=["unless it may", "though it is denied otherwise"],
)
def test_this_machine_is_called_only_where_that_is_allowed(options, problem, desk, db, tmp_path):
    with Endpoint() as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        run("deliver", "--once", "--db", db, *options, cwd=tmp_path)
    assert desk.deliveries(ACME, webhook.id).deliveries[-1].problem == problem


def test_networks_are_denied_by_options_or_by_the_environment(db, desk, tmp_path):
    add = ("webhooks", "add", "https://198.51.1.7/", "--db", db)
    denied = "supportcases: url must lead to a public address, which 198.51.1.7 is not."
    assert refused(run(*add, "--webhook-deny", "198.51.1.0/24", cwd=tmp_path)) == denied
    several = ("--webhook-deny", "198.51.1.0/24", "--webhook-deny", "2001:db8::/32,198.52.0.0/16")
    assert refused(run(*add, *several, cwd=tmp_path)) == denied
    environ = {"SUPPORTCASES_WEBHOOK_DENY": "198.52.0.0/16, 198.51.1.0/24"}
    assert refused(run(*add, cwd=tmp_path, **environ)) == denied
    assert run(*add, "--webhook-deny", "198.52.0.0/16", cwd=tmp_path, **environ).returncode == 0


# a database that cannot be used


@contextmanager
def nobody_finds(db):
    """Let the name of the database lead nowhere until the block ends, and end the connections to it."""
    if not is_postgresql(db):
        os.rename(db, f"{db}.away")
        try:
            yield
        finally:
            os.rename(f"{db}.away", db)
        return
    import psycopg  # here: whoever runs the tests of SQLite need not have it

    name = psycopg.conninfo.conninfo_to_dict(db)["dbname"]
    with psycopg.connect(as_superuser(db), dbname="postgres", autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS FALSE")
        try:
            admin.execute(SERVING_ROLE_OUT, [name])
            yield
        finally:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS TRUE")


def as_superuser(db) -> str:
    """Return how the superuser calls the database: of a file, like everybody."""
    return db.replace("user=supportcases", "user=postgres")


def test_one_that_is_away_is_waited_for(desk, db, start, tmp_path):
    with Endpoint() as endpoint:
        desk.add_webhook(ACME, url=endpoint.url)
        desk.open(ACME, body=BODY)
        process = start()
        endpoint.wait_for(1)
        with nobody_finds(db):
            until = ticks() + 20
            while not any("WARNING webhooks wait: " in line for line in log_of(tmp_path)):
                assert ticks() < until
        desk.open(ACME, body=BODY)
        endpoint.wait_for(2)
        stop(process)
    said = [line for line in log_of(tmp_path) if " INFO " not in line]
    why = DatabaseUnavailable() if is_postgresql(db) else f"{db} was moved, deleted or replaced while it was in use."
    assert said == [
        f"supportcases.webhooks WARNING webhooks wait: {why}",
        "supportcases.webhooks WARNING webhooks are delivered again",
    ]


def test_one_that_was_moved_is_named_by_once_and_waited_for_otherwise(desk, db, start, tmp_path):
    with Endpoint() as endpoint, closing(open_repository(as_superuser(db))) as owned:
        desk.add_webhook(ACME, url=endpoint.url)
        desk.open(ACME, body=BODY)
        with owned.write() as transaction:
            transaction.moving.leave_for("elsewhere")
        told = "This database was moved to elsewhere; nothing is written to it any more."
        assert refused(run("deliver", "--once", LOOPBACK, "--db", db, cwd=tmp_path)) == f"supportcases: {told}"
        start()
        until = ticks() + 20
        while f"supportcases.webhooks WARNING webhooks wait: {told}" not in log_of(tmp_path):
            assert ticks() < until
            time.sleep(0.05)
        with owned.write() as transaction:
            transaction.moving.come_back()
        endpoint.wait_for(1)


def test_one_that_is_not_there_is_refused(tmp_path):
    assert "does not exist" in refused(run("deliver", "--db", "typo.db", cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []
