"""The standard streams may be closed, full or unread: the exit code tells of the work all the same."""

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from tempfile import TemporaryFile

import pytest

from supportcases import SupportDesk
from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA
from tests.support import forked
from tests.support.command_line import MODULE, fed, messages_of, run

BODY = "The printer is on fire."


@pytest.fixture
def desk(db):
    """A desk with a case that is answered, and one that is open."""
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository)
        desk.open(ACME, body=BODY)
        desk.open(ACME, body=BODY)
        desk.answer(ADA, "acme:1", body="Use water.")
        yield desk


def on_a_full_disk(arguments, folder, environ):
    with open("/dev/full", "wb") as full, open(os.devnull, "rb") as empty, TemporaryFile() as said:
        streams = [stream.fileno() for stream in (empty, full, said)]
        with forked.running(arguments, cwd=folder, environ={**os.environ, **environ}, streams=streams) as command:
            code = command.ended()
        said.seek(0)
        return code, "", said.read().decode()


@pytest.fixture
def shell(tmp_path):
    """Run `supportcases` and what follows in a shell, which can close its streams; return code, output, error."""

    def shell(line, **environ):
        *arguments, last = line.split()
        if last == ">/dev/full":  # which takes no shell, and no Python of its own
            return on_a_full_disk(arguments, tmp_path, environ)
        done = subprocess.run(
            ["sh", "-c", f'"$0" -m supportcases {line}', MODULE[0]],
            cwd=tmp_path,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.returncode, done.stdout, done.stderr

    return shell


CLOSED = "supportcases: standard output: Bad file descriptor\n"
FULL = "supportcases: standard output: No space left on device\n"

CHANGES = [
    "answer acme 2 -m hi",
    "answer acme 2 --note -m hi --json",
    "close-idle --answered-for 1m",
    "backup copy.db",
    "check",
]
TOLD = {
    "answer": r'answered acme 2; it is answered now\n|{"message":.*"status":"open"}\n',
    "close-idle": "0 cases closed\n",
    "backup": r"copied 2 cases \(0.\d MB\) to copy.db\n",
    "check": "(?s:cases.db: 2 cases.*)nothing is wrong\n",
}
PRINTS = ["cases", "show acme 1 --json", "stats", "keys list", "export", "--version", "answer --help"]


@pytest.mark.parametrize(("stream", "said"), [(">&-", CLOSED), (">/dev/full", FULL)])
@pytest.mark.parametrize("command", CHANGES)
def test_what_is_done_is_done_though_it_cannot_be_told(command, stream, said, desk, shell):
    code, out, error = shell(f"{command} {stream}", SUPPORTCASES_AS="Ada")

    assert (code, out) == (0, "")
    assert re.fullmatch(f"{re.escape(said)}(?:{TOLD[command.split()[0]]})", error)
    if command.startswith("answer"):
        assert [message[2] for message in messages_of(desk, "acme:2")] == [BODY, "hi"]


@pytest.mark.parametrize(("stream", "said"), [(">&-", CLOSED), (">/dev/full", FULL)])
@pytest.mark.parametrize("command", PRINTS)
def test_what_was_to_be_printed_and_is_not_has_failed(command, stream, said, desk, shell):
    assert shell(f"{command} {stream}") == (1, "", said)


@pytest.mark.parametrize("streams", ["<&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize("command", [CHANGES[0], "export", "--version"])
def test_without_stderr_and_stdin_everything_succeeds_that_did(command, streams, desk, shell):
    code, out, _ = shell(f"{command} {streams}")

    assert code == 0
    assert out


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full"])
def test_what_is_said_on_stderr_never_gets_into_stdout(stream, desk, shell):
    assert shell(f"export --store globex {stream}") == (1, "", "")
    assert shell(f"export --nonsense {stream}") == (2, "", "")


def test_with_every_stream_closed_the_exit_code_tells_it_all(desk, shell, path):
    assert shell("answer acme 2 -m hi <&- >&- 2>&-") == (0, "", "")
    assert shell("answer acme 9 -m hi <&- >&- 2>&-") == (1, "", "")
    assert shell("cases <&- >&- 2>&-") == (1, "", "")
    assert len(messages_of(desk, "acme:2")) == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_closed_stdin_is_no_text(desk, shell):
    assert shell("answer acme 2 - <&-") == (1, "", "supportcases: standard input: Bad file descriptor\n")
    assert shell("import - --db new.db <&-") == (1, "", "supportcases: standard input: Bad file descriptor\n")
    assert len(messages_of(desk, "acme:2")) == 1


def test_a_byte_order_mark_is_no_part_of_an_answer(desk, tmp_path):
    done = fed(b"\xef\xbb\xbfUse \xef\xbb\xbfsand.\n", "answer", "acme", "2", "-", cwd=tmp_path, PYTHONUTF8="1")

    assert (done.returncode, done.stdout) == (0, b"answered acme 2; it is answered now\n")
    assert messages_of(desk, "acme:2")[-1][2] == "Use \ufeffsand."


# --- who signs


@pytest.mark.parametrize(
    ("environ", "label"),
    [
        ({"SUDO_USER": "ada", "LOGNAME": "supportcases"}, "ada"),
        ({"SUDO_USER": "ada", "LOGNAME": "root"}, "ada"),
        ({"SUDO_USER": "", "LOGNAME": "ada"}, "ada"),
        ({"SUDO_USER": "ada", "LOGNAME": "root", "SUPPORTCASES_AS": "Ada L."}, "Ada L."),
    ],
    ids=str,
)
def test_an_answer_is_signed_by_whoever_typed_it_also_through_sudo(environ, label, desk, tmp_path):
    assert run("answer", "acme", "2", "-m", "hi", cwd=tmp_path, **environ).returncode == 0
    assert messages_of(desk, "acme:2")[-1][1] == label


@pytest.mark.parametrize("login", ["me", "none", "\x1b[31m", "x" * 200, "caf\udce9", "\u200b", " "], ids=ascii)
def test_a_login_name_that_no_label_may_be_is_nobodys(login, desk, tmp_path):
    environ = {"SUDO_USER": login} | ({} if login.isascii() else {"PYTHONUTF8": "1"})
    assert run("cases", cwd=tmp_path, **environ).returncode == 0
    done = run("answer", "acme", "2", "-m", "hi", cwd=tmp_path, **environ)

    told = login.replace("\x1b", r"\x1b").replace("\udce9", r"\udce9")
    assert done.returncode == 2
    assert done.stderr.endswith(f"with --as or SUPPORTCASES_AS: {told} is not the name of anybody.\n")
    assert len(messages_of(desk, "acme:2")) == 1


@pytest.mark.parametrize("environ", [{"LOGNAME": "root"}, {"LOGNAME": "supportcases", "SUDO_USER": "root"}], ids=str)
@pytest.mark.parametrize("command", ["answer acme 2 -m hi", "answer acme 2 --note -m hi", "cases --assignee me"])
def test_root_is_asked_for_a_name_where_one_is_needed(command, environ, desk, tmp_path):
    done = run(*command.split(), cwd=tmp_path, **environ)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "error: say who you are with --as or SUPPORTCASES_AS: root is not the name of anybody.\n"
    )
    assert len(messages_of(desk, "acme:2")) == 1
    assert run(*command.split(), "--as", "Ada", cwd=tmp_path, **environ).returncode == 0


@pytest.mark.parametrize("command", ["cases", "show acme 1", "stats", "close-idle --answered-for 1m"])
def test_root_may_look_without_a_name(command, desk, tmp_path):
    assert run(*command.split(), cwd=tmp_path, LOGNAME="root").returncode == 0
