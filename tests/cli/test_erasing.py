"""Erasing at the terminal: what is told before, what is gone afterwards, and where something may be left."""

import json
import os
from contextlib import closing

import pytest

from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA
from tests.support.command_line import refused, run

CARD = "4111-2222-3333-4444"
REASON = ("--reason", "law")
AS = ("--as", "Ada")


@pytest.fixture
def case(desk):
    """A case with a card number in its subject, its message and the name of a file."""
    case = desk.open(ACME, body=f"My card is {CARD}.", subject=f"Card {CARD}", author="Mara")
    file = desk.attach(ACME, name=f"{CARD}.txt", content_type="text/plain", content=CARD.encode())
    desk.reply(ACME, 1, body="See there.", attachments=[file], author="Mara")
    desk.close(ACME, 1)
    return case


def occurrences(folder) -> int:
    return sum((folder / name).read_bytes().count(CARD.encode()) for name in os.listdir(folder))


def test_each_thing_is_taken_out_and_of_what_was_there_no_byte_is_left(case, desk, cli, tmp_path, request):
    first, second = desk.get(ADA, "acme:1").messages
    said, file = first.id, second.attachments[0].id
    for what in (("--message", said), ("--subject",), ("--attachment", file), ("--label", "Mara")):
        assert cli("redact", "acme", "1", *what, *REASON, *AS) == "redacted acme 1\n"
    shown = cli("show", "acme", "1")
    assert CARD not in shown
    assert "Mara" not in shown
    assert json.loads(cli("redact", "acme", "1", "--subject", *REASON, *AS, "--json"))["subject"] == "[redacted]"
    assert "redacted: - -> label" in cli("history", "acme", "1")
    if request.config.option.engine == "sqlite":
        assert occurrences(tmp_path) == 0
    assert cli("check").endswith("nothing is wrong\n")


def test_an_author_goes_once_it_was_told_how_much_that_is(case, desk, cli, tmp_path):
    command = ("erase-author", "--store", "acme", "--label", "Mara", *REASON, *AS)
    places = "2 messages in 1 case, 0 keys"

    done = run(*command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, f"Mara of acme: {places}\n")
    assert done.stderr == "supportcases: nothing was erased, for it cannot be taken back; say --yes to do it.\n"
    assert desk.get(ADA, "acme:1").messages[0].author_label == "Mara"

    assert cli(*command, "--yes") == f"Mara of acme: {places}\nerased Mara: {places}\n"
    assert {(said.author_label, said.body) for said in desk.get(ADA, "acme:1").messages} == {("[redacted]",) * 2}


def test_what_is_on_hold_is_neither_erased_nor_purged(case, desk, cli, tmp_path):
    assert cli("hold") == "nothing is on hold\n"
    assert cli("hold", "acme", "1", *AS) == "acme 1 is on hold\n"
    assert cli("hold").splitlines()[1].split()[:2] == ["acme", "1"]
    for command in (
        ("redact", "acme", "1", "--subject", *REASON, *AS),
        ("erase-author", "--store", "acme", "--label", "Mara", *REASON, *AS, "--yes"),
    ):
        assert "is on hold" in run(*command, cwd=tmp_path).stderr
    assert cli("purge", "--closed-for", "1d") == "0 cases deleted; 1 case on hold\n"
    assert cli("hold", "acme", "1", "--release", *AS) == "acme 1 is on hold no more\n"
    assert refused(run("hold", "acme", "1", "--release", *AS, cwd=tmp_path)) == (
        "supportcases: acme 1 was not on hold by itself."
    )
    assert desk.get(ADA, "acme:1").case.subject == f"Card {CARD}"


def test_old_cases_go_and_the_ledger_erases_the_same_in_another_database(case, desk, cli, tmp_path, request):
    desk.open(ACME, body=f"Once more: {CARD}", subject="Second")
    (tmp_path / "archive").write_text(cli("export", "--attachments"))
    cli(
        "redact",
        "acme",
        "2",
        "--message",
        desk.get(ADA, "acme:2").messages[0].id,
        *REASON,
        *AS,
    )
    assert cli("purge", "--closed-for", "1d", "--dry-run") == "1 case would be deleted\n"
    assert cli("purge", "--closed-for", "4d") == "0 cases deleted\n"
    assert cli("purge", "--closed-for", "1d", "--store", "globex") == "0 cases deleted\n"
    assert cli("purge", "--closed-for", "1d") == "1 case deleted\n"
    assert run("show", "acme", "1", cwd=tmp_path).returncode == 1

    (tmp_path / "ledger").write_text(cli("erasures"))
    other = request.getfixturevalue("lend_postgres")() if request.config.option.engine == "postgres" else "restored.db"
    cli("import", "archive", "--db", other)
    replay = ("erasures", "--replay", "ledger", "--db", other)
    done = run(*replay, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "ledger: 2 erasures to apply\n")
    assert cli(*replay, "--yes") == "ledger: 2 erasures to apply\n2 erasures applied\n"
    assert cli(*replay, "--yes").endswith("0 erasures applied, 2 done before\n")
    assert run("show", "acme", "1", "--db", other, cwd=tmp_path).returncode == 1
    assert "[redacted]" in cli("show", "acme", "2", "--db", other)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1 must be JSON."),
        ('{"kind": "purge"}', "line 1, format is missing;"),
        (b"\xff", "it is no text in UTF-8."),
    ],
)
def test_what_is_no_ledger_is_refused(line, said, case, tmp_path):
    (tmp_path / "ledger").write_bytes(line if isinstance(line, bytes) else line.encode())
    assert said in refused(run("erasures", "--replay", "ledger", cwd=tmp_path))


def test_a_ledger_that_can_be_read_but_once_is_refused(case, desk, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = run("erasures", "--replay", "pipe", "--yes", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pipe must be a file, which can be read twice." in done.stderr


def test_where_somebody_reads_for_long_it_says_so_and_the_next_time_takes_away_the_rest(case, desk, cli, tmp_path):
    with closing(open_repository(str(tmp_path / "cases.db"))) as other, other.read() as reading:
        reading.queue.names(None)
        done = run("redact", "acme", "1", "--subject", *REASON, *AS, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "redacted acme 1\n")
    assert done.stderr.startswith("supportcases: what was erased may still be in the journal, since somebody has read ")
    assert cli("redact", "acme", "1", "--subject", *REASON, *AS) == "redacted acme 1\n"


def test_vacuum_tells_what_it_takes_and_does_it(case, cli, tmp_path):
    told, done = cli("vacuum", TMPDIR=str(tmp_path)).splitlines()
    assert "cases.db: 0.4 MB, for which it takes a second or two for each 100 MB, and as much again of disk " in told
    assert f" and in {tmp_path} (" in told
    assert done == "written anew: 0.4 MB"
