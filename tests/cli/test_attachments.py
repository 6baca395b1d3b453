"""Files at the terminal: attached to an answer, shown, saved, and taken away where nobody attached them."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import FolderStore, SupportDesk
from supportcases.storage.open import open_repository
from tests.cli.conftest import BODY
from tests.conftest import ACME, ADA
from tests.support.command_line import at_terminal, forked, refused, run

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2_000
MISSING = "The bytes of page.png are not all there; if a folder keeps them, name it with --attachments."


@pytest.fixture
def case(desk, tmp_path):
    (tmp_path / "page.png").write_bytes(PNG)
    (tmp_path / "log").write_bytes(b"1\n")
    return desk.open(ACME, body=BODY)


def files(desk):
    """Return what each message of the case tells of its files."""
    return [
        [(file.name, file.content_type, file.size) for file in said.attachments]
        for said in desk.get(ADA, "acme:1").messages
    ]


def file_of(desk) -> str:
    return desk.get(ADA, "acme:1").messages[-1].attachments[0].id


@pytest.mark.parametrize("more", [[], ["--note"], ["--close"]], ids=str)
def test_files_come_with_an_answer_or_a_note(more, case, desk, cli):
    cli("answer", "acme", "1", "-m", "See.", "--attach", "page.png", "--attach=log", "--as", "Ada", *more)

    both = [("page.png", "image/png", len(PNG)), ("log", "application/octet-stream", 2)]
    assert files(desk) == [[], both]


def test_a_file_comes_with_a_case_that_is_opened(case, desk, cli):
    cli("open", "acme", "-m", "It is broken.", "--attach", "page.png", "--as", "Ada")

    assert len(desk.get(ADA, "acme:2").messages[0].attachments) == 1


def test_a_file_that_cannot_be_read_is_named_before_the_text_is_asked_for(case, desk, tmp_path):
    code, shown = at_terminal("answer", "acme", "1", "--attach", "none.png", cwd=tmp_path, EDITOR="false")

    assert (code, shown) == (1, "supportcases: none.png: No such file or directory\n")
    assert files(desk) == [[]]


def test_show_tells_of_files_by_name_size_and_id_and_json_as_the_api_does(case, desk, cli):
    cli("answer", "acme", "1", "-m", "See.", "--attach", "page.png", "--as", "Ada")

    head = f"  support  Ada\nAttached: page.png (512,008 bytes), {file_of(desk)}\n    See.\n"
    assert cli("show", "acme", "1").endswith(head)
    told = {"url": None, "contentType": "image/png", "name": "page.png"}
    assert json.loads(cli("show", "acme", "1", "--json"))["messages"][1]["attachments"] == [told]
    answer = cli("answer", "acme", "1", "-m", "See.", "--attach", "page.png", "--as", "Ada", "--json")
    assert json.loads(answer)["message"]["attachments"] == [told]


def test_a_file_is_saved_where_nothing_is_yet(case, desk, cli, tmp_path):
    cli("answer", "acme", "1", "-m", "See.", "--attach", "page.png", "--as", "Ada")

    cli("attachment", "acme:1", file_of(desk).upper(), "--output", "saved.png")
    assert (tmp_path / "saved.png").read_bytes() == PNG
    assert (tmp_path / "saved.png").stat().st_mode & 0o777 == 0o600
    again = run("attachment", "acme", "1", file_of(desk), "--output", "saved.png", cwd=tmp_path)
    assert refused(again) == "supportcases: saved.png: File exists"


def test_a_file_goes_to_the_standard_output_but_to_no_terminal(case, desk, cli, tmp_path):
    cli("answer", "acme", "1", "-m", "See.", "--attach", "page.png", "--as", "Ada")

    assert forked.run(("attachment", "acme", "1", file_of(desk)), cwd=tmp_path, environ={}).stdout == PNG
    code, shown = at_terminal("attachment", "acme", "1", file_of(desk), cwd=tmp_path)
    assert code == 2
    assert shown.endswith("name a file with --output: its bytes could command the terminal.\n")


def test_a_file_that_no_message_has_is_told(case, tmp_path):
    done = run("attachment", "acme", "1", "0191abc0-0000-7000-8000-000000000001", "--output", "x", cwd=tmp_path)

    assert refused(done) == "supportcases: There is no such file, or its URL is no longer good."
    assert not (tmp_path / "x").exists()


def test_a_folder_keeps_the_bytes_if_it_is_named(case, desk, cli, tmp_path):
    folder = tmp_path / "files"
    FolderStore(folder)
    cli("answer", "acme", "1", "-m", "See.", "--attach", "page.png", "--as", "Ada", SUPPORTCASES_ATTACHMENTS="files")

    assert [path.read_bytes() for path in folder.iterdir()] == [PNG]
    cli("attachment", "acme", "1", file_of(desk), "--output", "saved.png", "--attachments", "files")
    assert (tmp_path / "saved.png").read_bytes() == PNG
    without = run("attachment", "acme", "1", file_of(desk), "--output", "x", cwd=tmp_path)
    assert refused(without) == f"supportcases: {MISSING}"
    assert not (tmp_path / "x").exists()


def test_a_mistyped_folder_does_not_become_a_new_one(case, tmp_path):
    done = run("clean-up", "--attachments", "typo", cwd=tmp_path)

    assert refused(done) == "supportcases: typo is no folder of attachments."
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize("folder", [None, "files"])
def test_clean_up_takes_away_what_is_older_than_a_day_and_not_attached(folder, db, cli, tmp_path):
    contents = FolderStore(tmp_path / folder) if folder else None
    clock = [datetime.now(UTC) - timedelta(hours=25)]
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, clock=lambda: clock[0], attachment_store=contents)
        one = {"name": "page.png", "content_type": "image/png", "content": PNG}
        desk.open(ACME, body=BODY, attachments=[desk.attach(ACME, **one)])
        for _ in range(2):
            desk.attach(ACME, **one)
        clock[0] += timedelta(hours=2)
        young = desk.attach(ACME, **one)
        where = ["--attachments", folder] if folder else []

        assert cli("clean-up", *where) == "2 files taken away\n"
        assert cli("clean-up", *where) == "0 files taken away\n"
        assert len(list(desk._contents.names())) == 2
        desk.reply(ACME, 1, body="See.", attachments=[young])
