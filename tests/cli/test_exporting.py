"""`export --author` and `export --csv`: what somebody wrote, handed to them, and a table of the cases."""

import csv
import io
import json

import pytest

from tests.conftest import ACME, ADA, GLOBEX
from tests.support.command_line import refused, run


@pytest.fixture
def cases(desk):
    """Two cases of acme, of which Mara has written in one, and one of globex with a Mara of its own."""
    desk.open(ACME, body="My name is Mara.\n=1+1", subject="=cmd|'/C calc'!A1", author="Mara")
    file = desk.attach(ACME, name="page.png", content_type="image/png", content=b"\x89PNG")
    desk.reply(ACME, 1, body="Here.", author="Mara", attachments=[file])
    desk.answer(ADA, "acme:1", body="Thank you.")
    desk.note(ADA, "acme:1", body="A secret")
    desk.change(ADA, "acme:1", assignee="@Ada", severity="high")
    desk.close(ACME, 1)
    desk.open(ACME, body="Somebody else's words", subject="Other")
    desk.open(GLOBEX, body="Another Mara's words", author="Mara")
    return desk.get(ADA, "acme:1")


def test_all_that_somebody_wrote_is_json(cases, cli):
    first, second = cases.messages[:2]
    told = json.loads(cli("export", "--author", "Mara", "--store", "acme"))
    (case,) = told.pop("cases")
    assert told == {"format": "supportcases author 1", "store": "acme", "author": "Mara"}
    assert (case["number"], case["subject"]) == (1, "=cmd|'/C calc'!A1")
    assert [(said["id"], said["body"]) for said in case["messages"]] == [
        (first.id, "My name is Mara.\n=1+1"),
        (second.id, "Here."),
    ]
    assert case["messages"][1]["attachments"] == [
        {"id": second.attachments[0].id, "name": "page.png", "contentType": "image/png", "size": 4}
    ]
    of_team = json.loads(cli("export", "--author", "Ada", "--store", "acme"))["cases"][0]
    assert [(said["body"], said["internal"]) for said in of_team["messages"]] == [
        ("Thank you.", False),
        ("A secret", True),
    ]
    assert [change["to"] for change in of_team["changes"]] == [{"severity": "high", "assignee": "@Ada"}]


def test_and_a_text_for_people(cases, cli):
    told = cli("export", "--author", "Mara", "--store", "acme", "--text")
    assert told.startswith("What Mara wrote in acme\n\n\nacme 1: =cmd|'/C calc'!A1\nOpened ")
    assert "\n    My name is Mara.\n    =1+1\n" in told
    assert "Attached: page.png (4 bytes), " in told
    assert "Somebody else" not in told
    assert "A secret" not in told


def test_a_table_has_a_row_for_each_case_and_no_formula(cases, cli):
    rows = list(csv.DictReader(io.StringIO(cli("export", "--csv"))))
    assert [(row["store"], row["number"]) for row in rows] == [("acme", "1"), ("acme", "2"), ("globex", "1")]
    first = rows[0]
    assert (first["subject"], first["assignee"]) == ("'=cmd|'/C calc'!A1", "'@Ada")
    assert (first["status"], first["severity"], first["messages"], first["notes"]) == ("closed", "high", "3", "1")
    assert (first["secondsToFirstAnswer"], first["firstAnswerAt"]) == ("0.0", first["createdAt"])
    assert (first["secondsToClose"], first["closedAt"], first["waitingSince"]) == ("0.0", first["createdAt"], "")
    assert (rows[1]["firstAnswerAt"], rows[1]["closedAt"], rows[1]["waitingSince"]) == ("", "", rows[1]["createdAt"])
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert [row["store"] for row in csv.DictReader(io.StringIO(cli("export", "--csv", "--store", "globex")))] == [
        "globex"
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--author Mara", "--author wants the store too, with --store: the same label elsewhere may be somebody else."),
        ("--text", "--text says how to write what somebody wrote: give --author too."),
        ("--csv --author Mara --store acme", "--author and --csv exclude each other."),
        ("--csv --attachments", "--csv and --attachments exclude each other."),
    ],
)
def test_what_does_not_go_together_is_said(arguments, said, cases, tmp_path):
    done = run("export", *arguments.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"{said}\n")


def test_who_wrote_nothing_there_is_told_so(cases, tmp_path):
    said = refused(run("export", "--author", "mara", "--store", "acme", cwd=tmp_path))
    assert "has nothing that is signed 'mara' in the cases of acme; the label must be given letter by letter." in said
    assert "has no cases of initech." in refused(run("export", "--csv", "--store", "initech", cwd=tmp_path))
