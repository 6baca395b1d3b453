"""supportcases import: what it refuses; nothing of it is kept, and the line is named."""

import json
from contextlib import closing

import pytest

from dev.benchmarks.data import dossiers
from supportcases import SqliteRepository, SupportDesk, cli
from supportcases.formats.whole_cases import load
from tests.cli.test_commands import refused, run
from tests.conftest import ACME
from tests.formats.test_export_import import BODY, imported, rows
from tests.support.databases import python

ID = "0191abc0-0000-7000-8000-000000000001"
AT = "2024-06-15T10:30:00.000Z"
EARLIER = "2024-06-15T09:30:00.000Z"
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


def an_answered_case(place, /, *, message=None, at=LATER, **entry):
    told = {
        "kind": "answered",
        "actorKind": "support",
        "from": {"status": "open"},
        "to": {"status": "answered"},
        "at": at,
    }
    said = {"authorKind": "support", "createdAt": at} | (message or {})
    return a_case(
        place,
        status="answered",
        unansweredSince=None,
        lastActivityAt=LATER,
        messages=[*a_case(place)["messages"], a_message(**said)],
        history=[an_entry(), an_entry(**(told | entry))],
    )


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
        "line 3, store must be 1 to 64 ASCII letters, digits, dots, underscores or hyphens, "
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
    "open and nobody waits": (
        a_case(2, unansweredSince=None),
        f"line 3, unansweredSince must be {AT}, as the history tells",
    ),
    "waits since another time": (
        a_case(2, unansweredSince=LATER, lastActivityAt=LATER),
        f"line 3, unansweredSince must be {AT}, as the history tells",
    ),
    "active without a reason": (
        a_case(2, lastActivityAt=LATER),
        f"line 3, lastActivityAt must be {AT}, as the history tells",
    ),
    "closed by nobody": (
        a_case(2, status="closed", closedAt=AT),
        "line 3, status must be open, as the history tells",
    ),
    "closed at another time": (
        a_case(
            2,
            status="closed",
            closedAt=AT,
            lastActivityAt=LATER,
            history=[an_entry(), an_entry(kind="closed", at=LATER, to={"status": "closed"})],
        ),
        f"line 3, closedAt must be {LATER}, as the history tells",
    ),
    "a history that begins otherwise": (
        a_case(2, history=[an_entry(kind="replied")]),
        "line 3, history[0] must tell that the case was opened, at its createdAt",
    ),
    "opened at another time": (
        a_case(2, history=[an_entry(at=LATER)]),
        "line 3, history[0] must tell that the case was opened, at its createdAt",
    ),
    "opened twice": (
        a_case(2, history=[an_entry(), an_entry()]),
        "line 3, history[1], kind must not be opened a second time",
    ),
    "answered before it was opened": (
        an_answered_case(2, at=EARLIER),
        "line 3, history[1], at must not be before what had happened to the case",
    ),
    "an answer before the opening": (
        an_answered_case(2, message={"createdAt": EARLIER}),
        "line 3, messages[1] must be one of which the history tells, with its time and by its side",
    ),
    "an answer of the merchant's": (
        an_answered_case(2, message={"authorKind": "merchant"}),
        "line 3, messages[1] must be one of which the history tells, with its time and by its side",
    ),
    "an answer that is a note": (
        an_answered_case(2, message={"internal": True}),
        "line 3, messages[1] must be one of which the history tells, with its time and by its side",
    ),
    "a merchant's note": (
        a_case(
            2,
            messages=[a_message(), a_message(authorKind="merchant", internal=True)],
            history=[an_entry(), an_entry(kind="noted", actorKind="support", to={})],
        ),
        f"line 3, messages[1] must be the one of which history[1] tells, by support, elliot or system, at {AT}",
    ),
    "an answer by the merchant": (
        an_answered_case(2, actorKind="merchant"),
        "line 3, history[1], actorKind must be support: nobody else does that",
    ),
    "a note by the merchant": (
        a_case(
            2,
            messages=[a_message(), a_message(authorKind="support", internal=True)],
            history=[an_entry(), an_entry(kind="noted", to={})],
        ),
        "line 3, history[1], actorKind must be support: nobody else does that",
    ),
    "a reply by the team": (
        a_case(
            2,
            messages=[a_message(), a_message()],
            history=[an_entry(), an_entry(kind="replied", actorKind="support", to={})],
        ),
        "line 3, history[1], actorKind must be merchant: nobody else does that",
    ),
    "an answer that leaves it open": (
        an_answered_case(2, to={"status": "open"}),
        "line 3, history[1], to must have the status answered, which the case has by it",
    ),
    "from another status": (
        an_answered_case(2, **{"from": {"status": "closed"}}),
        "line 3, history[1], from must be as the entries before it left the case",
    ),
    "a first message of the team's": (
        a_case(2, messages=[a_message(authorKind="support")]),
        f"line 3, messages[0] must be the one of which history[0] tells, by merchant, at {AT}",
    ),
    "a first message that is a note": (
        a_case(2, messages=[a_message(internal=True)]),
        f"line 3, messages[0] must be the one of which history[0] tells, by merchant, at {AT}",
    ),
    "a message that the history does not know": (
        a_case(2, messages=[a_message(), a_message()]),
        "line 3, messages[1] must be one of which the history tells, with its time and by its side",
    ),
    "another severity than the history tells": (
        a_case(
            2,
            history=[
                an_entry(),
                an_entry(kind="changed", actorKind="support", **{"from": {"severity": "low"}}, to={"severity": "high"}),
            ],
        ),
        "line 3, severity must be high, as the history tells",
    ),
    "another assignee than the history tells": (
        a_case(
            2,
            assignee="Bob",
            history=[
                an_entry(),
                an_entry(kind="changed", actorKind="support", **{"from": {"assignee": None}}, to={"assignee": "Bob"}),
                an_entry(kind="changed", actorKind="support", **{"from": {"assignee": "Bob"}}, to={"assignee": None}),
            ],
        ),
        "line 3, assignee must be null, as the history tells",
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
    "empty": (b"", "the file is empty; an archive of no cases has one line, which tells so"),
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
        lines(HEAD).replace(b"\n", b"\n\xef\xbb\xbf"),  # before the first line it is dropped
        "line 2 is no JSON: Unexpected UTF-8 BOM (decode using utf-8-sig) (character 1)",
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
