"""Which file a command uses, and which it makes: names that are no text, files that may not be written, `--db`."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from supportcases import KeyRing, SqliteRepository, SupportDesk
from tests.conftest import ACME, ADA
from tests.support.command_line import MODULE, refused, run

BODY = "The printer is on fire."
NO_TEXT = os.fsdecode(b"caf\xe9.db")
LOOKS = ["cases", "show acme 1", "stats", "keys list", "export", "check"]


def fill(path):
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        desk.answer(ADA, desk.open(ACME, body=BODY).id, body="Use water.")
        KeyRing(repository).create("acme")


def cases_of(path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM supportcases_cases").fetchone()[0]


# --- names


def test_a_file_whose_name_is_no_text_is_used_by_every_command(tmp_path):
    fill(tmp_path / NO_TEXT)
    copy = os.fsdecode(b"copy\xff.db")
    for command in (*LOOKS, "answer acme 1 -m hi", "close-idle --answered-for 1m", "keys create acme"):
        done = run("--db", NO_TEXT, *command.split(), cwd=tmp_path)
        assert (command, done.returncode) == (command, 0), done.stderr
    assert "caf\\udce9.db: 1 case" in run("check", "--db", NO_TEXT, cwd=tmp_path).stdout
    done = run("backup", copy, "--db", NO_TEXT, cwd=tmp_path)
    assert re.fullmatch(r"copied 1 case \(0.\d MB\) to copy\\udcff.db\n", done.stdout), done.stderr
    (tmp_path / "cases.ndjson").write_text(run("export", "--db", copy, cwd=tmp_path).stdout)
    done = run("import", "cases.ndjson", "--db", os.fsdecode(b"new\xfe.db"), cwd=tmp_path)
    assert done.stdout == "imported 1 case into new\\udcfe.db\n"
    assert refused(run("cases", "--db", os.fsdecode(b"no\xff.db"), cwd=tmp_path)) == (
        "supportcases: no\\udcff.db does not exist. Name the file with --db or SUPPORTCASES_DB."
    )


def test_serve_names_its_file_on_one_line_also_where_it_is_started_again(tmp_path):
    for told in ("serving the new file ", "serving "):
        process = subprocess.Popen(
            [*MODULE, "serve", "--port", "0", "--db", NO_TEXT],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout.readline().startswith("listening on http://")
        finally:
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=30)[1]
        assert process.returncode == 0
        assert f" supportcases.serve INFO {told}{tmp_path}/caf\\udce9.db\n" in said


@pytest.mark.parametrize("stream", [">&-", ">/dev/full", "2>&-", "<&-"])
def test_serve_serves_with_a_stream_closed(stream, path, tmp_path):
    script = f'"$0" -m supportcases serve --port 0 {stream} & child=$!; exec >&2; read line; kill $child; wait $child'
    process = subprocess.Popen(
        ["bash", "-c", script, sys.executable],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not path.exists() or not path.stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1)  # it has the file, and is about to accept
    process.communicate(b"\n", timeout=30)
    assert process.returncode == 0


def test_db_may_stand_before_the_command_and_what_stands_behind_it_wins(tmp_path):
    fill(tmp_path / "a.db")

    assert "acme" in run("--db", "a.db", "cases", cwd=tmp_path).stdout
    assert "acme" in run("--db", "no.db", "cases", "--db", "a.db", cwd=tmp_path).stdout
    assert "acme" in run("--db", "a.db", "keys", "list", cwd=tmp_path, SUPPORTCASES_DB="no.db").stdout
    assert "acme" in run("cases", cwd=tmp_path, SUPPORTCASES_DB="a.db").stdout
    assert run("--db", "no.db", "cases", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize("command", [*LOOKS, "answer acme 1 -m hi", "close-idle --answered-for 1m", "backup copy.db"])
def test_a_file_that_is_not_there_is_named_with_how_to_name_another(command, tmp_path):
    assert refused(run(*command.split(), cwd=tmp_path)) == (
        "supportcases: cases.db does not exist. Name the file with --db or SUPPORTCASES_DB."
    )
    assert list(tmp_path.iterdir()) == []


# --- import


def archive_of(tmp_path):
    fill(tmp_path / "old.db")
    return run("export", "--db", "old.db", cwd=tmp_path).stdout


def test_an_archive_may_begin_with_a_byte_order_mark_and_nothing_else_may(tmp_path):
    first, *more = archive_of(tmp_path).splitlines(keepends=True)
    (tmp_path / "a.ndjson").write_text("".join(["\ufeff", first, *more]), encoding="utf-8")
    (tmp_path / "b.ndjson").write_text("".join([first, "\ufeff", *more]), encoding="utf-8")

    assert run("import", "a.ndjson", cwd=tmp_path).stdout == "imported 1 case into cases.db\n"
    assert "line 2 is no JSON" in refused(run("import", "b.ndjson", "--db", "b.db", cwd=tmp_path))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_an_import_that_is_interrupted_says_that_nothing_was_imported(number, code, path, tmp_path):
    head = "".join(archive_of(tmp_path).splitlines(keepends=True)[:2])
    process = subprocess.Popen(
        [*MODULE, "import", "-"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    process.stdin.write(head)
    process.stdin.flush()
    deadline = time.monotonic() + 30
    while not path.exists():  # it has read the first line, and waits for more
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)

    assert process.communicate(timeout=30) == ("", "supportcases: interrupted; nothing was imported.\n")
    assert process.returncode == code
    with closing(SqliteRepository(path)) as repository:
        assert SupportDesk(repository).list(ACME).count == 0


def test_an_empty_archive_says_that_it_is_empty(tmp_path):
    (tmp_path / "a.ndjson").touch()

    sentence = "the file is empty; an archive of no cases has one line, which tells so."
    assert refused(run("import", "a.ndjson", cwd=tmp_path)) == f"supportcases: a.ndjson: {sentence}"


@pytest.mark.parametrize(
    ("target", "why"),
    [("new/", "a file to be made, not 'new/'"), ("-", "a file to be made, not '-'"), ("", "a file, not empty")],
)
def test_a_backup_is_a_file_and_nothing_else(target, why, path, tmp_path):
    SqliteRepository(path).close()
    done = run("backup", target, cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.endswith(f"argument FILE: must be the name of {why}\n")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("arguments", [["--db", "", "cases"], ["cases", "--db", ""], ["import", ""]])
def test_an_empty_name_is_no_file(arguments, tmp_path):
    done = run(*arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.endswith(": must be the name of a file, not empty\n")


def test_a_copy_whose_name_is_too_long_is_named(path, tmp_path):
    SqliteRepository(path).close()
    name = "é" * 150

    assert refused(run("backup", name, cwd=tmp_path)) == f"supportcases: {tmp_path / name}: File name too long"


# --- files that may not be written

OTHER = 65_534  # nobody


@pytest.fixture
def as_another():
    """A folder of this user's that another one may read, and a way to run commands as that one."""
    if os.geteuid() != 0:
        pytest.skip("Only root can run commands as another user.")

    program = f"""
import os, sys
import supportcases.storage.sqlite.migrations.steps  # before it becomes {OTHER}, who may not read every Python
from supportcases.cli import main
os.setgroups([]), os.setgid({OTHER}), os.setuid({OTHER})
sys.exit(main(sys.argv[1:]))
"""

    def look(*arguments):
        return run("--db", str(folder / "cases.db"), *arguments, cwd="/", command=[sys.executable, "-c", program])

    with TemporaryDirectory(prefix="supportcases-theirs-") as name:  # pytest's own folders are this user's alone
        folder = Path(name)
        folder.chmod(0o755)
        yield folder, look


