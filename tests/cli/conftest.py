"""A desk in a file, and the command line beside it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import SupportDesk
from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.command_line import run

BODY = "The printer is on fire."


@pytest.fixture
def desk(db):
    """A desk whose clock stood still 3 days and 2 hours ago."""
    then = datetime.now(UTC) - timedelta(days=3, hours=2)
    with closing(open_repository(db)) as repository:
        yield SupportDesk(repository, clock=lambda: then)


@pytest.fixture(autouse=True)
def _unless_told(request, monkeypatch):
    """On PostgreSQL let the commands use the database of the test, as `cases.db` in their folder otherwise."""
    if request.config.option.engine == "postgres":
        monkeypatch.setenv("SUPPORTCASES_DB", request.getfixturevalue("db"))


@pytest.fixture
def cli(tmp_path):
    """Run a command that succeeds, in the folder of the database; return what it printed."""

    def command_line(*arguments, **environ):
        done = run(*arguments, cwd=tmp_path, **environ)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return command_line


@pytest.fixture
def quiet(desk):
    """Two cases that were written for 3 days since it was answered, and one that is open."""
    for actor, subject in ((ACME, "Printer on fire"), (GLOBEX, "A small question"), (ACME, "Still burning")):
        desk.open(actor, body=BODY, subject=subject)
    desk.answer(ADA, "acme:1", body="Use water.")
    desk.answer(ADA, "globex:1", body="Which?")
    return desk
