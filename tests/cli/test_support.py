"""The support team's commands, as people run them: in a pipe, on a terminal of some width, with hostile texts."""

import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import termios
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from falcon.testing import TestClient

from supportcases import KeyRing, SqliteRepository, SupportDesk, create_app
from supportcases.cli.tables import cells
from tests.cli.test_commands import KEY, MODULE, refused, rows_of, run
from tests.conftest import ACME, ADA, GLOBEX

SUPPORT = "/api/v1/support"
BODY = "The printer is on fire."
# what must never reach a terminal as it is: C0 but the newline, DEL, C1, and whatever turns the direction of reading
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
HOSTILE = "\x1b[2J\x9b31m\r\u202egnihtyna\u2066 \x07"
ESCAPED = r"\x1b[2J\x9b31m\x0d\u202egnihtyna\u2066 \x07"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cases.db"


@pytest.fixture
def desk(path):
    """A desk whose clock stood still 3 days and 2 hours ago."""
    then = datetime.now(UTC) - timedelta(days=3, hours=2)
    with closing(SqliteRepository(path)) as repository:
        yield SupportDesk(repository, clock=lambda: then)


@pytest.fixture
def cli(tmp_path):
    """Run a command that succeeds, in the folder of the database; return what it printed."""

    def command_line(*arguments, **environ):
        done = run(*arguments, cwd=tmp_path, **environ)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return command_line


def fed(text, *arguments, cwd, **environ):
    """Run a command with something on its standard input."""
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run(
        [*MODULE, *arguments], input=data, cwd=cwd, env={**os.environ, **environ}, capture_output=True, timeout=30
    )


def on_terminal(columns, *arguments, cwd, **environ):
    """Run a command on a terminal of so many columns; return the lines that it showed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    env = {**env, "PYTHONIOENCODING": "utf-8", **environ}
    shown = b""
    with open(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen([*MODULE, *arguments], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=theirs)
        os.close(theirs)
        try:
            while chunk := terminal.read(65_536):
                shown += chunk
        except OSError:  # that is how the end of a terminal looks
            pass
        assert process.wait(timeout=30) == 0
    return shown.decode().replace("\r\n", "\n").removesuffix("\n").split("\n")


def messages_of(desk, ref):
    return [
        (message.author_kind, message.author_label, message.body, message.internal)
        for message in desk.get(ADA, ref).messages
    ]


def vandalise(path):
    """Put hostile characters into every subject and label, as a host might that writes the tables itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE supportcases_cases SET subject = ?, assignee = ?", (HOSTILE, HOSTILE))
        connection.execute("UPDATE supportcases_messages SET author_label = ?", (HOSTILE,))


# --- cases


def test_cases_lists_the_cases_of_all_stores_whoever_waits_first(desk, cli):
    desk.open(ACME, body=BODY, subject="Printer on fire", severity="critical")
    desk.open(GLOBEX, body=BODY, subject="A small question", severity="low")
    desk.answer(ADA, "globex:1", body="Which?")
    desk.assign(ADA, "globex:1", "Ada")

    assert cli("cases") == (
        "STORE   NUMBER  STATUS    SEVERITY  WAITING  ASSIGNEE  SUBJECT\n"
        "acme         1  open      critical  3 d      -         Printer on fire\n"
        "globex       1  answered  low       -        Ada       A small question\n"
    )


def test_cases_says_how_many_there_are_where_it_does_not_show_all(desk, cli):
    for index in range(22):
        desk.open(ACME, body=BODY, subject=f"Case {index}")

    lines = cli("cases").splitlines()
    assert (len(lines), lines[-3]) == (24, "20 of 22 cases")
    assert cli("cases", "--limit", "1", "--store", "acme").splitlines()[-3] == "1 of 22 cases"
    lines = cli("cases", "--limit", "22").splitlines()
    assert (len(lines), "22 of" in lines[-1]) == (23, False)


def test_cases_says_so_where_there_are_none(desk, cli):
    assert cli("cases") == "There is no such case.\n"


