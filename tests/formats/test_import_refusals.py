"""supportcases import: what it refuses; nothing of it is kept, and the line is named."""

import json
import shutil
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk, cli
from supportcases.formats.whole_cases import load
from tests.conftest import ACME
from tests.formats.test_archive import KNOWN
from tests.formats.test_export_import import BODY, imported, rows
from tests.support.command_line import refused, run
from tests.support.databases import python
from tests.support.long_dossiers import long_dossiers

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


def what_happened(*entries, told_by=None, **changes):
    """Return case 2 with this behind its opening in the history, and with a second message where one is told of."""
    messages = [a_message(), *([told_by] if told_by else [])]
    return a_case(2, messages=messages, history=[an_entry(), *entries], **changes)


def an_answered_case(*, message=None, at=LATER, **entry):
    told = {"kind": "answered", "actorKind": "support", "from": {"status": "open"}, "to": {"status": "answered"}}
    said = a_message(**({"authorKind": "support", "createdAt": at} | (message or {})))
    entry = an_entry(**(told | {"at": at} | entry))
    return what_happened(entry, told_by=said, status="answered", unansweredSince=None, lastActivityAt=LATER)


def lines(*values) -> bytes:
    return b"".join(value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values)


HEAD = {"supportcases": 1}
TWICE = {
    "case": "has the id of a case that came before it.",
    "message": "has a message with the id of one that came before it.",
}


def said(**changes):
    """Return case 2 with that as its message."""
    return a_case(2, messages=[a_message(**changes)])


LETTERS = "must be 1 to 64 ASCII letters, digits, dots, underscores or hyphens, beginning with a letter or a digit"
NOT_TOLD = "messages[1] must be one of which the history tells, with its time and by its side"
ONLY_SUPPORT = "history[1], actorKind must be support: nobody else does that"
OPENED = "history[0] must tell that the case was opened, at its createdAt"
NO_TIMES = ("2024-06-15", "2024-02-30T10:30:00.000Z", "2024-06-15T10:30:00.000+02:00", "2024-06-15T10:30:00.000000Z")
NOTED = {"kind": "noted", "actorKind": "support", "to": {}}
CHANGED = {"kind": "changed", "actorKind": "support"}

