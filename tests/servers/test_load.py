"""Many clients at once, workers that are restarted or killed under them, and the end: nothing is lost."""

import os
import signal
import sqlite3
import time
from contextlib import closing

from tests.servers.launchers import wait_until
from tests.servers.load import under_load


def cases_of(server) -> dict[int, str]:
    """Return the subject of each case of the store, by its number."""
    found = {}
    with server.merchant() as client:
        count = client.ask("GET", server.cases).json["meta"]["count"]
        for offset in range(0, count, 100):
            page = client.ask("GET", f"{server.cases}?limit=100&offset={offset}").json["data"]
            found |= {case["number"]: case["subject"] for case in page}
    return found


def check_that_nothing_is_lost(server, load) -> None:
    """Each acknowledged case is there once, as it was acknowledged; the numbers have no gap."""
    cases = cases_of(server)
    assert cases == load.acknowledged
    assert sorted(cases) == list(range(1, len(cases) + 1))
    assert len(set(cases.values())) == len(cases)
    with closing(sqlite3.connect(server.db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_eight_clients_open_200_cases_and_sigterm_ends_the_server(fresh, record_property):
    """The file is new: the processes of the server make it at the same moment."""
    load = under_load(fresh)
    assert (load.errors, load.asked_again) == ({}, 0)
    assert sorted(load.acknowledged) == list(range(1, 201))
    check_that_nothing_is_lost(fresh, load)
    record_property("version", fresh.launcher.version())
    record_property("load", f"{load}, {200 / load.seconds:.0f}/s")
    code = fresh.stop()
    record_property("SIGTERM", code)
    assert code == fresh.launcher.exit_code
    assert fresh.log.read_text().count("Traceback") == 0


def test_a_server_that_is_stopped_and_started_again_loses_nothing(fresh, record_property):
    def stop_and_start() -> None:
        fresh.stop()
        fresh.start()

    load = under_load(fresh, meanwhile=stop_and_start)
    record_property("stopped and started", str(load))
    check_that_nothing_is_lost(fresh, load)


def test_workers_that_are_restarted_gracefully_cost_nobody_an_answer(reloadable, record_property):
    before = workers_of(reloadable)

    def restart() -> None:
        reloadable.launcher.reload(reloadable)
        wait_until(lambda: not before & workers_of(reloadable), lambda: f"the workers are still {before}")

    load = under_load(reloadable, meanwhile=restart)
    record_property("restarted", str(load))
    assert load.errors == {}
    check_that_nothing_is_lost(reloadable, load)


def test_workers_that_are_killed_take_nothing_acknowledged_with_them(prefork, record_property):
    def kill_three() -> None:
        for _ in range(3):
            worker = prefork.worker()
            assert worker != prefork.process.pid
            os.kill(worker, signal.SIGKILL)
            time.sleep(0.1)

    load = under_load(prefork, meanwhile=kill_three)
    record_property("3 killed", str(load))
    check_that_nothing_is_lost(prefork, load)


def workers_of(server) -> set[int]:
    """Return the ids of the processes that answer."""
    return {server.worker() for _ in range(2 * server.launcher.workers)}