@pytest.mark.parametrize(
    ("filters", "subjects"),
    [
        ([], ["First one", "Third one", "Second one"]),
        (["--store", "acme"], ["First one", "Second one"]),
        (["--status", "answered"], ["Second one"]),
        (["--severity", "high"], ["Third one"]),
        (["--category", "billing_plans"], ["First one"]),
        (["--assignee", "none"], ["First one", "Third one"]),
        (["--assignee", "Ada"], ["Second one"]),
        (["--assignee", "me", "--as", "Ada"], ["Second one"]),
        (["--assignee", "me", "--as", "Grace"], []),
        (["--query", "SECOND"], ["Second one"]),
        (["--sort", "age"], ["First one", "Second one", "Third one"]),
        (["--sort", "severity"], ["Third one", "First one", "Second one"]),
    ],
    ids=" ".join,
)
def test_cases_can_be_filtered_and_sorted(filters, subjects, path, cli):
    moment = datetime(2024, 6, 15, tzinfo=UTC)
    ticks = iter(range(100))
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository, clock=lambda: moment + timedelta(minutes=next(ticks)))
        desk.open(ACME, body=BODY, subject="First one", category="billing_plans")
        desk.open(ACME, body=BODY, subject="Second one")
        desk.open(GLOBEX, body=BODY, subject="Third one", severity="high")
        desk.answer(ADA, "acme:2", body="Done.")
        desk.assign(ADA, "acme:2", "Ada")

    assert re.findall(r"\w+ one$", cli("cases", *filters), re.MULTILINE) == subjects


def test_who_asks_is_told_by_the_option_or_the_environment_or_the_login(desk, cli):
    for label in ("Ada", "Grace", "login"):
        case = desk.open(ACME, body=BODY, subject=f"That of {label}")
        desk.assign(ADA, case.id, label)

    def mine(*arguments, **environ):
        return re.findall(r"That of (\w+)", cli("cases", "--assignee", "me", *arguments, LOGNAME="login", **environ))

    assert mine("--as", "Ada", SUPPORTCASES_AS="Grace") == ["Ada"]
    assert mine(SUPPORTCASES_AS="Grace") == ["Grace"]
    assert mine() == ["login"]


@pytest.mark.parametrize("columns", [60, 100])
def test_cases_fits_the_width_of_the_terminal(columns, desk, tmp_path):
    subject = "日本 \U0001f600 and a subject that goes on and on " * 3 + "until the very end"
    for _ in range(2):
        desk.open(ACME, body=BODY, subject=subject)

    lines = on_terminal(columns, "cases", cwd=tmp_path)

    assert len(lines) == 3
    assert [line.endswith("…") for line in lines] == [False, True, True]
    for line in lines[1:]:  # the ellipsis may have to stand one cell earlier, in front of a wide character
        assert columns - 1 <= cells(line) <= columns
    assert "日" in lines[1]


def test_cases_is_not_cut_where_it_goes_into_a_pipe(desk, cli):
    subject = "x" * 190 + " the end"
    desk.open(ACME, body=BODY, subject=subject)

    assert cli("cases", COLUMNS="40").splitlines()[1].endswith(subject)


# --- show


def test_show_tells_everything_of_a_case(path, cli):
    moment = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)
    ticks = iter(range(100))
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository, clock=lambda: moment + timedelta(minutes=next(ticks)))
        case = desk.open(ACME, body="It burns.\r\n\n\tA lot.", subject="Printer on fire", author="Zoë")
        desk.note(ADA, case.id, body="Again.")
        desk.assign(ADA, case.id, "Ada")
        desk.answer(ADA, case.id, body="Use water.", close=True)

    expected = f"""\
acme 1: Printer on fire

Status:        closed
Severity:      normal
Category:      other
Assignee:      Ada
Opened:        2024-06-15T10:30:00.000Z
Last activity: 2024-06-15T10:33:00.000Z
Waiting since: -
Closed:        2024-06-15T10:33:00.000Z
Revision:      5
Id:            {case.id}

2024-06-15T10:30:00.000Z  merchant  Zoë
    It burns.

        A lot.

2024-06-15T10:31:00.000Z  [internal note]  support  Ada
    Again.

2024-06-15T10:33:00.000Z  support  Ada
    Use water.
"""
    for written in ("1", "000001", "#1", "#000001"):
        assert cli("show", "acme", written) == expected


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_show_wraps_to_the_width_of_the_terminal(columns, desk, tmp_path):
    words = "A long story of many 日本 words. " * 20
    desk.open(ACME, body=words, subject="A subject of many words " * 6, author="A name of many words " * 4)

    lines = on_terminal(columns, "show", "acme", "1", cwd=tmp_path)

    assert max(map(cells, lines)) <= columns
    body = [line for line in lines if line.startswith("    ")]
    assert " ".join(" ".join(body).split()) == words.strip()
    assert all(cells(line) > columns - 10 for line in body[:-1])


