"""What was erased in the archive: redacted entries and purged numbers are carried, and what comes back is refused."""

import json
from contextlib import closing
from datetime import timedelta

import pytest

from supportcases import SupportDesk, cli
from supportcases.storage.open import check, open_repository
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, GLOBEX
from tests.formats.test_archive import ARCHIVES
from tests.support.desks import BODY

WAYS = ([], ["--attachments"])


@pytest.fixture
def source(db):
    """Cases 1 and 3 of acme's four were purged, and of 2 something of each kind was taken out; globex's one is gone."""
    clock = MovableClock()
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, clock=clock)
        files = [desk.attach(ACME, name=f"{n}.txt", content_type="text/plain", content=b"x" * n) for n in (1, 2)]
        desk.open(ACME, body=BODY)
        desk.open(ACME, body=BODY, author="Mara", attachments=files)
        for actor in (ACME, ACME, GLOBEX):
            desk.open(actor, body=BODY)
        for actor, number in ((ACME, 1), (ACME, 3), (GLOBEX, 1)):
            desk.close(actor, number)
        note = desk.note(ADA, "acme:2", body="A secret").message
        message = desk.get(ADA, "acme:2").messages[0].id
        taken = (
            {"message": message},
            {"message": note.id},
            {"subject": True},
            {"label": "Mara"},
            {"attachment": files[0]},
        )
        for what in taken:
            desk.redact(ADA, "acme:2", **what, reason="law")
        clock.advance(days=2)
        desk.reply(ACME, 2, body="Thank you.")
        assert desk.purge(ADA, closed_for=timedelta(days=1)).cases == 3
    return db


def exported(capsys, db, *more) -> str:
    assert cli.main(["export", "--db", db, *more]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("way", WAYS, ids=["without files", "with files"])
def test_it_is_carried_and_a_second_export_says_the_same(source, way, tmp_path, capsys):
    told = exported(capsys, source, *way)
    assert "Mara" not in told
    (tmp_path / "archive").write_text(told)
    target = str(tmp_path / "target.db")
    assert cli.main(["import", str(tmp_path / "archive"), "--db", target]) == 0
    capsys.readouterr()
    assert exported(capsys, target, *way) == told
    assert check(target).faults == ()
    with closing(open_repository(target)) as repository:
        desk = SupportDesk(repository)
        assert [entry.became.get("redacted") for entry in desk.history(ADA, "acme:2").entries if entry.became][1:] == [
            *("message", "note", "subject", "label", "attachment")
        ]
        assert [desk.open(actor, body=BODY).number for actor in (ACME, GLOBEX)] == [5, 2]
        assert [event.sequence for event in desk.events(ACME).events] == list(range(1, 9))


def test_of_one_store_only_its_own_numbers_are_told(source, capsys):
    lines = [json.loads(line) for line in exported(capsys, source, "--store", "acme").splitlines()]
    assert [(line["purged"]["store"], line["purged"]["number"]) for line in lines if "purged" in line] == [
        ("acme", 1),
        ("acme", 3),
    ]
    assert [line["supportcases"] for line in lines] == [1, 3, 3, 3, 1, 1]


def test_nothing_is_imported_where_cases_were_purged(source, tmp_path, capsys):
    (tmp_path / "archive").write_text(exported(capsys, source))
    with closing(open_repository(str(tmp_path / "old.db"))) as repository:
        clock = MovableClock()
        desk = SupportDesk(repository, clock=clock)
        desk.open(ACME, body=BODY)
        desk.close(ACME, 1)
        clock.advance(days=2)
        assert desk.purge(ADA, closed_for=timedelta(days=1)).cases == 1
    assert cli.main(["import", str(tmp_path / "archive"), "--db", str(tmp_path / "old.db")]) == 1
    assert "has had cases, which were purged; import into a file that is new." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"supportcases":3,"purged":{"store":"acme","number":1}}', "line 2, purged, id is missing;"),
        ('{"supportcases":1,"purged":{"store":"acme","number":1}}', "line 2, "),
    ],
)
def test_a_wrong_tombstone_is_named_by_its_line(line, said, tmp_path, capsys):
    (tmp_path / "archive").write_text(f'{{"supportcases":1}}\n{line}\n{{"supportcases":1,"cases":0}}\n')
    assert cli.main(["import", str(tmp_path / "archive"), "--db", str(tmp_path / "new.db")]) == 1
    assert said in capsys.readouterr().err


def test_what_today_s_code_wrote_is_taken_in(tmp_path, capsys):
    target = str(tmp_path / "kept.db")
    assert cli.main(["import", str(ARCHIVES / "v3.jsonl"), "--db", target]) == 0
    capsys.readouterr()
    assert exported(capsys, target, "--attachments") == (ARCHIVES / "v3.jsonl").read_text()
