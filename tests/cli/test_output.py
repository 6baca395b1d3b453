"""What the commands print: the JSON of the HTTP API, and nothing that a terminal would obey."""

import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing

import pytest
from falcon.testing import TestClient

from supportcases import KeyRing, create_app
from supportcases.storage.open import open_repository
from tests.cli.conftest import BODY
from tests.conftest import ACME, ADA, SUPPORT
from tests.support.command_line import MODULE, on_terminal

# what must never reach a terminal as it is: C0 but the newline, DEL, C1, and whatever turns the direction of reading
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
HOSTILE = "\x1b[2J\x9b31m\r\u202egnihtyna\u2066 \x07"
ESCAPED = r"\x1b[2J\x9b31m\x0d\u202egnihtyna\u2066 \x07"


def vandalise(path):
    """Put hostile characters into every subject and label, as a host might that writes the tables itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE supportcases_cases SET subject = ?, assignee = ?", (HOSTILE, HOSTILE))
        connection.execute("UPDATE supportcases_messages SET author_label = ?", (HOSTILE,))


# --- JSON


@pytest.fixture
def api(db):
    """What the HTTP API answers to somebody of the support team."""
    with closing(open_repository(db)) as repository:
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