def test_show_does_not_wrap_in_a_pipe(desk, cli):
    words = ("A long story of many words. " * 20).strip()
    desk.open(ACME, body=words, subject="Long")

    assert f"\n    {words}\n" in cli("show", "acme", "1", COLUMNS="40")


@pytest.mark.parametrize("command", [["show"], ["answer", "-m", "Hello."], ["answer", "--note", "-m", "Hello."]])
@pytest.mark.parametrize("case", [["acme", "2"], ["globex", "1"]])
def test_a_case_that_is_not_there_is_told_in_one_line(command, case, desk, tmp_path):
    desk.open(ACME, body=BODY)

    assert refused(run(*command, *case, cwd=tmp_path)) == "supportcases: There is no such support case."


# --- answer


def test_an_answer_makes_the_case_answered_and_is_signed_by_whoever_gives_it(desk, cli):
    desk.open(ACME, body=BODY)

    assert cli("answer", "acme", "1", "-m", "Use water.", "--as", "Ada") == "answered acme 1; it is answered now\n"
    assert messages_of(desk, "acme:1")[1:] == [("support", "Ada", "Use water.", False)]
    assert desk.find(ADA, "acme:1").status == "answered"


def test_an_answer_can_close_the_case(desk, cli):
    desk.open(ACME, body=BODY)

    assert cli("answer", "acme", "#1", "--close", "-m", "Done.") == "answered acme 1; it is closed now\n"
    assert desk.find(ADA, "acme:1").status == "closed"


def test_a_note_changes_nothing_that_the_merchant_sees(desk, cli):
    before = desk.open(ACME, body=BODY)

    assert cli("answer", "acme", "1", "--note", "-m", "Odd.", "--as", "Ada") == "noted in acme 1; it is still open\n"
    assert messages_of(desk, "acme:1")[1:] == [("support", "Ada", "Odd.", True)]
    assert desk.find(ADA, "acme:1") == before
    assert len(desk.get(ACME, 1).messages) == 1


