"""supportcases export and import: a desk that is carried to another file answers as it did, byte for byte."""

import gzip
import json
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from falcon.testing import TestClient

from benchmarks.data import dossiers
from supportcases import Actor, KeyRing, SqliteRepository, SupportDesk, cli, create_app
from supportcases.archives import written
from supportcases.dossiers import kept, load
from supportcases.testing import MovableClock, numbered_ids
from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT
from tests.databases import python
from tests.test_cli import MODULE, refused, run
from tests.test_cli_support import fed

BODY = "The printer is on fire."
STRANGE = "Zeilen\r\nund\ttabs \x1b[2J \u202e \u2028 \ufffd \U0001f600 <&>\"' Straße"
TABLES = {
    "stores": "store, last_number",
    "cases": "id, store, number, subject, subject_folded, category, severity, status, created_at, last_activity_at, "
    "closed_at, unanswered_since, assignee",
    "messages": "id, store, case_id, author_kind, author_label, body, created_at, internal",
    "events": "store, case_id, kind, actor_kind, actor_label, happened_at, was, became",
}

IN_THEIR_CASE = "store, case_id, position"  # positions are of the file, but their order is of the case
ORDERS = {"stores": "store", "cases": "store, number", "messages": IN_THEIR_CASE, "events": IN_THEIR_CASE}


@pytest.fixture
def path(path):
    """The path of a desk where everything has happened, in two stores."""
    clock = MovableClock(datetime(2024, 6, 15, 10, 30, tzinfo=UTC))
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository, clock=clock, new_id=numbered_ids())
        for store in ("globex", "acme"):
            merchant = Actor.merchant(store, "Mara")
            for _ in range(4):
                clock.advance(minutes=1, milliseconds=7)
                desk.open(merchant, body=STRANGE, severity="critical")
            desk.reply(merchant, 1, body="Still on fire.")
            clock.advance(hours=1)
            desk.answer(ADA, f"{store}:1", body="Use water.")
            desk.answer(ADA, f"{store}:2", body="Use sand.", close=True, kind="elliot")
            desk.note(ADA, f"{store}:2", body="They have sand.")
            desk.reopen(merchant, 2)
            desk.change(ADA, f"{store}:3", subject="Ways", category="billing_plans", severity="low", assignee="me")
            desk.assign(ADA, f"{store}:3", None)
            desk.assign(ADA, f"{store}:4", "Bob")
            clock.advance(days=20)
            desk.close_idle(Actor.support("Support desk"), answered_for=timedelta(days=14))
        KeyRing(repository).create("acme", label="Back office")
    return path


@pytest.fixture
def archive(path, tmp_path):
    """The export of all of it, beside it."""
    archive = tmp_path / "cases.ndjson"
    archive.write_text(exported(tmp_path))
    return archive


