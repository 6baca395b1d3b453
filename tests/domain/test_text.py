"""Every text needs a visible character: spaces, control and format characters alone are refused like a blank text."""

import sqlite3
from contextlib import closing

import pytest

from supportcases import (
    Actor,
    ActorKind,
    EventKind,
    HistoryEntry,
    InvalidInput,
    KeyRing,
    SqliteRepository,
    SupportDesk,
)
from supportcases.testing import support_desk
from tests.conftest import ACME, ADA
from tests.support.command_line import run
from tests.support.desks import BODY, INVISIBLE, UNSEEN, ZERO_WIDTH, problems


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_nobody_has_a_label_of_which_nothing_shows(repository, text):
    assert problems(Actor.merchant, "acme", text) == {"label": UNSEEN}
    assert problems(Actor.support, text) == {"label": UNSEEN}
    assert problems(KeyRing(repository).create, "acme", label=text) == {"label": UNSEEN}
    assert problems(KeyRing(repository).create_support, label=text) == {"label": UNSEEN}


def test_a_made_subject_of_which_nothing_shows_is_not_taken():
    with support_desk(make_subject=lambda body: ZERO_WIDTH) as kit:
        assert (
            kit.app.desk.open(ACME, body="The checkout shows a blank page.").subject
            == "The checkout shows a blank page"
        )


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ("\u200b" * 100 + "the checkout is blank", "Support request"),
        ("\u200b" * 9 + "the checkout is blank", "\u200b" * 9 + "the checkout is blank"),
        ("\u200b" * 50 + ". The checkout is blank", "The checkout is blank"),
        ("\u2800" * 20, "Support request"),
        ("\u3164" * 200, "\u3164" * 79 + "…"),
    ],
)
def test_a_subject_of_our_own_shows_something(desk, body, subject):
    assert desk.open(ACME, body=body).subject == subject


@pytest.fixture
def old(path):
    """A file of an earlier version, which took such texts; and the keys of a merchant and of the support team."""
    with closing(SqliteRepository(path)) as repository:
        desk, keys = SupportDesk(repository), KeyRing(repository)
        desk.open(Actor(ActorKind.MERCHANT, ZERO_WIDTH, frozenset(["acme"])), body=BODY, author="API")
        case = desk.find(ADA, "acme:1")
        was, became = {"assignee": None}, {"assignee": ZERO_WIDTH}
        assigned = HistoryEntry(EventKind.CHANGED, ActorKind.SUPPORT, ZERO_WIDTH, case.created_at, was, became)
        with repository.write() as transaction:
            transaction.cases.update(case._replace(assignee=ZERO_WIDTH), before=case)
            transaction.events.record(case, assigned)
        secrets = keys.create("acme")[0], keys.create_support(label="Ada", stores=["acme"])[0]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE supportcases_cases SET subject = ?, subject_folded = ''", (ZERO_WIDTH,))
        connection.execute("UPDATE supportcases_messages SET author_label = ?, body = ?", (ZERO_WIDTH, ZERO_WIDTH))
        connection.execute("UPDATE supportcases_keys SET label = ?", (ZERO_WIDTH,))
    return path, secrets


def test_what_an_earlier_version_took_can_still_be_read(old):
    path, secrets = old
    with closing(SqliteRepository(path)) as repository:
        desk, keys = SupportDesk(repository), KeyRing(repository)
        case, (message,) = desk.get(ADA, "acme:1")[:2]
        assert (case.subject, case.assignee, message.body, message.author_label) == (ZERO_WIDTH,) * 4
        assert [case.subject for case in desk.list(ACME).cases] == [ZERO_WIDTH]
        assert {entry.actor_label for entry in desk.history(ADA, "acme:1").entries} == {ZERO_WIDTH}
        merchant, team = map(keys.recognise, secrets)
        assert (merchant.store, merchant.label, team.stores, team.label) == ("acme", ZERO_WIDTH, {"acme"}, ZERO_WIDTH)
        assert desk.reply(merchant, 1, body="Still.", author="API").message.body == "Still."
        with pytest.raises(InvalidInput, match=r"^author must have a visible character"):
            desk.answer(team, "acme:1", body="Signed by nobody.")


def test_and_be_carried_to_another_file(old, tmp_path):
    path, _ = old
    exported = run("export", "--db", str(path), cwd=tmp_path)
    assert exported.returncode == 0
    (tmp_path / "archive").write_text(exported.stdout)
    imported = run("import", "archive", "--db", "new.db", cwd=tmp_path)
    assert (imported.returncode, imported.stderr) == (0, "")
    with closing(SqliteRepository(tmp_path / "new.db")) as repository:
        assert SupportDesk(repository).get(ADA, "acme:1").case.subject == ZERO_WIDTH
