"""supportcases backup: a copy that is whole or not there, made while others write."""

import errno
import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from supportcases import DatabaseUnusable, SqliteRepository, SupportDesk
from supportcases.storage.sqlite.backups import back_up
from supportcases.storage.sqlite.checks import check
from tests.conftest import ACME, ADA
from tests.support.command_line import refused, run
from tests.support.databases import fingerprint, newer_version_wrote
from tests.support.faults import BROKEN_CHECK, HOSTS, plant, plant_host
from tests.support.processes import crash_after_a_write, numbers_of, start

BODY = "The printer is on fire."


@pytest.fixture
def desk(path):
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        for subject in ("First", "Second", "Third"):
            desk.open(ACME, body=BODY, subject=subject)
        yield desk


def backup(tmp_path, *arguments, command=None):
    return run("backup", *arguments, cwd=tmp_path, **({"command": command} if command else {}))


def dump(path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [line for line in connection.iterdump() if "_sqlite_migrations" not in line]


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_holds_all_that_is_there_and_is_told_of_in_one_line(desk, tmp_path, path):
    done = backup(tmp_path, "copy.db")
    size = (tmp_path / "copy.db").stat().st_size
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"copied 3 cases ({size / 1e6:.1f} MB) to copy.db\n"
    assert dump(tmp_path / "copy.db") == dump(path)
    with closing(SqliteRepository(tmp_path / "copy.db")) as copy:
        assert SupportDesk(copy).open(ACME, body=BODY).number == 4


def test_the_copy_is_one_file_that_only_its_owner_can_read(desk, tmp_path, path):
    path.chmod(0o644)
    assert backup(tmp_path, "copy.db").returncode == 0
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert [name for name in names(tmp_path) if not name.startswith("cases.db")] == ["copy.db"]
    with closing(sqlite3.connect(f"file:{tmp_path}/copy.db?immutable=1", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_file_that_nobody_uses_stays_as_it_is_and_alone(desk, tmp_path, path):
    desk.repository.close()
    before = fingerprint(path)
    assert backup(tmp_path, "copy.db").returncode == 0
    assert (fingerprint(path), names(tmp_path)) == (before, ["cases.db", "copy.db"])


def test_what_a_crash_has_left_in_the_wal_is_copied_and_stays_there(tmp_path, path):
    crash_after_a_write(path)
    wal = tmp_path / "cases.db-wal"
    before = wal.stat().st_size
    assert before > 0
    assert backup(tmp_path, "copy.db").stdout.startswith("copied 1 case (")
    assert wal.stat().st_size == before


def test_a_copy_made_under_load_holds_what_was_acknowledged_before_and_has_no_gap(tmp_path, path):
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        desk.open(ACME, body=BODY)
        script = """
        desk = SupportDesk(SqliteRepository(sys.argv[1]))
        while True:
            print(desk.open(Actor.merchant("acme"), body="The printer is on fire.").number, flush=True)
        """
        writer = start(script, path)
        try:
            writer.stdin.write("\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == "ready\n"
            for turn in range(3):
                acknowledged = int(writer.stdout.readline())
                assert backup(tmp_path, f"copy{turn}.db").returncode == 0
                with closing(SqliteRepository(tmp_path / f"copy{turn}.db")) as copy:
                    numbers = numbers_of(SupportDesk(copy))
                assert numbers == list(range(1, len(numbers) + 1))
                assert acknowledged <= len(numbers)
                assert run("check", "--db", f"copy{turn}.db", cwd=tmp_path).returncode == 0
        finally:
            writer.kill()
            writer.communicate()


# --- what is refused: then nothing is there that was not there before


def test_what_is_there_already_is_left_as_it_is(desk, tmp_path):
    (tmp_path / "copy.db").write_text("precious")
    assert refused(backup(tmp_path, "copy.db")) == "supportcases: copy.db is there already; a copy replaces nothing."
    assert (tmp_path / "copy.db").read_text() == "precious"
    assert "is there already" in refused(backup(tmp_path, "cases.db"))
    (tmp_path / "link.db").symlink_to("nowhere")
    assert "is there already" in refused(backup(tmp_path, "link.db"))


def test_a_folder_that_is_missing_is_named(desk, tmp_path):
    told = refused(backup(tmp_path, "no/copy.db"))
    assert told == f"supportcases: no/copy.db cannot be made: there is no folder {tmp_path}/no."


def test_a_damaged_file_gives_no_copy(desk, tmp_path, path):
    desk.repository.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE supportcases_messages SET author_label = '' WHERE position = 2")
    told = refused(backup(tmp_path, "copy.db"))
    assert told == (
        "supportcases: cases.db cannot be copied to copy.db: it is damaged, which `supportcases check` tells more of "
        "(CHECK constraint failed in supportcases_messages)."
    )
    assert names(tmp_path) == ["cases.db"]


def test_a_disk_that_is_full_leaves_no_part_of_a_copy(desk, tmp_path, path):
    desk.repository.close()
    limited = ["bash", "-c", f'ulimit -f 64; exec "{sys.executable}" -m supportcases "$@"', "bash"]
    told = refused(backup(tmp_path, "copy.db", command=limited))
    assert told.startswith("supportcases: cases.db cannot be copied to copy.db: ")
    assert names(tmp_path) == ["cases.db"]


def test_a_name_that_somebody_takes_meanwhile_is_not_taken_from_them(desk, tmp_path, path, monkeypatch, capsys):
    from supportcases import cli
    from supportcases.storage.sqlite import backups

    def checked(part):
        (tmp_path / "copy.db").write_text("theirs")
        return 3

    monkeypatch.setattr(backups, "_checked", checked)
    assert cli.main(["backup", str(tmp_path / "copy.db"), "--db", str(path)]) == 1
    assert "copy.db is there already; a copy replaces nothing." in capsys.readouterr().err
    assert (tmp_path / "copy.db").read_text() == "theirs"
    assert not list(tmp_path.glob(".copy*"))


@pytest.fixture
def without_links(tmp_path, monkeypatch):
    """A file system that makes no hard links; `meanwhile` is done where one is asked for."""
    meanwhile = []

    def no_links(*_):
        for act in meanwhile:
            act()
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    return meanwhile


def test_where_there_are_no_links_the_copy_gets_its_name_too(desk, tmp_path, path, without_links):
    assert back_up(str(path), str(tmp_path / "copy.db")).cases == 3
    assert dump(tmp_path / "copy.db") == dump(path)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".copy*"))


def test_where_there_are_no_links_nothing_is_replaced_either(desk, tmp_path, path, without_links):
    without_links.append(lambda: (tmp_path / "copy.db").write_text("theirs"))
    with pytest.raises(DatabaseUnusable, match=r"copy\.db is there already; a copy replaces nothing\."):
        back_up(str(path), str(tmp_path / "copy.db"))
    assert (tmp_path / "copy.db").read_text() == "theirs"
    assert not list(tmp_path.glob(".copy*"))


def test_where_the_copy_cannot_be_renamed_its_name_is_free_again(desk, tmp_path, path, without_links, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="Input/output error"):
        back_up(str(path), str(tmp_path / "copy.db"))
    assert [name for name in names(tmp_path) if "copy" in name] == []


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EBADF, errno.EACCES, errno.ENOTSUP])
def test_a_folder_that_cannot_be_synced_makes_no_copy_fail(desk, tmp_path, path, monkeypatch, number):
    fail_for_folders(monkeypatch, number)
    assert back_up(str(path), str(tmp_path / "copy.db")).cases == 3
    assert dump(tmp_path / "copy.db") == dump(path)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_is_told(desk, tmp_path, path, monkeypatch, number):
    fail_for_folders(monkeypatch, number)
    with pytest.raises(OSError, match=os.strerror(number)):
        back_up(str(path), str(tmp_path / "copy.db"))