@pytest.mark.parametrize(
    "arguments",
    [["acme", "1", "-"], ["acme", "1", "--as", "Ada", "-"], ["-", "acme", "1"], ["acme", "-", "--as", "Ada", "1"]],
    ids=" ".join,
)
def test_an_answer_may_come_from_the_standard_input(arguments, desk, tmp_path):
    desk.open(ACME, body=BODY)

    done = fed("Zoë,\n\nuse water.\n", "answer", *arguments, cwd=tmp_path, SUPPORTCASES_AS="Ada")

    assert (done.returncode, done.stdout, done.stderr) == (0, b"answered acme 1; it is answered now\n", b"")
    assert messages_of(desk, "acme:1")[1:] == [("support", "Ada", "Zoë,\n\nuse water.", False)]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", b"body must be 1 to 10,000 characters long, not 0."),
        (b"\xff\xfe", b"body must be text in utf-8."),
        (b"a\0b", b"body must not contain a NUL character."),
    ],
    ids=repr,
)
def test_what_is_no_text_is_no_answer(data, sentence, desk, tmp_path):
    before = desk.open(ACME, body=BODY)

    done = fed(data, "answer", "acme", "1", "-", cwd=tmp_path, PYTHONIOENCODING="utf-8:strict")

    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"supportcases: " + sentence + b"\n")
    assert desk.get(ADA, "acme:1").case == before
    assert len(messages_of(desk, "acme:1")) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give the text with -m TEXT, or - to read it from the standard input."),
        (["-m", "Hello.", "-"], "give the text with -m or - (the standard input), not both."),
        (["--close", "--note", "-m", "x"], "--close and --note exclude each other: a note changes nothing of the case"),
        (["-m", "x", "--as", "me"], "argument --as: Must not be 'me', which is reserved."),
        (["-m", "x", "--as", "two\nlines"], "argument --as: Must be one line without control characters."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_of_answer_exits_with_2_and_a_sentence(arguments, sentence, exits):
    assert f"supportcases answer: error: {sentence}" in exits(2, "answer", "acme", "1", *arguments)


def test_a_hyphen_that_is_given_a_value_is_a_wrong_argument(exits):
    assert exits(2, "answer", "acme", "1", "-=x").endswith("error: unrecognized arguments: -=x\n")


@pytest.fixture
def typing(desk, tmp_path):
    """A person who was asked for the text of an answer: the process, and where to type."""
    desk.open(ACME, body=BODY)
    ours, theirs = pty.openpty()
    with open(ours, "wb", buffering=0) as keyboard:
        with subprocess.Popen(
            [*MODULE, "answer", "acme", "1", "-"],
            cwd=tmp_path,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            watchdog = threading.Timer(30, process.kill)
            watchdog.start()
            assert process.stderr.readline() == "Write the text; a line with only Ctrl-D ends it.\n"
            yield process, keyboard
            watchdog.cancel()
            process.kill()  # where the test failed before it ended
        os.close(theirs)


def test_an_answer_may_be_typed(typing, desk):
    process, keyboard = typing
    keyboard.write(b"Use water.\n\x04")

    assert process.communicate(timeout=30) == ("answered acme 1; it is answered now\n", "")
    assert process.returncode == 0
    assert messages_of(desk, "acme:1")[-1][2] == "Use water."


def test_whoever_thinks_better_of_an_answer_leaves_the_case_as_it_is(typing, desk):
    process, _ = typing
    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 130
    assert len(messages_of(desk, "acme:1")) == 1


# --- stats


def test_stats_counts_and_tells_how_long_it_takes(path, cli):
    clock = [datetime.now(UTC) - timedelta(days=3, hours=2)]
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository, clock=lambda: clock[0])
        desk.open(ACME, body=BODY, subject="Printer on fire", severity="critical")
        desk.open(GLOBEX, body=BODY)
        desk.open(GLOBEX, body=BODY, severity="low")
        clock[0] += timedelta(minutes=90)
        desk.answer(ADA, "globex:1", body="Done.")
        desk.answer(ADA, "globex:2", body="Done.")
        clock[0] += timedelta(hours=24, minutes=30)
        desk.close(ADA, "globex:2")

    assert cli("stats") == (
        "STATUS    CRITICAL  HIGH  NORMAL  LOW  TOTAL\n"
        "open             1     0       0    0      1\n"
        "answered         0     0       1    0      1\n"
        "closed           0     0       0    1      1\n"
        "total            1     0       1    1      3\n"
        "\n"
        "Oldest unanswered: acme 1, for 3 d: Printer on fire\n"
        "First answer:      median 1 h 30 min, p90 1 h 30 min (2 cases)\n"
        "Time to close:     median 1 d 2 h, p90 1 d 2 h (1 case)\n"
    )
    assert "total            0     0       1    1      2\n" in cli("stats", "--store", "globex")
    assert "Oldest unanswered: -\n" in cli("stats", "--store", "globex")
    assert "total            0     0       0    0      0\n" in cli("stats", "--created-before", "2024-06-15")
    assert "total            1     0       1    1      3\n" in cli("stats", "--created-after", "2024-06-15T10:30:00Z")


def test_stats_of_nothing_has_no_durations(desk, cli):
    assert cli("stats").splitlines()[-3:] == [
        "Oldest unanswered: -",
        "First answer:      -",
        "Time to close:     -",
    ]


# --- close-idle


@pytest.fixture
def quiet(desk):
    """Two cases that were written for 3 days since it was answered, and one that is open."""
    for actor, subject in ((ACME, "Printer on fire"), (GLOBEX, "A small question"), (ACME, "Still burning")):
        desk.open(actor, body=BODY, subject=subject)
    desk.answer(ADA, "acme:1", body="Use water.")
    desk.answer(ADA, "globex:1", body="Which?")
    return desk


def test_close_idle_tells_what_it_would_close_and_closes_it_once(quiet, cli):
    cases = {"acme 1: Printer on fire", "globex 1: A small question"}

    lines = cli("close-idle", "--answered-for", "3d", "--dry-run").splitlines()
    assert ({*lines[:-1]}, lines[-1]) == ({f"would close {case}" for case in cases}, "2 cases would be closed")
    assert [quiet.find(ADA, ref).status for ref in ("acme:1", "globex:1")] == ["answered", "answered"]

    lines = cli("close-idle", "--answered-for", "3d").splitlines()
    assert ({*lines[:-1]}, lines[-1]) == ({f"closed {case}" for case in cases}, "2 cases closed")
    assert [quiet.find(ADA, ref).status for ref in ("acme:1", "globex:1", "acme:2")] == ["closed", "closed", "open"]
    kind, label, body, internal = messages_of(quiet, "acme:1")[-1]
    assert (kind, label, internal) == ("system", "Support desk", False)
    assert "written for 3 days since it was answered" in body

    assert cli("close-idle", "--answered-for", "3d") == "0 cases closed\n"
    assert len(messages_of(quiet, "acme:1")) == 3


def test_close_idle_leaves_what_was_answered_since(quiet, cli):
    assert cli("close-idle", "--answered-for", "4d") == "0 cases closed\n"
    assert quiet.find(ADA, "acme:1").status == "answered"


def test_close_idle_takes_its_settings_from_the_environment_and_an_option_wins(quiet, cli):
    environ = {"SUPPORTCASES_ANSWERED_FOR": "4d", "SUPPORTCASES_AS": "The night shift"}
    assert cli("close-idle", **environ) == "0 cases closed\n"
    assert cli("close-idle", "--answered-for", "72h", **environ).splitlines()[-1] == "2 cases closed"
    assert messages_of(quiet, "acme:1")[-1][1] == "The night shift"


# --- JSON


@pytest.fixture
def api(path):
    """What the HTTP API answers to somebody of the support team."""
    with closing(SqliteRepository(path)) as repository:
        key, _ = KeyRing(repository).create_support(label="Ada")
        client = TestClient(create_app(repository), headers={"Authorization": f"Bearer {key}"})
        yield lambda path: client.simulate_get(f"{SUPPORT}/{path}").json


def test_json_is_what_the_http_api_answers(quiet, api, cli):
    quiet.note(ADA, "acme:2", body=f"A note with {HOSTILE}")
    case = quiet.find(ADA, "acme:2")

    listed, shown, counted = (cli(*words, "--json") for words in (["cases"], ["show", "acme", "2"], ["stats"]))

    assert json.loads(listed) == api("cases?limit=20")
    assert json.loads(shown) == api(f"cases/{case.id}")
    assert json.loads(counted) == api("stats")
    for text in (listed, shown, counted):
        assert re.fullmatch(r"\{[ -~]*\}\n", text)
        assert json.dumps(json.loads(text), separators=(",", ":")) + "\n" == text
    assert len(json.loads(listed)["data"]) == 3


def test_json_of_an_answer_is_what_the_http_api_answers(quiet, api, cli):
    said = json.loads(cli("answer", "acme", "2", "--json", "--close", "-m", "Done.", "--as", "Ada"))

    case = quiet.find(ADA, "acme:2")
    assert said == {"message": api(f"cases/{case.id}")["messages"][-1], "status": "closed"}
    assert (said["message"]["body"], said["message"]["authorLabel"]) == ("Done.", "Ada")


# --- what a terminal must not be sent


@pytest.mark.parametrize(
    ("command", "times"),
    [
        (["cases"], 6),
        (["show", "acme", "1"], 6),
        (["stats"], 1),
        (["close-idle", "--answered-for", "3d", "--dry-run"], 2),
        (["close-idle", "--answered-for", "3d"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_no_control_character_of_anybody_reaches_the_terminal(command, times, quiet, path, cli, tmp_path):
    quiet.answer(ADA, "acme:1", body=f"One {HOSTILE} two")
    vandalise(path)

    dry = command if "close-idle" not in command or "--dry-run" in command else [*command, "--dry-run"]
    shown = "\n".join(on_terminal(400, *dry, cwd=tmp_path))
    piped = cli(*command)

    assert RAW.findall(shown) == RAW.findall(piped) == []
    assert (shown.count(ESCAPED), piped.count(ESCAPED)) == (times, times)


def test_answer_says_nothing_of_what_anybody_wrote(quiet, path, cli):
    vandalise(path)

    assert cli("answer", "acme", "1", "-m", f"One {HOSTILE}") == "answered acme 1; it is answered now\n"


def test_a_terminal_that_cannot_write_a_character_gets_its_escape(desk, cli):
    desk.open(ACME, body=BODY, subject="Zoë 日本")

    assert cli("cases", PYTHONIOENCODING="ascii").splitlines()[1].endswith(r"Zo\xeb \u65e5\u672c")


@pytest.mark.parametrize("command", ["cases", "show acme 1", "show acme 1 --json"])
def test_a_reader_that_goes_away_is_no_error(command, desk, tmp_path):
    desk.open(ACME, body=BODY * 400)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*MODULE, *command.split()], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, timeout=30
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (141, b"")  # as a shell tells of a program that SIGPIPE ended


# --- keys of the support team


def test_a_key_of_the_support_team_opens_its_side(path, tmp_path):
    done = run("keys", "create", "--support", "--label", "Ada", cwd=tmp_path)

    assert done.returncode == 0
    assert KEY.fullmatch(done.stdout)
    made, shown = done.stderr.splitlines()
    assert made == f"Made the new file {path}."
    assert re.fullmatch(r"The key [0-9a-f]{12} of Ada \(support: all\) is shown only this once.", shown)
    with closing(SqliteRepository(path)) as repository:
        actor = KeyRing(repository).recognise(done.stdout.strip())
    assert (actor.kind, actor.label, actor.stores) == ("support", "Ada", None)


def test_a_key_of_the_support_team_may_be_for_some_stores_and_expire(path, tmp_path):
    run("keys", "create", "--support", "--stores", "globex,acme", "--expires", "90d", "--label", "Bob", cwd=tmp_path)

    with closing(SqliteRepository(path)) as repository:
        (key,) = KeyRing(repository).all()
    assert (key.actor.label, key.actor.stores) == ("Bob", {"acme", "globex"})
    assert key.expires_at - key.created_at == timedelta(days=90)


def test_the_list_tells_the_support_teams_keys_from_the_stores(tmp_path):
    run("keys", "create", "support", cwd=tmp_path)
    run("keys", "create", "--support", "--label", "Ada", cwd=tmp_path)
    run("keys", "create", "--support", "--stores", "globex,acme", cwd=tmp_path, SUPPORTCASES_LABEL="Bob \u202e")

    assert [(row[1], row[2], row[5]) for row in rows_of(run("keys", "list", cwd=tmp_path).stdout)] == [
        ("support", "valid", "API"),
        ("(support: all)", "valid", "Ada"),
        ("(support: acme,globex)", "valid", r"Bob \u202e"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name the STORE that gets the key, or give --support."),
        (
            ["acme", "--support", "--label", "Ada"],
            "STORE and --support exclude each other: a key is a store's or somebody's of the support team.",
        ),
        (["acme", "--stores", "acme"], "--stores needs --support: the key of a store is for that store alone."),
        (
            ["--support"],
            "--support needs --label, the name of whoever uses the key: merchants see it on the answers.",
        ),
        (["--support", "--label", "none"], "argument --label: Must not be 'none', which is reserved."),
        (
            ["--support", "--label", "Ada", "--stores", "acme,"],
            "argument --stores: Must be 1 to 64 ASCII letters, ",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_of_keys_create_exits_with_2_and_a_sentence(arguments, sentence, exits):
    assert f"supportcases keys create: error: {sentence}" in exits(2, "keys", "create", *arguments)
