"""What an earlier release exported is imported for ever, and answers as it did."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from falcon.testing import TestClient

from supportcases import Actor, InvalidInput, cli, create_app
from supportcases.formats.archive import VERSIONS, Archive, written
from supportcases.formats.whole_cases import kept
from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA, ROOT

# v1.jsonl was written by the first code that could export; v1_answers.jsonl is what both APIs then said of it
ARCHIVES = Path(__file__).with_name("archives")
KEPT = sorted(int(path.stem[1:]) for path in ARCHIVES.glob("v*.jsonl") if path.stem[1:].isdigit())
KNOWN = " or ".join(map(str, KEPT))
ACTORS = {"acme": ACME, "Shop_2.example-x": Actor.merchant("Shop_2.example-x"), "support": ADA}


@pytest.fixture
def imported(db):
    assert cli.main(["import", str(ARCHIVES / "v1.jsonl"), "--db", db]) == 0
    with closing(open_repository(db)) as repository:
        yield repository


def test_an_archive_of_version_1_answers_as_the_desk_did_that_wrote_it(imported):
    clients = {
        name: TestClient(create_app(imported, authenticate=lambda req, actor=actor: actor))
        for name, actor in ACTORS.items()
    }
    for line in (ARCHIVES / "v1_answers.jsonl").read_text().splitlines():
        who, path, answer = json.loads(line)
        if who == "support" and "meta" in answer:
            answer["meta"]["countIsExact"] = True  # which its lists did not tell then
        assert clients[who].simulate_get(path).json == answer, path


def test_an_archive_of_version_1_holds_what_it_held_when_it_is_exported_again(imported):
    with imported.read() as transaction:
        again = [json.loads(line) for line in written(kept(transaction))]
    assert [line.pop("supportcases") for line in again] == [1] * len(again)
    first, *cases = [json.loads(line) for line in (ARCHIVES / "v1.jsonl").read_text().splitlines()]
    assert first == {"supportcases": 1}
    assert again == [{}, *cases]


def test_an_export_of_each_version_is_kept():
    assert list(VERSIONS) == KEPT, f"keep an export of each version in {ARCHIVES}"


@pytest.mark.parametrize("number", [1, 2])
def test_a_line_that_names_a_format_that_nobody_knows_is_refused(number):
    lines = (ARCHIVES / "v1.jsonl").read_bytes().splitlines(keepends=True)
    lines[number - 1] = b'{"supportcases": 999}\n'
    with pytest.raises(
        InvalidInput, match=f"line {number} is of a format that this version does not know: 999, and not {KNOWN}."
    ):
        list(Archive(lines))


NARROWED = """
import sys
from falcon.testing import TestClient
from supportcases import Actor, InvalidInput, SqliteRepository, SupportDesk, cli, create_app
assert cli.main(["import", "old.jsonl", "--db", "new.db"]) == 0
assert cli.main(["check", "--db", "new.db"]) == 0
repository = SqliteRepository("new.db")
desk, merchant, team = SupportDesk(repository), Actor.merchant("acme"), Actor.support("Ada")
try:
    desk.open(merchant, body="The checkout is slow.", subject="s" * 151)
except InvalidInput as refused:
    assert "3 to 150 characters" in str(refused)
else:
    raise AssertionError("the limit is not narrowed")
subject = "s" * 180
(case,) = desk.list(merchant).cases
assert case.subject == desk.get(merchant, 1).case.subject == desk.queue(team).cases[0].subject == subject
for actor, path in ((merchant, "support-cases"), (team, "support/cases")):
    client = TestClient(create_app(repository, authenticate=lambda req: actor))
    (listed,) = client.simulate_get(f"/api/v1/{path}").json["data"]
    assert listed["subject"] == client.simulate_get(f"/api/v1/{path}/{case.id}").json["subject"] == subject
desk.reply(merchant, 1, body="It is still slow.")
desk.change(team, "acme:1", severity="low")
assert cli.main(["export", "--db", "new.db"]) == 0
"""


def test_a_subject_from_before_the_limit_was_narrowed_is_imported_read_and_exported(support_desk, tmp_path):
    """The limit is narrowed where it stands, in a copy of the package."""
    support_desk.as_merchant("acme").open(body="The checkout is slow.", subject="s" * 180)
    with support_desk.desk.repository.read() as transaction:
        (tmp_path / "old.jsonl").write_text("".join(written(kept(transaction))))
    shutil.copytree(ROOT / "supportcases", tmp_path / "supportcases", ignore=shutil.ignore_patterns("__pycache__"))
    fields = tmp_path / "supportcases/domain/fields.py"
    wide, narrow = "SUBJECT: Final = TextRule(3, 200,", "SUBJECT: Final = TextRule(3, 150,"
    assert wide in fields.read_text()
    fields.write_text(fields.read_text().replace(wide, narrow))
    done = subprocess.run(
        [sys.executable, "-c", NARROWED],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    exported = json.loads(done.stdout.splitlines()[-2])
    assert (exported["subject"], exported["severity"]) == ("s" * 180, "low")
