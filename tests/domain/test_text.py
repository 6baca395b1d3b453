"""Every text needs a visible character: spaces, control and format characters alone are refused like a blank text."""

import json
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
from tests.cli.test_commands import run
from tests.cli.test_support import fed
from tests.conftest import ACME, ADA, CASES, SUPPORT
from tests.support.desks import BODY, problems

UNSEEN = "Must have a visible character, not only spaces, control and format characters."
ZERO_WIDTH = "\u200b" * 3
INVISIBLE = ["\u200b" * 10, "\u2060\u200d\ufeff" * 4, "\u00ad" * 10, "\u202e\u200b \u3000\u200b" * 3, "\U000e0020" * 10]
VISIBLE = ["\u2800", "\u3164", "\u115f", "\u034f", "\ufe0f", "\ue000", "\u0378", "\u0301"]  # no Cc, no Cf, no space


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_python_refuses_every_text_of_which_nothing_shows(desk, text):
    case = desk.open(ACME, body=BODY)
    unseen = {"body": UNSEEN, "author": UNSEEN, "subject": UNSEEN}
    assert problems(desk.open, ACME, body=text, author=text, subject=text) == unseen
    assert problems(desk.reply, ACME, 1, body=text, author=text) == {"author": UNSEEN, "body": UNSEEN}
    assert problems(desk.answer, ADA, case.id, body=text, author=text) == {"author": UNSEEN, "body": UNSEEN}
    assert problems(desk.note, ADA, case.id, body=text) == {"body": UNSEEN}
    assert problems(desk.change, ADA, case.id, subject=text, assignee=text) == {"subject": UNSEEN, "assignee": UNSEEN}


def test_control_characters_are_no_body_either(desk):
    assert problems(desk.open, ACME, body="\x1b\x07" * 10) == {"body": UNSEEN}


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_nobody_has_a_label_of_which_nothing_shows(repository, text):
    assert problems(Actor.merchant, "acme", text) == {"label": UNSEEN}
    assert problems(Actor.support, text) == {"label": UNSEEN}
    assert problems(KeyRing(repository).create, "acme", label=text) == {"label": UNSEEN}
    assert problems(KeyRing(repository).create_support, label=text) == {"label": UNSEEN}


@pytest.mark.parametrize("character", VISIBLE, ids=ascii)
def test_one_character_of_any_other_category_is_enough(desk, character):
    text = f"\u200b{character}\u200b"
    case = desk.open(ACME, body=text * 4, subject=text, author=text)
    assert case.subject == text
    assert [(m.body, m.author_label) for m in desk.get(ACME, 1).messages] == [(text * 4, text)]


def test_over_http_it_is_a_400_that_names_the_fields(client, ada):
    def post(asker, path, **document):
        answer = asker.simulate_post(path, body=json.dumps(document), headers={"Content-Type": "application/json"})
        return answer.status_code, answer.json.get("details")

    assert post(client, CASES, body=BODY, subject=ZERO_WIDTH) == (400, [{"field": "subject", "message": UNSEEN}])
    assert post(client, CASES, body=BODY, author=ZERO_WIDTH) == (400, [{"field": "author", "message": UNSEEN}])
    assert post(client, CASES, body=ZERO_WIDTH * 4) == (400, [{"field": "body", "message": UNSEEN}])
    assert post(client, CASES, body=BODY) == (201, None)
    unseen = [{"field": "body", "message": UNSEEN}]
    assert post(client, f"{CASES}/1/messages", body=ZERO_WIDTH) == (400, unseen)
    assert post(ada, f"{SUPPORT}/cases/acme:1/messages", body=ZERO_WIDTH) == (400, unseen)
    assert post(ada, f"{SUPPORT}/cases/acme:1/messages", body=ZERO_WIDTH, internal=True) == (400, unseen)


def test_so_does_the_command_line(tmp_path):
    db = tmp_path / "cases.db"
    with closing(SqliteRepository(db)) as repository:
        SupportDesk(repository).open(ACME, body=BODY)
    unseen = UNSEEN[:1].lower() + UNSEEN[1:]
    for text in (["-m", ZERO_WIDTH], ["-"]):
        done = fed(ZERO_WIDTH, "answer", "acme", "1", *text, "--as", "Ada", "--db", str(db), cwd=tmp_path)
        assert (done.returncode, done.stderr.decode()) == (1, f"supportcases: body {unseen}\n")
    assert UNSEEN in run("keys", "create", "acme", "--label", ZERO_WIDTH, "--db", str(db), cwd=tmp_path).stderr


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
            transaction.cases.update(case._replace(assignee=ZERO_WIDTH))
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
