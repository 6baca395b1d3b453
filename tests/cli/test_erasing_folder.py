"""Erasing where a folder keeps the bytes of files: a command that does not know of it changes nothing, and says so."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import AttachmentStoreNeeded, FolderStore, SupportDesk
from supportcases.domain.erasure import Erasure, ErasureKind, Reason
from supportcases.formats.erasure_json import erasure_text
from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA
from tests.support.command_line import run

REFUSED = f"supportcases: {AttachmentStoreNeeded()}\n"
CARD = b"4111-2222-3333-4444"
SURE = ("--reason", "law", "--as", "Ada")
COMMANDS = {
    "redact": ("redact", "acme", "1", "--attachment", "FILE", *SURE),
    "erase-author": ("erase-author", "--store", "acme", "--label", "Mara", *SURE, "--yes"),
    "purge": ("purge", "--closed-for", "1d"),
    "erasures": ("erasures", "--replay", "ledger", "--yes", "--as", "Ada"),
    "clean-up": ("clean-up",),
}
WITH_THE_FOLDER = {
    "redact": "redacted acme 1\n",
    "erase-author": "Mara of acme: 2 messages in 2 cases, 0 keys\nerased Mara: 2 messages in 2 cases, 0 keys\n",
    "purge": "2 cases deleted\n",
    "erasures": "ledger: 2 erasures to apply\n2 erasures applied\n",
    "clean-up": "1 file taken away\n",
}


@pytest.fixture
def desk(db, tmp_path):
    """A desk with a folder: an old case without files and another with one, and a file that nobody attached."""
    then = datetime.now(UTC) - timedelta(days=3)
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, clock=lambda: then, attachment_store=FolderStore(tmp_path / "files"))
        one = {"name": "card.txt", "content_type": "text/plain", "content": CARD}
        for files in ([desk.attach(ACME, **one)], []):
            case = desk.open(ACME, body="It is broken.", author="Mara", attachments=files)
            desk.close(ACME, case.number)
        desk.attach(ACME, **one)
        subject = Erasure(ErasureKind.SUBJECT, "acme", case.id, 2, then, Reason.LAW, subject=True)
        purge = Erasure(ErasureKind.PURGE, "acme", desk.find(ACME, 1).id, 1, then, None)
        (tmp_path / "ledger").write_text("".join(f"{erasure_text(one)}\n" for one in (subject, purge)))
        yield desk


@pytest.fixture
def command(request, desk):
    """One of the commands, with the id of the file that came with a case."""
    ((file,),) = [said.attachments for said in desk.get(ADA, "acme:1").messages]
    return [file.id if word == "FILE" else word for word in COMMANDS[request.param]]


def in_the_folder(tmp_path) -> list[bytes]:
    return [path.read_bytes() for path in (tmp_path / "files").iterdir()]


def in_the_rows(desk):
    cases = [(desk.get(ADA, ref), desk.history(ADA, ref)) for ref in ("acme:1", "acme:2")]
    with desk.repository.read() as transaction:
        return cases, sorted(transaction.attachments.contents()), desk.erasures(ADA)


@pytest.mark.parametrize("command", COMMANDS, indirect=True)
def test_without_the_folder_nothing_goes_and_with_it_the_bytes_do(command, request, desk, cli, tmp_path):
    before = in_the_rows(desk)
    done = run(*command, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, REFUSED)
    assert REFUSED.endswith(" name their folder with --attachments FOLDER.\n")
    assert in_the_rows(desk) == before
    assert in_the_folder(tmp_path) == [CARD, CARD]

    name = command[0]
    assert cli(*command, "--attachments", "files") == WITH_THE_FOLDER[name]
    assert in_the_folder(tmp_path) == [CARD]
    assert cli(*command, SUPPORTCASES_ATTACHMENTS="files")


@pytest.mark.parametrize("command", ["redact", "purge"], indirect=True)
def test_what_was_interrupted_before_the_row_went_goes_on_with_the_folder_alone(
    command, desk, cli, tmp_path, monkeypatch
):
    """The process ends when the bytes are gone and the row tells of them still."""

    class Killed(BaseException):
        pass

    def remove(self, name):
        (tmp_path / "files" / name).unlink()
        raise Killed

    ((file,),) = [said.attachments for said in desk.get(ADA, "acme:1").messages]
    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "remove", remove)
        with pytest.raises(Killed):
            desk.redact(ADA, "acme:1", attachment=file.id, reason="law")

    assert (done := run(*command, cwd=tmp_path)).stderr == REFUSED
    assert done.returncode == 1
    cli(*command, "--attachments", "files")
    cli(*command)
    assert in_the_folder(tmp_path) == [CARD]
