"""A file with some cases, and what `supportcases check` says of it."""

import sqlite3
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk, cli
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, GLOBEX

BODY = "The printer is on fire."


@pytest.fixture
def four_cases(path, new_files_are_copies):
    """The path of a file with three cases of acme and one of globex, which nobody uses."""
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository, clock=MovableClock())
        for subject in ("Straße", "The till is down", "Nothing happens"):
            desk.open(ACME, body=BODY, subject=subject)
        desk.open(GLOBEX, body=BODY, subject="Blank page")
        desk.answer(ADA, "acme:1", body="Use water.")
    return path


@pytest.fixture
def found(four_cases, monkeypatch, capsys):
    """Run check on the file; return the exit code and what it printed, but for the note on the version of SQLite."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 3))

    def found(*arguments):
        code = cli.main(["check", "--db", str(four_cases), *arguments])
        said = capsys.readouterr()
        assert said.err == (f"supportcases: {four_cases} is not as it must be.\n" if code else "")
        return code, said.out.splitlines()[2:]

    return found
