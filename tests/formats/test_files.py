"""Files go with an export that is asked for them, and come in with their messages or not at all."""

import json
import os
import subprocess
import sys
from contextlib import closing

import pytest

from supportcases import FolderStore, SupportDesk, cli
from supportcases.formats.whole_cases import kept, load
from supportcases.storage.open import check, open_repository
from supportcases.testing import MovableClock
from supportcases.testing.fakes import numbered_ids
from tests.conftest import ACME, ADA, GLOBEX, TESTS
from tests.support.desks import BODY

ARCHIVE = TESTS / "formats" / "archives" / "v2.jsonl"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2_500  # of three pieces
LARGE = 25_000_000


def desk_with_files(repository, contents=None, content=PNG):
    desk = SupportDesk(repository, clock=MovableClock(), new_id=numbered_ids(), attachment_store=contents)
    file = {"name": "page 猫.png", "content_type": "image/png"}
    first, other = desk.attach(ACME, content=content, **file), desk.attach(ACME, content=b"x", **file)
    desk.attach(ACME, content=b"waits", **file)
    desk.open(GLOBEX, body=BODY)
    desk.open(ACME, body=BODY)
    desk.open(ACME, body=BODY, attachments=[other, first])
    desk.note(ADA, "acme:2", body=BODY, attachments=[desk.attach(ADA, content=b"note", store="acme", **file)])
    return desk


@pytest.fixture
def command(capsys):
    """Run a command in this process; return its code and what it printed on both streams."""

    def command(*arguments):
        return cli.main([str(argument) for argument in arguments]), *capsys.readouterr()

    return command


@pytest.fixture
def full(db):
    with closing(open_repository(db)) as repository:
        desk_with_files(repository)
    return db


def files_of(db, contents=None):
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, attachment_store=contents)
        files = [file for said in desk.get(ADA, "acme:2").messages for file in said.attachments]
        uploads = [desk.attachment(file.id) for file in files]
        return [
            (file, up.sha256, up.shown_as, b"".join(desk.content_of(up)))
            for file, up in zip(files, uploads, strict=True)
        ]


def exported(command, db, path, *more):
    code, out, err = command("export", "--db", db, "--attachments", *more)
    assert (code, err) == (0, "")
    path.write_text(out)
    return out


def test_an_export_leaves_files_out_unless_it_is_asked_for_them_and_says_so(full, command):
    code, out, err = command("export", "--db", full)
    assert (code, err) == (0, "supportcases: left out 3 files; export --attachments has them too.\n")
    assert {json.loads(line)["supportcases"] for line in out.splitlines()} == {1}
    assert "attachments" not in out


@pytest.mark.parametrize(("source", "target"), [(None, None), ("a", None), (None, "b"), ("a", "b")])
def test_files_come_in_byte_for_byte_wherever_they_are_kept(source, target, db, command, tmp_path):
    old = FolderStore(tmp_path / source) if source else None
    new = FolderStore(tmp_path / target) if target else None
    with closing(open_repository(db)) as repository:
        desk_with_files(repository, old)
    out = exported(command, db, tmp_path / "a.jsonl", *([tmp_path / source] if source else []))
    assert max(map(len, out.splitlines())) < 400_000
    where = ["--attachments", tmp_path / target] if target else []
    code, told, _ = command("import", tmp_path / "a.jsonl", "--db", tmp_path / "new.db", *where)
    assert (code, told) == (0, f"imported 3 cases with 3 files into {tmp_path / 'new.db'}\n")
    assert files_of(tmp_path / "new.db", new) == files_of(db, old)
    assert check(str(tmp_path / "new.db"), new).faults == ()
    assert exported(command, tmp_path / "new.db", tmp_path / "b.jsonl", *where[1:]) == out


def test_an_archive_of_version_2_is_imported_for_ever(command, tmp_path):
    code, told, _ = command("import", ARCHIVE, "--db", tmp_path / "new.db")
    assert (code, told) == (0, f"imported 3 cases with 3 files into {tmp_path / 'new.db'}\n")
    assert check(str(tmp_path / "new.db")).faults == ()
    assert [(file.name, content[:4]) for file, _, _, content in files_of(tmp_path / "new.db")] == [
        ("page 猫.png", b"x"),
        ("page 猫.png", b"\x89PNG"),
        ("page 猫.png", b"note"),
    ]
    assert exported(command, tmp_path / "new.db", tmp_path / "b.jsonl") == ARCHIVE.read_text()


