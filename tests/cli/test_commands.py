"""The command line, run as people run it: as a process with arguments, an environment and two streams."""

import http.client
import json
import os
import platform
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import sysconfig
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from urllib.parse import urlsplit

import pytest

from supportcases import KeyRing, SqliteRepository, __version__, cli
from supportcases.server import bind
from tests.conftest import CASES, serving

MODULE = [sys.executable, "-m", "supportcases"]
KEY = re.compile(r"sck_[0-9a-f]{48}\n")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def run(*arguments: str, cwd, command=MODULE, **environ: str):
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
    )


def refused(done) -> str:
    """Return the one line on stderr with which a command ended that could not do its work."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert re.fullmatch(r"supportcases: .+\n", done.stderr), done.stderr
    return done.stderr.removesuffix("\n")


def status_of(url: str, path: str = CASES, key: str | None = None) -> int:
    where = urlsplit(url)
    with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=10)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        response = connection.getresponse()
        json.loads(response.read())
        return response.status


def rows_of(listing: str) -> list[list[str]]:
    """Return the columns of each key that `keys list` printed."""
    return [re.split(r" {2,}", line) for line in listing.splitlines()[1:]]


@pytest.fixture
def db(tmp_path):
    """A database with one key, of acme."""
    path = tmp_path / "cases.db"
    with closing(SqliteRepository(path)) as repository:
        KeyRing(repository).create("acme", label="first")
    return path


@pytest.fixture
def installed_command():
    command = shutil.which("supportcases", path=sysconfig.get_path("scripts"))
    assert command, "The command supportcases is not installed; run: pip install -e ."
    return [command]


# --- the command itself


def test_the_installed_command_is_the_module_by_another_name(installed_command, tmp_path):
    (entry,) = entry_points(group="console_scripts", name="supportcases")
    assert entry.load() is cli.main
    assert run("--version", cwd=tmp_path, command=installed_command).stdout == run("--version", cwd=tmp_path).stdout
    assert KEY.fullmatch(run("keys", "create", "acme", cwd=tmp_path, command=installed_command).stdout)
    assert (tmp_path / "cases.db").is_file()


def test_version_tells_ours_and_those_of_sqlite_and_python(tmp_path):
    done = run("--version", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    parts = f"SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}"
    assert done.stdout == f"supportcases {__version__} ({parts})\n"


OPTIONS = {
    "serve": {
        *("--db", "--host", "--port", "--threads", "--rate-limit", "--trusted-proxy"),
        *("--max-open-cases", "--max-thread-messages", "--max-thread-characters"),
    },
    "keys create": {"--db", "--support", "--stores", "--label", "--expires"},
    "keys list": {"--db", "--limit", "--offset"},
    "keys revoke": {"--db"},
    "cases": {
        *("--db", "--store", "--status", "--severity", "--category", "--assignee", "--query", "--sort", "--limit"),
        *("--cursor", "--as", "--json"),
    },
    "show": {"--db", "--json"},
    "answer": {"--db", "--message", "--close", "--note", "--if-revision", "--as", "--json"},
    "assign": {"--db", "--as", "--json"},
    "close": {"--db", "--as", "--json"},
    "reopen": {"--db", "--as", "--json"},
    "set": {"--db", "--severity", "--category", "--subject", "--as", "--json"},
    "history": {"--db", "--limit", "--offset", "--json"},
    "open": {"--db", "--message", "--subject", "--severity", "--category", "--author", "--as", "--json"},
    "stats": {"--db", "--store", "--created-after", "--created-before", "--json"},
    "close-idle": {"--db", "--answered-for", "--dry-run", "--as", "--json"},
    "backup": {"--db"},
    "check": {"--db"},
    "export": {"--db", "--store"},
    "import": {"--db"},
}
SETTINGS = {
    *("--db", "--host", "--port", "--threads", "--rate-limit", "--trusted-proxy"),
    *("--max-open-cases", "--max-thread-messages", "--max-thread-characters"),
    *("--label", "--expires", "--as", "--answered-for"),
}


def test_the_commands_and_options_are_those_of_the_help_and_no_others(exits):
    def commands(*command):
        return re.findall(r"^ {4}([a-z-]+)\s", exits(0, *command, "--help"), re.MULTILINE)

    def options(*command):
        return set(re.findall(r"^ {2}(?:-m, |-m TEXT, )?(--[a-z-]+)", exits(0, *command, "--help"), re.MULTILINE))

    assert commands() == [
        *("serve", "keys", "cases", "show", "answer"),
        *("assign", "close", "reopen", "set", "history", "open", "stats", "close-idle"),
        *("backup", "check", "export", "import"),
    ]
    assert commands("keys") == ["create", "list", "revoke"]
    assert options() == {"--db", "--version"}
    assert {command: options(*command.split()) for command in OPTIONS} == OPTIONS


@pytest.mark.parametrize("command", OPTIONS)
def test_the_help_names_the_environment_variables_of_settings_and_there_are_none_for_flags_and_filters(command, exits):
    told = " ".join(exits(0, *command.split(), "--help").split())

    settings = [option.strip("-").replace("-", "_").upper() for option in OPTIONS[command] & SETTINGS]
    assert sorted(re.findall(r"environment: SUPPORTCASES_(\w+)\)", told)) == sorted(settings)
    assert told.count("SUPPORTCASES_") == len(settings)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["keys"],
        ["keys", "create"],
        ["keys", "create", "a b"],
        ["keys", "create", "acme", "--expires", "soon"],
        ["keys", "create", "acme", "--expires", "-1d"],
        ["keys", "revoke"],
        ["keys", "list", "--all"],
        ["serve", "--port", "65536"],
        ["serve", "--port", "-1"],
        ["serve", "--port", "000000000099999"],
        ["serve", "--port", "http"],
        ["serve", "--threads", "0"],
        ["serve", "--rate-limit", "120"],
        ["serve", "--trusted-proxy", "proxy.example"],
        ["serve", "--max-open-cases", "0"],
        ["serve", "--max-thread-messages", "0"],
        ["serve", "--max-thread-characters", "many"],
        ["serve", "extra"],
        ["keys", "create", "--support"],
        ["cases", "--limit", "101"],
        ["cases", "--status", "shut"],
        ["show", "acme"],
        ["show", "acme", "first"],
        ["show", "acme:first"],
        ["show", "acme:1", "1"],
        ["show", "a b:1"],
        ["assign", "acme", "1", "Ada", "Bob"],
        ["assign", "acme:1", "two\nlines"],
        ["close", "acme"],
        ["reopen", "1"],
        ["set", "acme", "1"],
        ["set", "acme", "1", "--severity", "worst"],
        ["history", "acme", "1", "--offset", "-1"],
        ["history", "acme", "1", "--offset", "00000000009999999999"],
        ["cases", "--limit", "9" * 5_000],
        ["open", "acme"],
        ["open", "a b", "-m", "It is broken."],
        ["answer", "acme", "1", "-m", "x", "--if-revision", "0"],
        ["cases", "--cursor", "a b"],
        ["stats", "--created-after", "yesterday"],
        ["close-idle"],
        ["backup"],
        ["export", "--store", "a b"],
        ["import"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_exit_with_2_and_make_no_file(arguments, exits):
    assert "usage: supportcases" in exits(2, *arguments)


@pytest.mark.parametrize(
    "option", [("--expires", "0d"), ("--expires", "999999w"), ("--label", ""), ("--label", "two\nlines")], ids=repr
)
def test_a_value_that_no_key_can_have_is_a_wrong_argument_too(option, exits):
    assert f"argument {option[0]}: " in exits(2, "keys", "create", "acme", *option)


@pytest.mark.parametrize(
    ("variable", "value", "command"),
    [
        ("PORT", "http", ["serve"]),
        ("THREADS", "0", ["serve"]),
        ("EXPIRES", "soon", ["keys", "create", "acme"]),
        ("AS", "none", ["cases"]),
        ("ANSWERED_FOR", "soon", ["close-idle"]),
    ],
)
def test_a_wrong_value_in_the_environment_exits_with_2(variable, value, command, exits, monkeypatch):
    monkeypatch.setenv(f"SUPPORTCASES_{variable}", value)

    assert f"argument --{variable.lower().replace('_', '-')}: " in exits(2, *command)


# --- keys


def test_a_new_key_is_alone_on_stdout_and_works_and_only_its_hash_is_kept(server, tmp_path):
    done = run("keys", "create", "acme", "--db", str(server.db), cwd=tmp_path)
    key = done.stdout.strip()

    assert done.returncode == 0
    assert KEY.fullmatch(done.stdout)
    assert key not in done.stderr
    assert status_of(server.url, key=key) == 200
    with closing(sqlite3.connect(server.db)) as connection:
        assert key not in "\n".join(connection.iterdump())


def test_the_list_shows_every_key_with_its_state_and_none_of_the_secrets(tmp_path):
    keys = [
        run("keys", "create", "acme", cwd=tmp_path).stdout.strip(),
        run("keys", "create", "globex", "--label", "Zoë's till", "--expires", "90d", cwd=tmp_path).stdout.strip(),
        run("keys", "create", "acme", "--label", "old", cwd=tmp_path).stdout.strip(),
    ]
    listed = run("keys", "list", cwd=tmp_path)
    run("keys", "revoke", rows_of(listed.stdout)[2][0], cwd=tmp_path)

    done = run("keys", "list", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n")[0].split() == ["ID", "STORE", "STATE", "CREATED", "EXPIRES", "LABEL"]
    assert [(row[1], row[2], row[5]) for row in rows_of(done.stdout)] == [
        ("acme", "valid", "API"),
        ("globex", "valid", "Zoë's till"),
        ("acme", "revoked", "old"),
    ]
    for row in rows_of(done.stdout):
        assert re.fullmatch(r"[0-9a-f]{12}", row[0])
        assert re.fullmatch(TIME, row[3])
    assert [row[4] == "-" for row in rows_of(done.stdout)] == [True, False, True]
    assert not any(key in done.stdout or key[4:16] in done.stdout for key in keys)

    page = run("keys", "list", "--limit", "1", "--offset", "1", cwd=tmp_path)
    assert [row[5] for row in rows_of(page.stdout.split("\n\n")[0])] == ["Zoë's till"]
    assert page.stdout.rstrip("\n").endswith(" keys list --limit 1 --offset 2")
    assert "The next:" not in run("keys", "list", "--limit", "1", "--offset", "2", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("90d", timedelta(days=90)),
        ("8w", timedelta(weeks=8)),
    ],
)
def test_a_key_expires_after_what_was_asked_for(text, span, db, tmp_path):
    before = datetime.now(UTC)
    run("keys", "create", "acme", "--expires", text, cwd=tmp_path)

    with closing(SqliteRepository(db)) as repository:
        key = KeyRing(repository).all()[-1]
    assert key.expires_at - key.created_at == span
    assert timedelta(seconds=-1) < key.created_at - before < timedelta(seconds=20)


def test_an_expired_key_is_refused_and_listed_as_expired(server, tmp_path):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with closing(SqliteRepository(server.db)) as repository:
        old = KeyRing(repository, clock=lambda: yesterday)
        expired, _ = old.create("acme", label="expired", lifetime=timedelta(hours=23))
        alive, _ = old.create("acme", label="alive", lifetime=timedelta(hours=25))

    listed = rows_of(run("keys", "list", "--db", str(server.db), cwd=tmp_path).stdout)

    assert sorted((row[5], row[2]) for row in listed) == [("alive", "valid"), ("expired", "expired")]
    assert status_of(server.url, key=expired) == 401
    assert status_of(server.url, key=alive) == 200


def test_a_revoked_key_stops_at_once_in_a_server_that_runs(server, tmp_path):
    gone, kept = server.key("acme"), server.key("acme")
    key_id = rows_of(run("keys", "list", "--db", str(server.db), cwd=tmp_path).stdout)[0][0]
    assert [status_of(server.url, key=key) for key in (gone, kept)] == [200, 200]

    done = run("keys", "revoke", key_id, "--db", str(server.db), cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"revoked {key_id}\n")
    assert [status_of(server.url, key=key) for key in (gone, kept)] == [401, 200]


def test_revoking_twice_changes_nothing(db, tmp_path):
    key_id = rows_of(run("keys", "list", cwd=tmp_path).stdout)[0][0]

    first = run("keys", "revoke", key_id, cwd=tmp_path)
    with closing(SqliteRepository(db)) as repository:
        revoked = KeyRing(repository).all()
        second = run("keys", "revoke", key_id, cwd=tmp_path)
        assert KeyRing(repository).all() == revoked
    assert (second.returncode, second.stdout) == (first.returncode, first.stdout) == (0, f"revoked {key_id}\n")


def test_revoking_an_unknown_key_does_not_repeat_what_may_be_the_key_itself(db, tmp_path):
    told = refused(run("keys", "revoke", "sck_" + "0a" * 24, cwd=tmp_path))
    assert told == "supportcases: There is no API key with that id; `supportcases keys list` shows the ids."


# --- the environment


def test_serve_takes_every_setting_from_the_environment(tmp_path):
    settings = {"DB": "here.db", "HOST": "127.0.0.2", "PORT": "0", "THREADS": "1"}
    environ = {f"SUPPORTCASES_{name}": value for name, value in settings.items()}
    process = subprocess.Popen(
        [*MODULE, "serve"],
        cwd=tmp_path,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    try:
        url = process.stdout.readline().split()[-1]
        assert urlsplit(url).hostname == "127.0.0.2"
        assert status_of(url, "/healthz") == 200
        key = run("keys", "create", "acme", cwd=tmp_path, SUPPORTCASES_DB="here.db").stdout.strip()
        assert status_of(url, key=key) == 200
        assert workers(url, key, tmp_path / "here.db") == 1
    finally:
        watchdog.cancel()
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()
    assert {path.name for path in tmp_path.iterdir()} == {"here.db"}


def workers(url: str, key: str, db) -> int:
    """Return how many requests the server serves at once, up to 2: while one waits for the file, is there another?"""
    where = urlsplit(url)
    waiting = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    other = http.client.HTTPConnection(where.hostname, where.port, timeout=2.0)
    with closing(sqlite3.connect(db, isolation_level=None)) as holder, closing(waiting), closing(other):
        holder.execute("BEGIN IMMEDIATE")
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        waiting.request("POST", CASES, json.dumps({"body": "This one has to wait."}), headers)
        try:
            other.request("GET", "/healthz")
            other.getresponse().read()
            at_once = 2
        except TimeoutError:
            at_once = 1
        holder.execute("ROLLBACK")
        response = waiting.getresponse()
        assert (response.status, json.loads(response.read())["number"]) == (201, 1)
    return at_once


def test_threads_says_how_many_requests_are_served_at_once(tmp_path):
    with serving(tmp_path / "cases.db", "--threads", "2") as server:
        assert workers(server.url, server.key(), server.db) == 2


def test_keys_take_every_setting_from_the_environment_and_an_option_wins(tmp_path):
    environ = {"SUPPORTCASES_DB": "env.db", "SUPPORTCASES_LABEL": "from the env", "SUPPORTCASES_EXPIRES": "2h"}
    run("keys", "create", "acme", cwd=tmp_path, **environ)
    run("keys", "create", "acme", "--label", "by hand", "--expires", "1h", cwd=tmp_path, **environ)
    run("keys", "create", "acme", "--db", "other.db", cwd=tmp_path, **environ)

    with closing(SqliteRepository(tmp_path / "env.db")) as repository:
        kept = [(key.actor.label, key.expires_at - key.created_at) for key in KeyRing(repository).all()]
    assert kept == [("from the env", timedelta(hours=2)), ("by hand", timedelta(hours=1))]
    assert len(rows_of(run("keys", "list", cwd=tmp_path, **environ).stdout)) == 2
    assert len(rows_of(run("keys", "list", "--db", "other.db", cwd=tmp_path, **environ).stdout)) == 1


# --- what cannot be used

ON_A_DATABASE_THAT_IS_THERE = [
    ["keys", "list"],
    ["keys", "revoke", "0123456789ab"],
    ["cases"],
    ["show", "acme", "1"],
    ["answer", "acme", "1", "-m", "Hello."],
    ["assign", "acme", "1"],
    ["close", "acme", "1"],
    ["reopen", "acme", "1"],
    ["set", "acme", "1", "--severity", "low"],
    ["history", "acme", "1"],
    ["open", "acme", "-m", "It is broken."],
    ["stats"],
    ["close-idle", "--answered-for", "14d"],
]
COMMANDS = [["serve", "--port", "0"], ["keys", "create", "acme"], *ON_A_DATABASE_THAT_IS_THERE]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))


@pytest.fixture
def refusal(tmp_path, monkeypatch, capsys):
    """What a command says when it refuses; `serve`, which might not, runs as a process that can be ended."""

    def refuse(*arguments):
        if arguments[0] == "serve":
            return refused(run(*arguments, cwd=tmp_path))
        monkeypatch.chdir(tmp_path)
        code = cli.main(arguments)
        return refused(subprocess.CompletedProcess(arguments, code, *capsys.readouterr()))

    return refuse


each_existing = pytest.mark.parametrize(
    "command", ON_A_DATABASE_THAT_IS_THERE, ids=lambda command: " ".join(command[:2])
)


@each_existing
def test_a_mistyped_path_does_not_become_a_new_database(command, refusal, tmp_path):
    assert "typo.db" in refusal(*command, "--db", "typo.db")
    assert list(tmp_path.iterdir()) == []


@each_existing
def test_somebody_elses_database_is_left_as_it_is(command, refusal, tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        shop.execute("CREATE TABLE products (name TEXT)")
    before = (tmp_path / "shop.db").read_bytes()

    assert refusal(*command, "--db", "shop.db") == "supportcases: shop.db holds no support cases."
    assert (tmp_path / "shop.db").read_bytes() == before


@each_command
def test_a_missing_folder_is_named(command, refusal, tmp_path):
    said = refusal(*command, "--db", "nowhere/cases.db")

    assert "nowhere" in said
    assert list(tmp_path.iterdir()) == []


@each_command
@pytest.mark.parametrize(
    "content", [b"Dear diary, this is no database.\n" * 100, b"SQLite format 3\0" + b"?" * 84], ids=["text", "header"]
)
def test_what_is_no_database_is_named_and_left_as_it_was(command, content, refusal, tmp_path):
    diary = tmp_path / "diary.txt"
    diary.write_bytes(content)

    said = refusal(*command, "--db", "diary.txt")

    assert "diary.txt" in said
    assert diary.read_bytes() == content
    assert list(tmp_path.iterdir()) == [diary]


@each_command
def test_a_folder_is_no_database(command, refusal, tmp_path):
    (tmp_path / "folder.db").mkdir()

    assert "folder.db" in refusal(*command, "--db", "folder.db")


@each_command
def test_a_database_of_a_newer_version_is_named_and_left_as_it_was(command, db, refusal):
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "SELECT migration_set, '9999_from_the_future', applied_at FROM _sqlite_migrations LIMIT 1"
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = db.read_bytes()

    said = refusal(*command)

    assert "cases.db was written by a newer version of supportcases" in said
    assert "9999_from_the_future" in said
    assert db.read_bytes() == before


def test_a_port_in_use_is_named_and_no_database_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(run("serve", "--port", str(port), cwd=tmp_path))

    assert f"127.0.0.1:{port}" in said
    assert "Address already in use" in said
    assert list(tmp_path.iterdir()) == []


def test_two_servers_started_at_the_same_moment_do_not_both_get_the_port():
    with bind("127.0.0.1", 0) as first, pytest.raises(OSError, match="Address already in use"):
        bind("127.0.0.1", first.getsockname()[1]).close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "a..b"])
def test_a_host_that_is_not_ours_is_named(host, tmp_path):
    assert host in refused(run("serve", "--host", host, "--port", "0", cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_key_among_the_arguments_is_not_repeated(exits):
    key = f"sck_{'0123456789ab' * 4}"
    assert "sck_..." in exits(2, "show", "acme", key)
    assert key not in exits(2, "show", "acme", key)
