"""What is exported from one engine is imported into the other, and comes out of it as it was."""

import pytest

from supportcases import cli
from tests.conftest import TESTS

ARCHIVES = TESTS / "formats" / "archives"


@pytest.fixture
def command(capsys):
    """Run a command that succeeds in this process; return what it printed."""

    def command(*arguments):
        assert cli.main([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    return command


@pytest.mark.parametrize(("name", "more"), [("v1.jsonl", []), ("v2.jsonl", ["--attachments"])])
def test_an_archive_goes_through_both_engines_and_comes_out_as_it_was(
    name, more, path, postgres_url, tmp_path, command
):
    exported = []
    archive = ARCHIVES / name
    for number, db in enumerate((path, postgres_url, tmp_path / "back.db")):
        told = command("import", archive, "--db", db)
        assert told.startswith("imported ")
        exported.append(command("export", "--db", db, *more))
        archive = tmp_path / f"{number}.jsonl"
        archive.write_text(exported[-1])
        assert command("check", "--db", db).endswith("nothing is wrong\n")
    assert len(exported[0].splitlines()) == len((ARCHIVES / name).read_text().splitlines())
    assert exported[0] == exported[1] == exported[2]
