"""What can be seen of a file that cannot be written, without writing to it."""

import os
import resource
import shutil
import sqlite3
import sys
from collections import namedtuple
from contextlib import closing

import pytest

from supportcases import DatabaseDamaged, DatabaseUnusable, SqliteRepository, create_app
from supportcases.storage.sqlite import readiness
from supportcases.storage.sqlite.read_only import looking_into
from supportcases.storage.sqlite.readiness import FULL, READ_ONLY, ROOM, free_bytes
from tests.conftest import call
from tests.support.databases import open_files, python
from tests.support.rows import a_case, kept

Disk = namedtuple("Disk", "f_blocks f_bfree f_bavail f_frsize")


def test_a_file_that_can_be_written_has_no_hindrance_and_is_not_even_opened(path):
    with closing(SqliteRepository(path)) as repository:
        kept(repository, a_case(1))
        assert repository.hindrance() is None
        before = open_files(path.parent)
        assert readiness.hindrance_to(path) is None
        assert open_files(path.parent) == before


def test_nobody_waits_for_the_answer_and_it_waits_for_no_writer(path):
    with closing(SqliteRepository(path)) as repository, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert repository.hindrance() is None
        with repository.read():
            pass
        other.execute("COMMIT")
    steps = []
    with closing(SqliteRepository(path, trace=steps.append)) as repository:
        steps.clear()
        repository.hindrance()
    assert [step for step in steps if not step.startswith(("SELECT", "PRAGMA"))] == []


def test_a_file_that_nobody_has_open_on_a_full_disk_says_so(path, monkeypatch):
    with closing(SqliteRepository(path)) as repository:
        kept(repository, a_case(1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr(readiness, "free_bytes", lambda folder: ROOM - 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))  # no file grows, the `-shm` neither
    try:
        with pytest.raises(DatabaseUnusable) as written:
            SqliteRepository(path, must_exist=True)
        with pytest.raises(DatabaseUnusable) as read, looking_into(str(path)):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(written.value) == f"{path} cannot be used: its disk is full."
    assert str(read.value) == f"{path} cannot be read: its disk is full."


@pytest.mark.parametrize("readonly", [".", "cases.db", "cases.db-wal", "cases.db-shm"])
def test_a_file_or_folder_that_became_read_only(path, monkeypatch, readonly):
    with closing(SqliteRepository(path)) as repository:
        kept(repository, a_case(1))
        unwritable = os.path.realpath(path.parent / readonly)
        may = os.access  # root may write everywhere: the answer of the system is spoken here
        monkeypatch.setattr(os, "access", lambda place, how: str(place) != unwritable and may(place, how))
        assert repository.hindrance() == READ_ONLY


def test_a_disk_that_is_full(path, monkeypatch):
    with closing(SqliteRepository(path)) as repository:
        monkeypatch.setattr(readiness, "free_bytes", lambda folder: ROOM - 1)
        assert repository.hindrance() == FULL
        monkeypatch.setattr(readiness, "free_bytes", lambda folder: ROOM)
        assert repository.hindrance() is None


@pytest.mark.skipif(sys.platform == "win32", reason="there is no root")
@pytest.mark.parametrize(("user", "free"), [(0, 2 * 4096), (1000, 4096)], ids=["root", "others"])
def test_what_is_kept_back_for_root_is_free_for_root_alone(tmp_path, monkeypatch, user, free):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "statvfs", lambda folder: Disk(100, 2, 1, 4096))
    assert free_bytes(tmp_path) == free
    monkeypatch.setattr(os, "statvfs", lambda folder: Disk(0, 0, 0, 4096))
    assert free_bytes(tmp_path) == float("inf")


@pytest.mark.parametrize("happens", ["moved", "deleted", "replaced"])
def test_a_file_that_is_no_longer_there(path, happens):
    with closing(SqliteRepository(path)) as repository:
        kept(repository, a_case(1))
        repository.close()
        aside = path.with_suffix(".aside")
        path.rename(aside)
        if happens == "replaced":
            shutil.copy(aside, path)
        if happens == "deleted":
            os.link(aside, path)
            path.unlink()
        told = "The file of the database was moved, deleted or replaced while it was in use."
        assert repository.hindrance() == told
        aside.replace(path)
        assert repository.hindrance() is None


def test_a_file_in_which_damage_was_found(path):
    with closing(SqliteRepository(path)) as repository:
        repository._faults._note("for this test")
        with pytest.raises(DatabaseDamaged):
            repository.hindrance()
        app = create_app(repository)
        assert call(app, "GET", "/readyz").status == 503


def test_a_child_that_was_forked_amid_a_write(path):
    told = python(
        """
        import os, sys, warnings
        from supportcases import SqliteRepository
        warnings.simplefilter("ignore", DeprecationWarning)
        repository = SqliteRepository(sys.argv[1])
        with repository.write():
            child = os.fork()
            if not child:
                print(repository.hindrance(), flush=True)
                os._exit(0)
            os.waitpid(child, 0)
        print(repository.hindrance())
        """,
        str(path),
    )
    assert told == "This process was forked amid a write, and can only read.\nNone\n"
