"""An agent's day at the terminal: cases are found, taken, changed, answered and closed, as somebody types it."""

import os
import re
import shlex
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import Actor, SupportDesk
from supportcases.cli import main
from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA
from tests.support.command_line import MODULE, at_terminal, messages_of, on_terminal, refused, run
from tests.support.desks import told

BOB = Actor.support("Bob")
BODY = "The printer is on fire."
HERE = {"LOGNAME": "Ada", "PAGER": "", "TZ": "Asia/Kolkata", "PYTHONIOENCODING": "utf-8"}
IN_MEMORY_OF = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)


@pytest.fixture
def desk(db):
    """A desk with the case acme 1, opened 3 days and 2 hours ago."""
    clock = [datetime.now(UTC) - timedelta(days=3, hours=2)]
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, clock=lambda: clock[0])
        desk.open(ACME, body=BODY)
        clock[0] += timedelta(days=3)
        yield desk


@pytest.fixture
def cli(tmp_path):
    """Run a command of Ada's that succeeds; return what it printed."""

    def command_line(*arguments, **environ):
        done = run(*arguments, cwd=tmp_path, **{**HERE, **environ})
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return command_line


@pytest.fixture
def sitting(tmp_path):
    """Run a command of Ada's with a terminal as its three streams; return its exit code and what it showed."""
    return lambda *arguments, **more: at_terminal(*arguments, cwd=tmp_path, **{**HERE, **more})


@pytest.fixture
def editor(tmp_path):
    """Return an editor that does with the file `$1` what a line of the shell says."""

    def made(script):
        program = tmp_path / "an editor"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return {"VISUAL": shlex.quote(str(program)), "TMPDIR": str(tmp_path)}

    return made


def kept(folder) -> list[str]:
    """Return the texts that are kept in the folder."""
    return [path.read_text() for path in folder.glob("supportcases-*.txt")]


# --- what needs no words


def test_a_case_is_assigned_closed_reopened_and_changed(desk, cli):
    assert cli("assign", "acme", "1") == "Ada takes care of acme 1 now\n"
    assert cli("assign", "acme:1", "Grace", "--as", "Bob") == "Grace takes care of acme 1 now\n"
    assert cli("assign", "acme:#1", "none") == "nobody takes care of acme 1 now\n"
    assert cli("close", "acme", "1") == "acme 1 is closed now\n"
    assert cli("reopen", "acme:1") == "acme 1 is open now\n"
    changes = ["--severity", "high", "--category", "billing_plans", "--subject", "Fire"]
    assert cli("set", *changes, "acme:000001") == (
        "acme 1 has severity high, category billing_plans, subject Fire now\n"
    )
    assert told(desk) == [
        ("Ada", "changed", {"assignee": None}, {"assignee": "Ada"}),
        ("Bob", "changed", {"assignee": "Ada"}, {"assignee": "Grace"}),
        ("Ada", "changed", {"assignee": "Grace"}, {"assignee": None}),
        ("Ada", "closed", {"status": "open"}, {"status": "closed"}),
        ("Ada", "reopened", {"status": "closed"}, {"status": "open"}),
        (
            "Ada",
            "changed",
            {"subject": "The printer is on fire", "category": "other", "severity": "normal"},
            {"subject": "Fire", "category": "billing_plans", "severity": "high"},
        ),
    ]
    assert len(messages_of(desk, "acme:1")) == 1


def test_a_case_is_opened_on_a_stores_behalf(desk, cli):
    told = cli("open", "globex", "-m", "The till is down.", "--severity", "high", "--author", "Mara")
    assert told == "opened globex 1: The till is down\n"
    assert messages_of(desk, "globex:1") == [("merchant", "Mara", "The till is down.", False)]
    assert desk.history(ADA, "globex:1").entries[0].actor_label == "Ada"


@pytest.mark.parametrize(
    "command", ["show", "history", "close", "reopen", "assign", "set --severity low", "answer -mx"]
)
def test_a_case_can_be_named_in_one_word_by_every_command(command, db, desk, capsys):
    first, *options = command.split()
    for case in (["acme:1"], ["acme", "1"], ["acme:#000001"]):
        assert main([first, *case, *options, "--db", db]) == 0
        assert main([first, "--db", db, *options, *case]) == 0
    assert capsys.readouterr().err == ""


def test_history_tells_who_changed_what_and_how_to_go_on(db, cli):
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, clock=lambda: IN_MEMORY_OF)
        desk.open(ACME, body=BODY)
        desk.note(ADA, "acme:1", body="Odd.")
        desk.assign(BOB, "acme:1", "me")
    when = "2024-06-15T10:30:00.000Z"
    first = f"{when}  API (merchant)  opened\n    status: - -> open\n{when}  Ada (support)  noted\n"
    last = f"{when}  Bob (support)  changed\n    assignee: - -> Bob\n"

    assert cli("history", "acme", "1") == first + last
    page = cli("history", "acme", "1", "--limit", "2")
    assert page.startswith(first + "\n2 of 3 entries\nThe next:\n")
    assert again(page, cli) == last


