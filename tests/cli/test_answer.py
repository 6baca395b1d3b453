"""`answer` and `close-idle`, as people run them: with the text given, piped or typed."""

import os
import pty
import signal
import subprocess
import threading

import pytest

from tests.cli.conftest import BODY
from tests.conftest import ACME, ADA
from tests.support.command_line import MODULE, fed, messages_of

# --- answer


@pytest.mark.parametrize(
    ("case", "options", "told", "internal", "status"),
    [
        ("1", [], "answered acme 1; it is answered now", False, "answered"),
        ("#1", ["--close"], "answered acme 1; it is closed now", False, "closed"),
        ("1", ["--note"], "noted in acme 1; it is still open", True, "open"),
    ],
)
def test_an_answer_is_told_and_signed_by_whoever_gives_it(case, options, told, internal, status, desk, cli):
    desk.open(ACME, body=BODY)

    assert cli("answer", "acme", case, *options, "-m", "Use water.", "--as", "Ada") == f"{told}\n"
    assert messages_of(desk, "acme:1")[1:] == [("support", "Ada", "Use water.", internal)]
    assert desk.find(ADA, "acme:1").status == status


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


# --- close-idle


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


def test_close_idle_takes_its_settings_from_the_environment_and_an_option_wins(quiet, cli):
    environ = {"SUPPORTCASES_ANSWERED_FOR": "4d", "SUPPORTCASES_AS": "The night shift"}
    assert cli("close-idle", **environ) == "0 cases closed\n"
    assert cli("close-idle", "--answered-for", "72h", **environ).splitlines()[-1] == "2 cases closed"
    assert messages_of(quiet, "acme:1")[-1][1] == "The night shift"