def changed(line, **members):
    return json.dumps({**json.loads(line), **members})


def file_changed(line, **members):
    case = json.loads(line)
    case["messages"][0]["attachments"][0] |= members
    return json.dumps(case)


NEXT = 'line 4 must be the next 1 bytes of "page \\u732b.png" (0191'
WRONG = [
    (2, lambda line: file_changed(line, sha256="0" * 64), "line 4 has the last bytes of"),
    (2, lambda line: file_changed(line, size=2), NEXT.replace("1 bytes", "2 bytes")),
    (2, lambda line: file_changed(line, name="../x"), "line 3, messages[0], attachments[0], name must be the name of"),
    (2, lambda line: file_changed(line, more=1), 'line 3, messages[0], attachments[0], "more" is no member'),
    (3, lambda line: changed(line, bytes="eA"), NEXT),
    (3, lambda line: changed(line, bytes=7), NEXT),
    (3, lambda line: changed(line, file="x"), NEXT),
    (3, lambda line: None, NEXT),
    (6, lambda line: None, "line 7 must be the next 4 bytes"),
]


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize(("number", "change", "told"), WRONG, ids=lambda value: value if isinstance(value, int) else "")
def test_a_file_that_is_not_as_it_is_told_ends_the_import_and_leaves_nothing(
    number, change, told, folder, command, tmp_path
):
    lines = ARCHIVE.read_text().splitlines()
    lines[number : number + 1] = [line for line in [change(lines[number])] if line]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    where = ["--attachments", tmp_path / "files"] if folder else []
    code, _, err = command("import", tmp_path / "a.jsonl", "--db", tmp_path / "new.db", *where)
    assert code == 1
    assert told in err
    with closing(open_repository(tmp_path / "new.db")) as repository, repository.read() as transaction:
        assert list(kept(transaction)) == []
        assert list(transaction.attachments.contents()) == []
    assert not folder or list((tmp_path / "files").iterdir()) == []


def test_a_file_whose_bytes_are_lost_ends_the_export(full, command):
    with closing(open_repository(full)) as repository, repository.write() as transaction:
        transaction.connection.execute("DELETE FROM supportcases_chunks")
    code, out, err = command("export", "--db", full, "--attachments")
    assert code == 1
    assert "are not those that were sent; if a folder keeps them, name it with --attachments." in err
    assert '"cases":' not in out.splitlines()[-1]


def test_cases_that_are_loaded_leave_their_files_behind(full, tmp_path):
    with closing(open_repository(full)) as old, closing(open_repository(tmp_path / "new.db")) as new:
        with old.read() as transaction:
            load(new, kept(transaction))
        desk = SupportDesk(new)
        assert [message.attachments for message in desk.get(ADA, "acme:2").messages] == [(), ()]
    assert check(str(tmp_path / "new.db")).faults == ()


PEAK = """
import re, sys
from supportcases import cli
code = cli.main(sys.argv[1:])
print(re.search("VmHWM: *([0-9]+)", open("/proc/self/status").read().replace("\\t", " "))[1], file=sys.stderr)
sys.exit(code)
"""


def peak(*arguments, output) -> int:
    """Run a command; return how many kB of memory it took at the most."""
    with open(output, "wb") as file:
        done = subprocess.run([sys.executable, "-c", PEAK, *map(str, arguments)], stdout=file, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1])


def test_a_large_file_goes_and_comes_in_little_memory(db, tmp_path):
    with closing(open_repository(db)) as repository:
        desk_with_files(repository)
    small = peak("export", "--db", db, "--attachments", output=tmp_path / "small")
    into = peak("import", tmp_path / "small", "--db", tmp_path / "small.db", output=os.devnull)
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository)
        file = desk.attach(ACME, name="x", content_type="a/b", content=os.urandom(LARGE))
        desk.reply(ACME, 1, body="See.", attachments=[file])
    assert peak("export", "--db", db, "--attachments", output=tmp_path / "large") < small + 10_000
    assert peak("import", tmp_path / "large", "--db", tmp_path / "large.db", output=os.devnull) < into + 10_000
    assert check(str(tmp_path / "large.db")).faults == ()