# what is wrong with line 3, and lines of which it is to be said
FAULTY_CASES = {
    ', "color" is no member that is known': [a_case(color="red")],
    ", severity is missing": [a_case(2, severity=...)],
    ", number must be a whole number from 1 to 4294967295": [a_case(2, number=n) for n in ("2", True, 2.0, 2**32)],
    ", number must be 2, the next one of acme, not 1": [a_case(2, number=1)],
    ", number must be 2, the next one of acme, not 3": [a_case(2, number=3)],
    ", number must be 1, the next one of gus, not 2": [a_case(2, store="gus")],
    f", store {LETTERS}": [a_case(2, store=store) for store in ("a b", ["acme"], None)],
    ", id must be a UUID in lower case": [a_case(2, id="2"), a_case(2, id=ID.upper())],
    " has the id of a case that came before it": [a_case(2, id=ID)],
    " has a message with the id of one that came before it": [said()],
    ", subject must be 3 to 200 characters long, not 2": [a_case(2, subject=" ab ")],
    ", subject must be 3 to 200 characters long, not 201": [a_case(2, subject="a" * 201)],
    ", subject must be one line without control characters": [a_case(2, subject="a\nbc")],
    ", subject must not contain a lone surrogate": [a_case(2, subject="abc\ud800")],
    ", messages[0], body must not contain a NUL character": [said(body="a\0b")],
    ", messages[0], body must be 1 to 10,000 characters long, not 0": [said(body="  ")],
    ", messages[1], body must be 1 to 10,000 characters long, not 10,001": [
        what_happened(told_by=a_message(body="a" * 10_001))
    ],
    ", messages[0], authorKind must be merchant, support, system or elliot": [said(authorKind="robot")],
    ", messages[0], authorLabel must be 1 to 120 characters long, not 0": [said(authorLabel="")],
    ", messages[0], internal must be true or false": [said(internal=0)],
    ", messages must be a list of at least one": [a_case(2, messages=m) for m in ([], ..., {"0": a_message()})],
    ", messages[0] must be an object": [a_case(2, messages=["hello"])],
    ", history must be a list of at least one": [a_case(2, history=[])],
    ", history[0], kind must be opened, replied, answered, announced, noted, closed, reopened or changed": [
        a_case(2, history=[an_entry(kind="burnt")])
    ],
    ", history[0], actorKind must be merchant or support": [a_case(2, history=[an_entry(actorKind="system")])],
    ", history[0], to must be an object with no other members than subject, category, severity, status, assignee": [
        a_case(2, history=[an_entry(to={"body": "x"})])
    ],
    ", history[0], to must be open, answered or closed": [a_case(2, history=[an_entry(to={"status": "lost"})])],
    ", status must be open, answered or closed": [
        a_case(2, status=s) for s in ("lost", ["open"], {"open": 1}, 1, None)
    ],
    ", messages[0], authorLabel must be a string": [said(authorLabel=label) for label in (["Mara"], None, 7)],
    ", assignee must not be 'none', which is reserved": [a_case(2, assignee="none")],
    ", createdAt must be a time such as 2024-06-15T10:30:00.000Z": [
        a_case(2, createdAt=moment) for moment in (*NO_TIMES, 1718447400, [AT], None)
    ],
    f", unansweredSince must be {AT}, as the history tells": [
        a_case(2, unansweredSince=None),
        a_case(2, unansweredSince=LATER),
    ],
    f", lastActivityAt must be {AT}, as the history tells": [a_case(2, lastActivityAt=LATER)],
    ", status must be open, as the history tells": [
        a_case(2, status="closed", closedAt=AT),
        a_case(2, status="closed"),
        a_case(2, status="answered"),
    ],
    ", closedAt must be null, as the history tells": [a_case(2, closedAt=AT)],
    f", closedAt must be {LATER}, as the history tells": [
        what_happened(
            an_entry(kind="closed", at=LATER, to={"status": "closed"}),
            status="closed",
            closedAt=AT,
            lastActivityAt=LATER,
        )
    ],
    f", {OPENED}": [
        a_case(2, history=[an_entry(kind="replied")]),
        a_case(2, history=[an_entry(at=LATER)]),
        a_case(2, createdAt=LATER),
    ],
    ", history[1], kind must not be opened a second time": [what_happened(an_entry())],
    ", history[1], at must not be before what had happened to the case": [an_answered_case(at=EARLIER)],
    f", {NOT_TOLD}": [
        an_answered_case(message={"createdAt": EARLIER}),
        an_answered_case(message={"authorKind": "merchant"}),
        an_answered_case(message={"internal": True}),
        what_happened(told_by=a_message()),
    ],
    f", messages[1] must be the one of which history[1] tells, by support, elliot or system, at {AT}": [
        what_happened(an_entry(**NOTED), told_by=a_message(internal=True))
    ],
    f", {ONLY_SUPPORT}": [
        an_answered_case(actorKind="merchant"),
        what_happened(
            an_entry(**NOTED | {"actorKind": "merchant"}), told_by=a_message(authorKind="support", internal=True)
        ),
    ],
    ", history[1], actorKind must be merchant: nobody else does that": [
        what_happened(an_entry(kind="replied", actorKind="support", to={}), told_by=a_message())
    ],
    ", history[1], to must have the status answered, which the case has by it": [
        an_answered_case(to={"status": "open"})
    ],
    ", history[1], from must be as the entries before it left the case": [
        an_answered_case(**{"from": {"status": "closed"}})
    ],
    f", messages[0] must be the one of which history[0] tells, by merchant, at {AT}": [
        said(authorKind="support"),
        said(internal=True),
    ],
    ", severity must be high, as the history tells": [
        what_happened(an_entry(**CHANGED, **{"from": {"severity": "low"}}, to={"severity": "high"}))
    ],
    ", assignee must be null, as the history tells": [
        what_happened(
            an_entry(**CHANGED, **{"from": {"assignee": None}}, to={"assignee": "Bob"}),
            an_entry(**CHANGED, **{"from": {"assignee": "Bob"}}, to={"assignee": None}),
            assignee="Bob",
        )
    ],
    ', "color" is no member that is known; line 3, status must be open, answered or closed; '
    "line 3, subject must be 3 to 200 characters long, not 1": [a_case(2, subject="a", status="b", color="red")],
    " must be an object": [[1], None],
    " is no JSON: Expecting value (character 2)": [b"\n"],
    " is no JSON: Expecting property name enclosed in double quotes (character 2)": [b"{'id': 7}\n"],
    " is no JSON: Extra data (character 4)": [b"{} {}\n"],
    " is no JSON: a member comes twice in an object": [
        json.dumps(a_case(2)).replace('"number"', '"number": 1, "number"').encode() + b"\n"
    ],
    " is no JSON: NaN is no number of JSON": [b'{"number": NaN}\n'],
    " is not in UTF-8": [json.dumps(a_case(2, subject="Stra\xdfe"), ensure_ascii=False).encode("latin-1")],
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


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A database without cases, to be copied: to make one anew takes longer than to refuse an archive."""
    path = tmp_path_factory.mktemp("empty") / "new.db"
    SqliteRepository(path).close()
    return path


@pytest.mark.parametrize(("why", "line"), [(why, line) for why, examples in FAULTY_CASES.items() for line in examples])
def test_a_line_that_is_wrong_is_named_and_nothing_is_kept(why, line, refusal, empty, tmp_path):
    shutil.copy(empty, tmp_path)
    assert refusal(lines(HEAD, a_case(), line, {"cases": 2})) == f"line 3{why}."
    assert not any(rows(tmp_path / "new.db").values())


@pytest.mark.parametrize("line", [2, 150, 250])
@pytest.mark.parametrize("thing", ["case", "message"])
def test_a_twin_of_what_came_long_before_is_named_by_its_own_line(thing, line, refusal, tmp_path):
    """Cases are added a hundred at a time."""
    place = 252
    twin = (
        a_case(place, id=a_case(line - 1)["id"])
        if thing == "case"
        else a_case(place, messages=a_case(line - 1)["messages"])
    )
    text = lines(HEAD, *(a_case(n) for n in range(1, place)), twin, a_case(place + 1), {"cases": place + 1})
    assert refusal(text) == f"line {place + 1} {TWICE[thing]}"
    assert not any(rows(tmp_path / "new.db").values())


ENDS = "the file ends behind line {} without the line that tells how many cases there are"
FAULTY_FILES = {
    "empty": (b"", "the file is empty; an archive of no cases has one line, which tells so"),
    "no head": (lines(a_case(), {"cases": 1}), 'line 1 must be {"supportcases": 1}, as an export begins'),
    "a version to come": (
        lines({"supportcases": 999}, {"cases": 0}),
        f"line 1 is of a format that this version does not know: 999, and not {KNOWN}",
    ),
    "no version": (
        lines({"supportcases": True}, {"cases": 0}),
        f"line 1 is of a format that this version does not know: true, and not {KNOWN}",
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
    for cases in (50, 1_000):
        with closing(SqliteRepository(tmp_path / f"{cases}.db")) as repository:
            load(repository, long_dossiers(cases))
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