def again(page: str, cli) -> str:
    """Run the command that the page tells."""
    words = shlex.split(page.splitlines()[-1])
    assert words[:3] == [sys.executable, "-m", "supportcases"]
    return cli(*words[3:])


def test_cases_goes_on_behind_the_hundredth_by_the_command_that_it_tells(desk, cli, db):
    for index in range(2, 206):
        desk.open(ACME, body=BODY, subject=f"it's no {index}")
    desk.close(ADA, "acme:1")

    arguments = ["--db", db, "--status", "open", "--query", "it's no", "--limit", "100"]
    pages = [cli("cases", *arguments)]
    for _ in range(2):
        pages.append(again(pages[-1], cli))

    numbers = [int(number) for page in pages for number in re.findall(r"^acme +(\d+)", page, re.MULTILINE)]
    assert sorted(numbers) == list(range(2, 206))
    assert [page.splitlines()[-3] for page in pages[:2]] == ["100 of 204 cases"] * 2
    assert pages[2].splitlines()[-1] == "4 of 204 cases"


# --- the terminal


@pytest.mark.parametrize("name", ["--it's.db", "caf\udce9 \x1b.db"], ids=ascii)
def test_the_command_for_the_next_page_can_be_pasted_whatever_was_given(name, cli, tmp_path):
    with closing(open_repository(str(tmp_path / name))) as repository:
        for _ in range(2):
            SupportDesk(repository).open(ACME, body=BODY, subject="-2 it's")

    page = cli("cases", f"--db={name}", "--query=-2 it's", "--limit", "1")
    done = subprocess.run(
        ["bash", "-c", page.splitlines()[-1]], cwd=tmp_path, env={**os.environ, **HERE}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^acme +(\d+)", page + done.stdout, re.MULTILINE) == ["1", "2"]


def test_on_a_terminal_times_are_local_and_have_an_age(desk, tmp_path):
    opened = desk.find(ADA, "acme:1").created_at + timedelta(hours=5, minutes=30)

    lines = on_terminal(80, "show", "acme", "1", cwd=tmp_path, TZ="Asia/Kolkata")

    assert f"Opened:        {opened:%Y-%m-%d %H:%M} (3 days ago)" in lines
    assert f"{opened:%Y-%m-%d %H:%M} (3 days ago)  merchant  API" in lines
    assert not re.search(r"\d\dT\d\d", "\n".join(lines))


def test_a_long_list_goes_through_the_pager_and_a_short_one_does_not(desk, sitting, cli):
    for _ in range(30):
        desk.open(ACME, body=BODY)

    assert sitting("cases", "--limit", "30", PAGER="sed s/^/paged:/")[1].startswith("paged:STORE")
    assert sitting("cases", "--limit", "2", PAGER="sed s/^/paged:/")[1].startswith("STORE")
    assert sitting("cases", "--limit", "30", PAGER="A=page; sed s/^/$A/ | cat")[1].startswith("pageSTORE")
    for none in ("", " ", "no-such-pager", "'", "/", "false", "kill -9 $$"):
        assert "\nSTORE" in "\n" + sitting("cases", "--limit", "30", PAGER=none)[1]
    assert cli("cases", "--limit", "30", PAGER="sed s/^/paged:/").startswith("STORE")
    assert sitting("cases", "--limit", "30", "--json", PAGER="sed s/^/paged:/")[1].startswith("{")


# --- answers that are written in an editor


def test_a_terminal_opens_the_editor_for_an_answer(desk, sitting, editor, tmp_path):
    shown = sitting("answer", "acme:1", **editor("printf 'Use wäter.\\n\\n# Now\\n' > \"$1\""))

    assert shown == (0, "answered acme 1; it is answered now\n")
    assert messages_of(desk, "acme:1")[1:] == [("support", "Ada", "Use wäter.\n\n# Now", False)]
    assert kept(tmp_path) == []


@pytest.mark.parametrize("script", ["true", "printf ' \\n' > \"$1\"", 'rm "$1"; touch "$1"', 'rm "$1"'])
def test_an_empty_text_posts_nothing_and_says_so(script, desk, sitting, editor, tmp_path):
    shown = sitting("answer", "acme:1", **editor(script))

    assert shown == (1, "supportcases: the text is empty, so that nothing was posted.\n")
    assert len(messages_of(desk, "acme:1")) == 1
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ('echo Hello. > "$1"; exit 3', r"the editor '.*an editor' ended with 3, so that nothing was posted\."),
        (
            'echo Hello. > "$1"; kill -9 $$',
            r"the editor '.*an editor' was stopped by SIGKILL, so that nothing was posted\.",
        ),
        ("printf '%010001d' 1 > \"$1\"", r"body must be 1 to 10,000 characters long, not 10,001\."),
    ],
)
def test_a_text_that_cannot_be_posted_is_kept(script, sentence, desk, sitting, editor, tmp_path):
    code, shown = sitting("answer", "acme:1", **editor(script))

    (text,) = tmp_path.glob("supportcases-*.txt")
    where, why, _ = shown.split("\n")
    assert (code, where) == (1, f"supportcases: your text is kept in {text}")
    assert re.fullmatch(f"supportcases: {sentence}", why)
    assert text.stat().st_size in (7, 10_001)
    assert text.stat().st_mode & 0o777 == 0o600
    assert len(messages_of(desk, "acme:1")) == 1