def everything(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_file_of_somebody_elses_is_read_and_left_as_it_is(mode, as_another):
    folder, look = as_another
    fill(folder / "cases.db")
    if mode == "delete":
        (folder / "cases.db").rename(folder / "original.db")
        assert run("backup", "cases.db", "--db", "original.db", cwd=folder).returncode == 0
        (folder / "original.db").unlink()
    (folder / "cases.db").chmod(0o644)
    before = everything(folder)

    for command in LOOKS:
        done = look(*command.split())
        assert (command, done.returncode) == (command, 0), done.stderr
    assert "nothing is wrong" in done.stdout
    assert "its CHECK constraints were not looked at" in done.stdout
    assert everything(folder) == before
    assert refused(look("answer", "acme", "1", "-m", "hi")).endswith("this user may not write it, or not its folder.")


def test_a_file_that_is_in_use_by_somebody_else_is_read_with_its_newest_cases(as_another):
    folder, look = as_another
    fill(folder / "cases.db")
    (folder / "cases.db").chmod(0o644)
    with closing(sqlite3.connect(folder / "cases.db", isolation_level=None)) as other:
        other.execute("UPDATE supportcases_cases SET subject = 'Newest of all'")

        assert "Newest of all" in look("cases").stdout
        assert "wrong: subjects: " in look("check").stdout  # which were changed past their folded form


def test_a_wal_that_cannot_be_read_is_not_passed_over(as_another, tmp_path):
    folder, look = as_another
    fill(tmp_path / "cases.db")
    with closing(sqlite3.connect(tmp_path / "cases.db", isolation_level=None)) as other:
        other.execute("UPDATE supportcases_cases SET subject = 'Newest of all'")
        for end in ("", "-wal"):
            shutil.copyfile(tmp_path / f"cases.db{end}", folder / f"cases.db{end}")
            (folder / f"cases.db{end}").chmod(0o644)

    for command in ("cases", "check"):
        assert refused(look(command)).endswith(
            "cannot be read: its newest cases are in a -wal file that only who may write its folder can read."
        )


def test_what_this_user_may_not_read_is_said(as_another):
    folder, look = as_another
    fill(folder / "cases.db")

    assert refused(look("cases")).endswith("cases.db cannot be read: this user may not.")


def test_an_older_file_that_may_not_be_written_is_told_of(as_another):
    folder, look = as_another
    fill(folder / "cases.db")
    (folder / "cases.db").chmod(0o644)
    with closing(sqlite3.connect(folder / "cases.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM _sqlite_migrations WHERE rowid = (SELECT max(rowid) FROM _sqlite_migrations)")

    assert refused(look("cases")).endswith(
        "was written by an older version of supportcases, and this user may not bring it up to date."
    )
