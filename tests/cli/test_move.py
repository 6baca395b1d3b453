"""supportcases move: everything goes into another database, and nothing is written to the old one any more."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from contextlib import closing
from threading import Thread

import pytest

from supportcases import Actor, DatabaseMoved, SupportDesk, cli
from supportcases.storage.open import check, open_repository
from tests.conftest import ACME, ADA, CASES, GLOBEX, ROOT
from tests.support.command_line import refused, run
from tests.support.moving import RETRIED, Lived, owned_postgres

__all__ = ["owned_postgres"]
WAYS = ["file to PostgreSQL", "PostgreSQL to file", "file to file"]


@pytest.fixture
def place(tmp_path, owned_postgres):
    """Return where a database of that engine is to be."""
    return lambda engine, name: owned_postgres(name) if engine == "PostgreSQL" else str(tmp_path / f"{name}.db")


@pytest.fixture
def moved(capsys):
    """Run `move` in this process; return its exit code and its last words."""

    def moved(*arguments):
        code = cli.main(["move", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.err if code else said.out

    return moved


@pytest.mark.parametrize("way", WAYS)
def test_every_answer_is_the_same_and_the_old_one_is_only_read(way, place, moved, tmp_path, capsys):
    source, target = (place(engine, name) for engine, name in zip(way.split(" to "), ("old", "new"), strict=True))
    lived = Lived(source)
    before = lived.walk(lived.app)
    assert {status for status, _, _ in before.values()} == {200, 401, 403, 404}

    code, said = moved("--from", source, "--to", target)

    assert code == 0
    told = f"moved 16 cases from {re.escape(source)} to {re.escape(target)}"
    assert re.match(rf"{told} in [0-9.]+ s \([0-9,]+/s\)\n", said)
    new = lived.serve(target)
    assert lived.walk(new) == before
    assert lived.walk(lived.app) == before
    again = lived.client(new, "acme").simulate_post(**RETRIED)
    assert (again.status_code, again.content) == (201, lived.first.content)
    assert again.headers["idempotent-replayed"] == "true"
    numbers = [new.desk.open(ADA, store=store, body="One more case").number for store in ("acme", "globex", "empty")]
    assert numbers == [10, 8, 1]
    assert cli.main(["check", "--db", target]) == 0
    assert capsys.readouterr().out.endswith("nothing is wrong\n")

    refusal = lived.client(lived.app, "acme").simulate_post(CASES, json={"body": "It is too late."})
    assert (refusal.status_code, refusal.json["code"], refusal.headers["retry-after"]) == (503, "moved", "10")
    assert target not in refusal.text
    with pytest.raises(DatabaseMoved):
        lived.app.desk.repository.hindrance()
    for write in (lambda: lived.app.keys.create("acme"), lambda: lived.app.desk.reply(ACME, 1, body="It is too late.")):
        with pytest.raises(DatabaseMoved, match=re.escape(f"This database was moved to {target}; nothing")):
            write()
    assert f"moved to {target};" in refused(run("close", "acme", "1", "--as", "Ada", "--db", source, cwd=tmp_path))
    assert cli.main(["check", "--db", source]) == 0
    assert "note: it was moved, and nothing is written to it any more" in capsys.readouterr().out
    assert moved("--from", source, "--to", tmp_path / "third.db")[0] == 1

    assert moved("--undo", "--from", source) == (0, f"{source} is written to again\n")
    assert lived.app.desk.repository.hindrance() is None
    assert lived.app.desk.open(ACME, body="It is in time.").number == 10
    assert moved("--undo", "--db", source) == (1, f"supportcases: {source} was not moved.\n")
    lived.app.desk.repository.close()
    new.desk.repository.close()


@pytest.mark.parametrize("way", WAYS)
def test_whoever_follows_a_feed_goes_on_where_they_were(way, place, moved):
    engines = way.split(" to ")
    source, target = (place(engine, name) for engine, name in zip(engines, ("old", "new"), strict=True))
    lived = Lived(source)
    if engines[0] == "PostgreSQL":
        cross(lived.app.desk)
    readers = [ACME, GLOBEX, ADA, Actor.support("Bo", ["acme"]), Actor.support("Cy", ["globex", "acme", "nobody"])]
    before = [lived.app.desk.events(reader).events for reader in readers]
    assert (before[2], len(before[2]) > 20) == (before[4], True)
    if engines[0] == "PostgreSQL":
        places = [event.place[1] for event in before[2]]
        assert places != sorted(places)

    assert moved("--from", source, "--to", target)[0] == 0
    with closing(lived.serve(target).desk.repository) as repository:
        desk = SupportDesk(repository)
        for reader, events in zip(readers, before, strict=True):
            for index, event in enumerate(events, start=1):
                page = desk.events(reader, after=event.cursor)
                assert list(map(lasting, page.events)) == list(map(lasting, events[index:]))
        since = [
            desk.events(reader, after=events[-1].cursor).next for reader, events in zip(readers, before, strict=True)
        ]
        desk.open(ACME, body="One more case")
        for reader, after in zip(readers, since, strict=True):
            opened = [] if reader is GLOBEX else [("acme", before[0][-1].sequence + 1)]
            assert [(e.store, e.sequence) for e in desk.events(reader, after=after).events] == opened
    assert cli.main(["check", "--db", target]) == 0
    lived.app.desk.repository.close()


def lasting(event):
    """Return what is the same of an event wherever it is kept."""
    return event._replace(place=None), event.id


def cross(desk):
    """Let two stores' events be kept in another order than they have places: the later one began first."""
    with desk.repository.write() as transaction:
        transaction.connection.execute("SELECT pg_current_xact_id()")
        thread = Thread(target=desk.open, args=[GLOBEX], kwargs={"body": "The first one to be kept."})
        thread.start()
        thread.join()
        desk.open(ACME, body="The first one to begin.")