def exported(tmp_path, *arguments) -> str:
    done = run("export", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def imported(tmp_path, source, db="new.db"):
    return run("import", str(source), "--db", db, cwd=tmp_path)


def rows(path) -> dict[str, list[tuple]]:
    """Return all that is carried over."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM supportcases_{table} ORDER BY {ORDERS[table]}").fetchall()
            for table, columns in TABLES.items()
        }


def answers(path) -> list[tuple]:
    """Return what the API says of everything, to the merchants and to the team."""
    with closing(SqliteRepository(path)) as repository:
        said = []
        clock = MovableClock(datetime(2025, 1, 1, tzinfo=UTC))
        for actor in (ACME, GLOBEX, ADA):
            app = create_app(repository, authenticate=lambda req, actor=actor: actor, clock=clock)
            client = TestClient(app, headers={"X-Request-Id": "test"})
            said += [(path, client.simulate_get(path)) for path in paths(repository, actor)]
    assert {answer.status_code for _, answer in said} == {200}
    return [(path, answer.headers.get("etag"), answer.content) for path, answer in said]


def paths(repository, actor) -> list[str]:
    if actor is not ADA:
        lists = ["?limit=100", "?status=closed", "?severity=low", "?query=ways", "?query=str", "?query=3&limit=1"]
        return [CASES + query for query in lists] + [f"{CASES}/{number}" for number in range(1, 5)]
    cases = [case.id for case in SupportDesk(repository).queue(ADA, limit=100).cases]
    queues = [f"{SUPPORT}/cases?sort={sort}" for sort in ("waiting", "activity", "age", "severity")]
    queues += [f"{SUPPORT}/cases?query=sand", f"{SUPPORT}/stats", f"{SUPPORT}/stores", f"{SUPPORT}/stats?store=acme"]
    return queues + [f"{SUPPORT}/cases/{id}{part}" for id in cases for part in ("", "/history")]


def test_a_desk_that_was_carried_over_answers_byte_for_byte_as_before(path, archive, tmp_path):
    done = imported(tmp_path, archive)
    assert (done.returncode, done.stdout, done.stderr) == (0, "imported 8 cases into new.db\n", "")
    assert answers(tmp_path / "new.db") == answers(path)
    assert rows(tmp_path / "new.db") == rows(path)
    assert exported(tmp_path, "--db", "new.db") == archive.read_text()
    assert run("check", "--db", "new.db", cwd=tmp_path).returncode == 0


def test_numbers_go_on_behind_the_highest(archive, tmp_path):
    imported(tmp_path, archive)
    with closing(SqliteRepository(tmp_path / "new.db")) as repository:
        assert SupportDesk(repository).open(ACME, body=BODY).number == 5


def test_one_store_alone_can_be_carried_over(path, tmp_path):
    (tmp_path / "acme.ndjson").write_text(exported(tmp_path, "--store", "acme"))
    assert imported(tmp_path, "acme.ndjson").stdout == "imported 4 cases into new.db\n"
    both, one = rows(path), rows(tmp_path / "new.db")
    for table in TABLES:
        place = TABLES[table].split(", ").index("store")
        assert one[table] == [row for row in both[table] if row[place] == "acme"]


def test_a_store_that_is_not_there_is_refused(path, tmp_path):
    told = refused(run("export", "--store", "initech", cwd=tmp_path))
    assert told == "supportcases: cases.db has no cases of initech."


def test_neither_keys_nor_kept_answers_are_carried_over(path, archive, tmp_path):
    app = create_app(path, authenticate=lambda req: ACME)
    headers = {"Idempotency-Key": "retry-1"}
    TestClient(app).simulate_post(CASES, json={"body": BODY}, headers=headers)
    text = exported(tmp_path)
    assert "retry-1" not in text
    assert "Back office" not in text
    (tmp_path / "after.ndjson").write_text(text)
    imported(tmp_path, "after.ndjson")
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        for table in ("keys", "replays"):
            assert connection.execute(f"SELECT count(*) FROM supportcases_{table}").fetchone() == (0,)


def test_the_lines_are_what_the_manual_says(archive):
    text = archive.read_bytes()
    first, *cases, last = [json.loads(line) for line in text.splitlines()]
    assert text.isascii()
    assert (first, last) == ({"supportcases": 1}, {"cases": 8})
    assert [(case["store"], case["number"]) for case in cases] == [
        (store, number) for store in ("acme", "globex") for number in range(1, 5)
    ]
    case = cases[1]
    assert list(case) == [
        *("id", "store", "number", "subject", "category", "severity", "status", "createdAt", "lastActivityAt"),
        *("closedAt", "unansweredSince", "assignee", "messages", "history"),
    ]
    assert case["messages"][2] == {
        "id": case["messages"][2]["id"],
        "authorKind": "support",
        "authorLabel": "Ada",
        "body": "They have sand.",
        "createdAt": case["messages"][1]["createdAt"],
        "internal": True,
    }
    assert case["history"][2] == {
        "kind": "closed",
        "actorKind": "support",
        "actorLabel": "Ada",
        "at": case["history"][1]["at"],
        "from": {"status": "answered"},
        "to": {"status": "closed"},
    }


def test_a_pipe_carries_it_compressed_or_not(path, archive, tmp_path):
    packed = gzip.compress(archive.read_bytes())
    done = fed(gzip.decompress(packed), "import", "-", "--db", "new.db", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"imported 8 cases into new.db\n")
    assert rows(tmp_path / "new.db") == rows(path)


def test_an_export_is_of_one_moment(path, tmp_path):
    before = exported(tmp_path)
    with closing(SqliteRepository(path)) as repository, repository.read() as transaction:
        cases = kept(transaction)
        first = next(cases)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(SupportDesk(repository).open, Actor.merchant("zebra"), body="Meanwhile.").result()
            pool.submit(SupportDesk(repository).reply, GLOBEX, 1, body="Meanwhile.").result()
        assert "".join(written([first, *cases])) == before
    assert exported(tmp_path) != before


def test_a_file_that_has_no_cases_yet_keeps_what_else_it_has(archive, tmp_path):
    with closing(SqliteRepository(tmp_path / "new.db")) as repository:
        key, _ = KeyRing(repository).create("acme")
    assert imported(tmp_path, archive).returncode == 0
    with closing(SqliteRepository(tmp_path / "new.db")) as repository:
        assert KeyRing(repository).recognise(key).store == "acme"


def test_a_file_that_has_cases_is_refused_and_stays_as_it_is(path, archive, tmp_path):
    before = rows(path)
    told = refused(imported(tmp_path, archive, "cases.db"))
    assert told == "supportcases: cases.db has cases already; import into a file that has none, or that is new."
    assert rows(path) == before


def test_an_empty_desk_can_be_carried_over_too(tmp_path):
    SqliteRepository(tmp_path / "cases.db").close()
    text = exported(tmp_path)
    assert text == '{"supportcases":1}\n{"cases":0}\n'
    (tmp_path / "none.ndjson").write_text(text)
    assert imported(tmp_path, "none.ndjson").stdout == "imported 0 cases into new.db\n"


def test_a_terminal_is_told_how_far_it_is(tmp_path):
    with closing(SqliteRepository(tmp_path / "cases.db")) as repository:
        load(repository, dossiers("acme", 1_001))
    (tmp_path / "cases.ndjson").write_text(exported(tmp_path))
    script = f"{' '.join(MODULE)} import cases.ndjson --db new.db > out.txt 2> /dev/tty"
    done = subprocess.run(["script", "-qec", script, "/dev/null"], cwd=tmp_path, capture_output=True)
    assert done.stdout == b"\rimported 1,000 cases\rimported 1,001 cases\r\n"
    assert (tmp_path / "out.txt").read_text() == "imported 1,001 cases into new.db\n"


# --- what is refused: nothing of it is kept, and the line is named

ID = "0191abc0-0000-7000-8000-000000000001"
AT = "2024-06-15T10:30:00.000Z"
LATER = "2024-06-15T10:31:00.000Z"


def a_case(place=1, /, **changes):
    id = f"0191abc0-0000-7000-8000-{place:012}"
    case = {
        "id": id,
        "store": "acme",
        "number": place,
        "subject": "Blank page",
        "category": "other",
        "severity": "normal",
        "status": "open",
        "createdAt": AT,
        "lastActivityAt": AT,
        "closedAt": None,
        "unansweredSince": AT,
        "assignee": None,
        "messages": [a_message(id=id)],
        "history": [an_entry()],
    }
    return {name: value for name, value in (case | changes).items() if value is not ...}


def a_message(**changes):
    message = {"id": ID, "authorKind": "merchant", "authorLabel": "Mara", "body": BODY, "createdAt": AT}
    return {name: value for name, value in (message | {"internal": False} | changes).items() if value is not ...}


def an_entry(**changes):
    entry = {"kind": "opened", "actorKind": "merchant", "actorLabel": "Mara", "at": AT, "from": {}}
    return {name: value for name, value in (entry | {"to": {"status": "open"}} | changes).items() if value is not ...}


def lines(*values) -> bytes:
    return b"".join(value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values)


HEAD = {"supportcases": 1}
MOMENT = "must be a time such as 2024-06-15T10:30:00.000Z"
SHORT = "must be 3 to 200 characters long, not {}"
LIST = "must be a list of at least one"

FAULTY_CASES = {
    "an unknown member": (a_case(color="red"), 'line 3, "color" is no member that is known'),
    "a missing member": (a_case(2, severity=...), "line 3, severity is missing"),
    "a wrong type": (a_case(2, number="2"), "line 3, number must be a whole number from 1 to 4294967295"),
    "true for a number": (a_case(2, number=True), "line 3, number must be a whole number from 1 to 4294967295"),
    "a fraction": (a_case(2, number=2.0), "line 3, number must be a whole number from 1 to 4294967295"),
    "a number too high": (a_case(2, number=2**32), "line 3, number must be a whole number from 1 to 4294967295"),
    "a number twice": (a_case(2, number=1), "line 3, number must be 2, the next one of acme, not 1"),
    "a gap": (a_case(2, number=3), "line 3, number must be 2, the next one of acme, not 3"),
    "a store that begins with 2": (a_case(2, store="gus"), "line 3, number must be 1, the next one of gus, not 2"),
    "no store": (
        a_case(2, store="a b"),
        "line 3, store must be 1 to 64 letters, digits, dots, underscores or hyphens, "
        "beginning with a letter or a digit",
    ),
    "an id": (a_case(2, id="2"), "line 3, id must be a UUID in lower case"),
    "an id in capitals": (a_case(2, id=ID.upper()), "line 3, id must be a UUID in lower case"),
    "an id twice": (a_case(2, id=ID), "line 3 has the id of a case that came before it"),
    "a message twice": (
        a_case(2, messages=[a_message()]),
        "line 3 has a message with the id of one that came before it",
    ),
    "a short subject": (a_case(2, subject=" ab "), f"line 3, subject {SHORT.format(2)}"),
    "a long subject": (a_case(2, subject="a" * 201), f"line 3, subject {SHORT.format(201)}"),
    "two lines": (a_case(2, subject="a\nbc"), "line 3, subject must be one line without control characters"),
    "NUL": (
        a_case(2, messages=[a_message(body="a\0b")]),
        "line 3, messages[0], body must not contain a NUL character",
    ),
    "a lone surrogate": (a_case(2, subject="abc\ud800"), "line 3, subject must not contain a lone surrogate"),
    "an empty body": (
        a_case(2, messages=[a_message(body="  ")]),
        "line 3, messages[0], body must be 1 to 10,000 characters long, not 0",
    ),
    "a long body": (
        a_case(2, messages=[a_message(), a_message(body="a" * 10_001)]),
        "line 3, messages[1], body must be 1 to 10,000 characters long, not 10,001",
    ),
    "an author": (
        a_case(2, messages=[a_message(authorKind="robot")]),
        "line 3, messages[0], authorKind must be merchant, support, system or elliot",
    ),
    "a label": (
        a_case(2, messages=[a_message(authorLabel="")]),
        "line 3, messages[0], authorLabel must be 1 to 120 characters long, not 0",
    ),
    "internal": (
        a_case(2, messages=[a_message(internal=0)]),
        "line 3, messages[0], internal must be true or false",
    ),
    "no messages": (a_case(2, messages=[]), f"line 3, messages {LIST}"),
    "messages left out": (a_case(2, messages=...), f"line 3, messages {LIST}"),
    "messages of another kind": (a_case(2, messages={"0": a_message()}), f"line 3, messages {LIST}"),
    "a message that is none": (a_case(2, messages=["hello"]), "line 3, messages[0] must be an object"),
    "no history": (a_case(2, history=[]), f"line 3, history {LIST}"),
    "what happened": (
        a_case(2, history=[an_entry(kind="burnt")]),
        "line 3, history[0], kind must be opened, replied, answered, announced, noted, closed, reopened or changed",
    ),
    "a side": (
        a_case(2, history=[an_entry(actorKind="system")]),
        "line 3, history[0], actorKind must be merchant or support",
    ),
    "a field that does not change": (
        a_case(2, history=[an_entry(to={"body": "x"})]),
        "line 3, history[0], to must be an object with no other members than "
        "subject, category, severity, status, assignee",
    ),
    "a value that a field cannot have": (
        a_case(2, history=[an_entry(to={"status": "lost"})]),
        "line 3, history[0], to must be open, answered or closed",
    ),
    "a status": (a_case(2, status="lost"), "line 3, status must be open, answered or closed"),
    "an assignee": (a_case(2, assignee="none"), "line 3, assignee must not be 'none', which is reserved"),
    "a date": (a_case(2, createdAt="2024-06-15"), f"line 3, createdAt {MOMENT}"),
    "a day that never was": (a_case(2, createdAt="2024-02-30T10:30:00.000Z"), f"line 3, createdAt {MOMENT}"),
    "another zone": (a_case(2, createdAt="2024-06-15T10:30:00.000+02:00"), f"line 3, createdAt {MOMENT}"),
    "microseconds": (a_case(2, createdAt="2024-06-15T10:30:00.000000Z"), f"line 3, createdAt {MOMENT}"),
    "seconds since 1970": (a_case(2, createdAt=1718447400), f"line 3, createdAt {MOMENT}"),
    "active before it was opened": (
        a_case(2, createdAt=LATER),
        "line 3, lastActivityAt must not be before createdAt",
    ),
    "closed without a time": (
        a_case(2, status="closed"),
        "line 3, closedAt must be null unless the status is closed, and a time if it is",
    ),
    "open with a time of closing": (
        a_case(2, closedAt=AT),
        "line 3, closedAt must be null unless the status is closed, and a time if it is",
    ),
    "closed after all": (
        a_case(2, status="closed", closedAt=LATER),
        "line 3, closedAt must be a time from createdAt to lastActivityAt",
    ),
    "answered and unanswered": (
        a_case(2, status="answered"),
        "line 3, unansweredSince must be null where the status is answered",
    ),
    "unanswered in the future": (
        a_case(2, unansweredSince=LATER),
        "line 3, unansweredSince must be a time from createdAt to lastActivityAt",
    ),
    "several at once": (
        a_case(2, subject="a", status="b", color="red"),
        f'line 3, "color" is no member that is known; line 3, status must be open, answered or closed; '
        f"line 3, subject {SHORT.format(1)}",
    ),
    "a list": ([1], "line 3 must be an object"),
    "null": (None, "line 3 must be an object"),
    "nothing": (b"\n", "line 3 is no JSON: Expecting value (character 2)"),
    "no JSON": (b"{'id': 7}\n", "line 3 is no JSON: Expecting property name enclosed in double quotes (character 2)"),
    "two values": (b"{} {}\n", "line 3 is no JSON: Extra data (character 4)"),
    "a key twice": (
        json.dumps(a_case(2)).replace('"number"', '"number": 1, "number"').encode() + b"\n",
        "line 3 is no JSON: a member comes twice in an object",
    ),
    "NaN": (b'{"number": NaN}\n', "line 3 is no JSON: NaN is no number of JSON"),
    "Latin-1": (
        json.dumps(a_case(2, subject="Stra\xdfe"), ensure_ascii=False).encode("latin-1"),
        "line 3 is not in UTF-8",
    ),
}


@pytest.fixture
def refusal(tmp_path, monkeypatch, capsys):
    """Import a text that is refused; return what is said of it."""
    monkeypatch.chdir(tmp_path)

    def refusal(text):
        (tmp_path / "faulty.ndjson").write_bytes(text)
        assert cli.main(["import", "faulty.ndjson", "--db", "new.db"]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("supportcases: faulty.ndjson: ")
        return said.err.removeprefix("supportcases: faulty.ndjson: ").removesuffix("\n")

    return refusal


@pytest.mark.parametrize("name", FAULTY_CASES)
def test_a_line_that_is_wrong_is_named_and_nothing_is_kept(name, refusal, tmp_path):
    line, why = FAULTY_CASES[name]
    assert refusal(lines(HEAD, a_case(), line, {"cases": 2})) == f"{why}."
    assert not any(rows(tmp_path / "new.db").values())


ENDS = "the file ends behind line {} without the line that tells how many cases there are"
FAULTY_FILES = {
    "empty": (b"", ENDS.format(0)),
    "no head": (lines(a_case(), {"cases": 1}), 'line 1 must be {"supportcases": 1}, as an export begins'),
    "a version to come": (
        lines({"supportcases": 2}, {"cases": 0}),
        "line 1 is of a format that this version does not know: 2, and not 1",
    ),
    "no version": (
        lines({"supportcases": True}, {"cases": 0}),
        "line 1 is of a format that this version does not know: true, and not 1",
    ),
    "a head with more": (
        lines(HEAD | {"more": 1}, {"cases": 0}),
        "line 1 must have no other member than supportcases",
    ),
    "no text": (b"\x00\xff\xfe", "line 1 is not in UTF-8"),
    "with a mark": (
        b"\xef\xbb\xbf" + lines(HEAD),
        "line 1 is no JSON: Unexpected UTF-8 BOM (decode using utf-8-sig) (character 1)",
    ),
    "cut between two lines": (lines(HEAD, a_case()), ENDS.format(2)),
    "cut within a line": (
        lines(HEAD, a_case())[:-30],
        "line 2 is no JSON: Expecting ',' delimiter (character 662)",
    ),
    "fewer than it says": (lines(HEAD, a_case(), {"cases": 2}), "line 3 tells of 2 cases, but 1 came before it"),
    "a count that is none": (lines(HEAD, {"cases": False}), "line 2 tells of false cases, but 0 came before it"),
    "more than it says": (
        lines(HEAD, {"cases": 0}, a_case()),
        "line 3 must not be there: the line before it was the last one",
    ),
}


@pytest.mark.parametrize("name", FAULTY_FILES)
def test_a_file_that_is_not_whole_is_refused_and_nothing_is_kept(name, refusal, tmp_path):
    text, why = FAULTY_FILES[name]
    assert refusal(text) == f"{why}."
    if why.startswith("line 1 ") or not text:
        assert not (tmp_path / "new.db").exists()
    else:
        assert not any(rows(tmp_path / "new.db").values())


@pytest.mark.parametrize("text", [b'{"supportcases":' + b"9" * 5_000 + b"}\n", b"[" * 100_000])
def test_what_no_reader_of_json_can_read_is_refused(text, refusal):
    assert refusal(text).startswith("line 1 is no JSON: ")


def test_a_file_that_is_not_there_is_named(tmp_path):
    told = refused(imported(tmp_path, "none.ndjson"))
    assert told == "supportcases: none.ndjson: No such file or directory"


def test_a_case_by_hand_is_trimmed_as_the_api_trims(tmp_path):
    case = a_case(subject="  Blank page ", messages=[a_message(body="\n It burns. \n", authorLabel=" Mara ")])
    (tmp_path / "hand.ndjson").write_bytes(lines(HEAD, case, {"cases": 1}).replace(b"\n", b"\r\n").rstrip())
    assert imported(tmp_path, "hand.ndjson").returncode == 0
    with closing(SqliteRepository(tmp_path / "new.db")) as repository:
        thread = SupportDesk(repository).get(ACME, 1)
    said = thread.messages[0]
    assert (thread.case.subject, said.body, said.author_label) == ("Blank page", "It burns.", "Mara")
    assert run("check", "--db", "new.db", cwd=tmp_path).returncode == 0


def test_a_large_archive_needs_no_more_memory_than_a_small_one(tmp_path):
    peaks = []
    for cases in (200, 6_000):
        with closing(SqliteRepository(tmp_path / f"{cases}.db")) as repository:
            load(repository, dossiers("acme", cases))
        archive = tmp_path / f"{cases}.ndjson"
        script = f"""
            import sys
            from supportcases import cli
            sys.stdout = open({str(archive)!r}, "w")
            cli.main(["export", "--db", {str(tmp_path / f"{cases}.db")!r}])
            sys.stdout = sys.__stdout__
            cli.main(["import", {str(archive)!r}, "--db", {str(tmp_path / f"{cases}.copy.db")!r}])
            (peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
            print(peak)
        """
        told, peak = python(script).splitlines()
        assert told.startswith(f"imported {cases:,} cases into ")
        peaks.append(int(peak) / 1024)
    assert peaks[1] - peaks[0] < 8  # MiB; the larger archive has as many


def test_an_export_of_a_file_without_one_of_its_cases_says_so(tmp_path):
    path = tmp_path / "cases.db"
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        for _ in range(3):
            desk.open(ACME, body=BODY)
    with closing(sqlite3.connect(path)) as connection:
        connection.create_function("casefold", 1, str.casefold)
        connection.execute("DROP TRIGGER supportcases_events_are_not_deleted")
        for table in ("events", "messages"):
            connection.execute(
                f"DELETE FROM supportcases_{table} WHERE case_id = (SELECT id FROM supportcases_cases WHERE number = 2)"
            )
        connection.execute("DELETE FROM supportcases_cases WHERE number = 2")
        connection.commit()
    done = run("export", cwd=tmp_path)
    assert done.returncode == 1
    assert [json.loads(line).get("number") for line in done.stdout.splitlines()] == [None, 1, 3, None]
    assert done.stderr == (
        "supportcases: cases.db has no case acme 2, so that import will refuse this; `supportcases check` tells more.\n"
    )