@pytest.mark.parametrize(("number", "code"), [("TERM", 143), ("HUP", 129)])
def test_a_text_is_kept_when_the_program_is_stopped_amid_it(number, code, desk, sitting, editor, tmp_path):
    shown = sitting("answer", "acme:1", **editor(f'echo Hello. > "$1"; kill -{number} $PPID; exec sleep 5'))

    (text,) = tmp_path.glob("supportcases-*.txt")
    assert shown == (code, f"supportcases: your text is kept in {text}\n")
    assert text.read_text() == "Hello.\n"
    assert len(messages_of(desk, "acme:1")) == 1


def test_an_editor_that_is_not_there_is_named(desk, sitting):
    sentence = "the editor no-such-editor cannot be run: name another in EDITOR, or give the text with -m TEXT."
    assert sitting("answer", "acme:1", VISUAL="no-such-editor") == (1, f"supportcases: {sentence}\n")


# --- two agents and one case


@pytest.fixture
def answered_by_bob(db, desk):
    """Somebody answered acme 1 just now."""
    with closing(open_repository(db)) as repository:
        SupportDesk(repository).answer(BOB, "acme:1", body="Use sand.")
    return desk


def test_whoever_answers_behind_somebody_is_told(answered_by_bob, tmp_path):
    done = run("answer", "acme", "1", "-m", "Use water.", cwd=tmp_path, **HERE)

    assert (done.returncode, done.stdout) == (0, "answered acme 1; it is answered now\n")
    assert re.fullmatch(r"supportcases: Bob answered acme 1 (now|\d+ (second|minute)s? ago)\.\n", done.stderr)
    assert [label for _, label, _, _ in messages_of(answered_by_bob, "acme:1")] == ["API", "Bob", "Ada"]


def test_nobody_is_told_of_what_is_an_hour_old_or_their_own_or_for_a_note(desk, cli):
    desk.answer(BOB, "acme:1", body="Use sand.")  # 2 hours ago
    cli("answer", "acme", "1", "-m", "And water.", "--as", "Bob")
    cli("answer", "acme", "1", "-m", "More water.", "--as", "Bob")
    cli("answer", "acme", "1", "-m", "Odd.", "--note")


@pytest.mark.parametrize(("typed", "code", "labels"), [(b"y\n", 0, ["API", "Bob", "Ada"]), (b"\n", 1, ["API", "Bob"])])
def test_a_terminal_asks_whether_to_answer_all_the_same(typed, code, labels, answered_by_bob, sitting):
    ended, shown = sitting("answer", "acme", "1", "-m", "Use water.", typed=typed)

    assert "Answer all the same? [y/N] " in shown
    assert (ended, "supportcases: nothing was posted.\n" in shown) == (code, code == 1)
    assert [label for _, label, _, _ in messages_of(answered_by_bob, "acme:1")] == labels


def test_an_answer_that_comes_while_one_writes_is_told_and_the_text_is_kept(desk, sitting, editor, tmp_path):
    command = shlex.join([*MODULE, "answer", "acme", "1", "-m", "Use sand.", "--as", "Bob"])
    asked = sitting("answer", "acme", "1", typed=b"n\n", **editor(f'echo Hello. > "$1"; {command} > /dev/null'))

    assert "Bob answered acme 1 " in asked[1]
    assert (asked[0], kept(tmp_path)) == (1, ["Hello.\n"])
    assert [label for _, label, _, _ in messages_of(desk, "acme:1")] == ["API", "Bob"]


def test_an_answer_to_an_older_revision_is_refused(answered_by_bob, cli, tmp_path):
    revision = re.search(r"^Revision: +(\d+)$", cli("show", "acme:1"), re.MULTILINE)[1]
    assert revision == "2"

    done = run("answer", "acme", "1", "-m", "Use water.", "--if-revision", "1", cwd=tmp_path, **HERE)
    assert refused(done) == (
        "supportcases: acme 1 is no longer at revision 1, so that nothing was posted; "
        f"look at it again: {sys.executable} -m supportcases show acme 1"
    )
    assert len(messages_of(answered_by_bob, "acme:1")) == 2
    assert (
        cli("answer", "acme", "1", "-m", "Use water.", "--if-revision", "2") == "answered acme 1; it is answered now\n"
    )


def test_the_settings_of_less_are_those_of_git_unless_there_are_others(desk, sitting):
    for _ in range(30):
        desk.open(ACME, body=BODY)
    show_settings = f"{sys.executable} -c 'import os; print(os.environ[\"LESS\"])'"

    assert sitting("cases", "--limit", "30", PAGER=show_settings) == (0, "FX\n")
    assert sitting("cases", "--limit", "30", PAGER=show_settings, LESS="R") == (0, "R\n")