def fail_for_folders(monkeypatch, number):
    sync = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_name_that_is_no_utf_8_is_one_like_any_other(tmp_path):
    source, copy = (os.fsdecode(os.fsencode(tmp_path) + name) for name in (b"/caf\xe9.db", b"/copy\xe9.db"))
    for _ in range(2):  # at the second start it is there
        with closing(SqliteRepository(source)) as repository:
            SupportDesk(repository).open(ACME, body=BODY)
    assert back_up(source, copy).cases == 2
    assert check(copy).faults == ()
    assert sorted(os.listdir(os.fsencode(tmp_path))) == [b"caf\xe9.db", b"copy\xe9.db"]


def test_an_older_and_a_newer_file_are_copied_as_they_are(desk, tmp_path, path):
    desk.answer(ADA, "acme:1", body="Use water.")
    desk.repository.close()
    newer_version_wrote(path, "0099_x")
    assert backup(tmp_path, "copy.db").returncode == 0
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert ("0099_x",) in connection.execute("SELECT name FROM _sqlite_migrations").fetchall()


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_s_own_schema_is_copied_and_ours_is_checked(desk, tmp_path, path, host):
    plant_host(path, host)
    assert back_up(str(path), str(tmp_path / "copy.db")).cases == 3
    assert dump(tmp_path / "copy.db") == dump(path)
    plant(path, BROKEN_CHECK)
    with pytest.raises(DatabaseUnusable, match=r"\(CHECK constraint failed in supportcases_messages\)"):
        back_up(str(path), str(tmp_path / "second.db"))