def test_no_password_is_shown(tmp_path, owned_postgres, moved):
    url = owned_postgres().replace("postgresql:///", "postgresql://:s3cret@/")
    source = str(tmp_path / "old.db")
    lived = Lived(source)
    code, said = moved("--from", source, "--to", url)
    assert (code, "s3cret" in said) == (0, False)
    with pytest.raises(DatabaseMoved) as refusal:
        lived.app.desk.reply(ACME, 1, body="It is too late.")
    assert "postgresql://:***@/" in str(refusal.value)
    assert b"s3cret" not in (tmp_path / "old.db").read_bytes()


def test_what_cannot_be_moved_is_said_and_left_as_it_was(tmp_path, postgres_url, moved):
    source, target = str(tmp_path / "old.db"), str(tmp_path / "new.db")
    lived = Lived(source)
    with closing(open_repository(target)) as repository, repository.write() as transaction:
        transaction.cases.next_number("acme")

    assert moved("--from", source, "--to", target) == (
        1,
        f"supportcases: {target} is not empty; move into a file or a database that is new.\n",
    )
    assert moved("--from", tmp_path / "missing.db", "--to", tmp_path / "third.db")[0] == 1
    assert not (tmp_path / "third.db").exists()
    for arguments in (("--from", source, "--to", postgres_url), ("--from", postgres_url, "--to", tmp_path / "4.db")):
        assert moved(*arguments) == (1, "supportcases: Only the owner of the tables can move what is in them.\n")
    for wrong in ([], ["--to", source], ["--undo", "--to", target]):
        with pytest.raises(SystemExit) as ended:
            moved("--from", source, *wrong)
        assert ended.value.code == 2
    lived.app.desk.reply(ACME, 1, body="All is as it was.")


KILLED = """
    import os, signal
    from supportcases import cli
    from supportcases.storage.{engine}.moving import {name}Moving

    portions = {name}Moving.portions

    def until_it_is_killed(self):
        for portion in portions(self):
            yield portion
            if portion.table == "events":
                os.kill(os.getpid(), signal.{signal})

    {name}Moving.portions = until_it_is_killed
    raise SystemExit(cli.main(["move", "--from", {source!r}, "--to", {target!r}]))
"""


@pytest.mark.parametrize("stopped", ["SIGKILL", "SIGTERM"])
@pytest.mark.parametrize("way", WAYS[:2])
def test_killed_in_the_middle_it_has_moved_nothing(way, stopped, place, moved):
    engines = way.split(" to ")
    source, target = (place(engine, name) for engine, name in zip(engines, ("old", "new"), strict=True))
    lived = Lived(source)
    name = "Postgres" if engines[0] == "PostgreSQL" else "Sqlite"
    script = KILLED.format(engine=name.lower(), name=name, signal=stopped, source=source, target=target)
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, cwd=ROOT)
    number = getattr(signal, stopped)
    if stopped == "SIGKILL":
        assert done.returncode == -number
    else:
        assert (done.returncode, done.stderr) == (128 + number, "supportcases: interrupted; nothing was moved.\n")
    lived.app.desk.reply(ACME, 1, body="It was not moved.")
    assert moved("--from", source, "--to", target)[0] == 0
    assert os.path.exists(source) or name == "Postgres"


FILES = [b"x", os.urandom(700_000), os.urandom(25_000_000)]


@pytest.mark.parametrize("way", ["file to file"])
def test_files_are_carried_in_little_memory_and_both_have_them(way, place, tmp_path):
    source, target = (place(engine, name) for engine, name in zip(way.split(" to "), ("old", "new"), strict=True))
    with closing(open_repository(source)) as repository:
        desk = SupportDesk(repository)
        for content in FILES:
            file = desk.attach(ACME, name="x", content_type="a/b", content=content)
            desk.open(ACME, body="See the file.", attachments=[file])
        desk.attach(ACME, name="waits", content_type="a/b", content=b"waits")
        desk.announce(ACME, name="begun", content_type="a/b", size=3)
        secret = desk.attachment_secret()

    assert peak("move", "--from", source, "--to", target) < 120_000
    for db in (target, source):
        assert check(db).faults == ()
        with closing(open_repository(db)) as repository:
            desk = SupportDesk(repository)
            assert desk.attachment_secret() == secret
            for number, content in enumerate(FILES, start=1):
                (file,) = desk.get(ACME, number).messages[0].attachments
                assert b"".join(desk.read_attachment(ACME, number, file.id)) == content
    with closing(open_repository(source)) as repository, pytest.raises(DatabaseMoved):
        SupportDesk(repository).attach(ACME, name="x", content_type="a/b", content=b"x")
    assert cli.main(["move", "--undo", "--from", source]) == 0
    with closing(open_repository(source)) as repository:
        SupportDesk(repository).attach(ACME, name="x", content_type="a/b", content=b"x")


def peak(*arguments) -> int:
    """Run a command; return how many kB of memory it took at the most."""
    done = subprocess.run([sys.executable, "-c", PEAK, *arguments], capture_output=True)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1])


PEAK = """
import re, sys
from supportcases import cli
code = cli.main(sys.argv[1:])
print(re.search("VmHWM:\\s*([0-9]+)", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(code)
"""
