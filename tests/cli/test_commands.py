"""The command line, run as people run it: as a process with arguments, an environment and two streams."""

import os
import platform
import re
import shutil
import socket
import sqlite3
import subprocess
import sysconfig
import threading
from contextlib import closing
from importlib.metadata import entry_points
from urllib.parse import urlsplit

import pytest

from supportcases import __version__, cli
from supportcases.server import bind
from tests.support.command_line import KEY, MODULE, refused, run, status_of


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


ID = "0191abc0-0000-7000-8000-000000000001"
OPTIONS = {
    "serve": {
        *("--db", "--host", "--port", "--threads", "--rate-limit", "--trusted-proxy", "--time-budget"),
        *("--metrics-token", "--log-format"),
        *("--max-open-cases", "--max-thread-messages", "--max-thread-characters", "--no-docs", "--console"),
        *("--attachments", "--max-attachment-size", "--max-attachment-bytes", "--public-url"),
        *("--deliver", "--webhook-deny", "--allow-http-loopback"),
    },
    "keys create": {"--db", "--support", "--stores", "--admin", "--label", "--expires"},
    "keys list": {"--db", "--limit", "--offset"},
    "keys revoke": {"--db"},
    "cases": {
        *("--db", "--store", "--status", "--severity", "--category", "--assignee", "--query", "--sort", "--limit"),
        *("--cursor", "--as", "--json"),
    },
    "show": {"--db", "--json"},
    "answer": {
        *("--db", "--message", "--attach", "--attachments", "--close", "--note", "--if-revision", "--as", "--json"),
    },
    "assign": {"--db", "--as", "--json"},
    "close": {"--db", "--as", "--json"},
    "reopen": {"--db", "--as", "--json"},
    "set": {"--db", "--severity", "--category", "--subject", "--as", "--json"},
    "history": {"--db", "--limit", "--offset", "--json"},
    "open": {
        *("--db", "--message", "--attach", "--attachments", "--subject", "--severity", "--category", "--author"),
        *("--as", "--json"),
    },
    "stats": {"--db", "--store", "--created-after", "--created-before", "--json"},
    "close-idle": {"--db", "--answered-for", "--dry-run", "--as", "--json"},
    "webhooks list": {"--db", "--store", "--limit", "--offset", "--json"},
    "webhooks add": {
        *("--db", "--store", "--type", "--description", "--webhook-deny", "--allow-http-loopback", "--json"),
    },
    "webhooks change": {
        *("--db", "--url", "--type", "--all-types", "--description", "--enable", "--disable"),
        *("--webhook-deny", "--allow-http-loopback", "--json"),
    },
    "webhooks remove": {"--db", "--json"},
    "webhooks rotate": {"--db", "--json"},
    "webhooks test": {"--db", "--json"},
    "webhooks deliveries": {"--db", "--limit", "--before", "--json"},
    "webhooks redeliver": {"--db", "--json"},
    "deliver": {"--db", "--once", "--webhook-deny", "--allow-http-loopback", "--log-format"},
    "attachment": {"--db", "--output", "--attachments"},
    "clean-up": {"--db", "--attachments"},
    "redact": {
        *("--db", "--message", "--subject", "--label", "--attachment", "--reason", "--attachments", "--as", "--json"),
    },
    "erase-author": {"--db", "--store", "--label", "--reason", "--yes", "--attachments", "--as"},
    "hold": {"--db", "--release", "--as"},
    "purge": {"--db", "--closed-for", "--store", "--dry-run", "--attachments"},
    "erasures": {"--db", "--replay", "--yes", "--attachments", "--as"},
    "vacuum": {"--db"},
    "backup": {"--db"},
    "check": {"--db", "--attachments"},
    "export": {"--db", "--store", "--attachments", "--author", "--text", "--csv"},
    "import": {"--db", "--attachments"},
    "move": {"--db", "--from", "--to", "--undo"},
}
SETTINGS = {
    *("--db", "--host", "--port", "--threads", "--rate-limit", "--trusted-proxy", "--time-budget"),
    *("--metrics-token", "--log-format"),
    *("--max-open-cases", "--max-thread-messages", "--max-thread-characters"),
    *("--max-attachment-size", "--max-attachment-bytes", "--public-url"),
    *("--label", "--expires", "--as", "--answered-for", "--attachments", "--webhook-deny"),
}


def test_the_commands_and_options_are_those_of_the_help_and_no_others(exits):
    def commands(*command):
        return re.findall(r"^ {4}([a-z-]+)\s", exits(0, *command, "--help"), re.MULTILINE)

    def options(*command):
        return set(re.findall(r"^ {2}(?:-m, |-m TEXT, )?(--[a-z-]+)", exits(0, *command, "--help"), re.MULTILINE))

    assert commands() == [
        *("serve", "keys", "cases", "show", "answer"),
        *("assign", "close", "reopen", "set", "history", "open", "stats", "close-idle"),
        *("webhooks", "deliver"),
        *("attachment", "clean-up"),
        *("redact", "erase-author", "hold", "purge", "erasures", "vacuum"),
        *("backup", "check", "export", "import", "move"),
    ]
    assert commands("keys") == ["create", "list", "revoke"]
    assert commands("webhooks") == [
        *("list", "add", "change", "remove", "rotate", "test", "deliveries", "redeliver"),
    ]
    assert options() == {"--db", "--version"}
    assert {command: options(*command.split()) for command in OPTIONS} == OPTIONS


@pytest.mark.parametrize("command", OPTIONS)
def test_the_help_names_the_environment_variables_of_settings_and_there_are_none_for_flags_and_filters(command, exits):
    told = " ".join(exits(0, *command.split(), "--help").split())

    filters = {"--label"} if command in ("redact", "erase-author") else set()  # what to look for, and no setting
    settings = [option.strip("-").replace("-", "_").upper() for option in OPTIONS[command] & SETTINGS - filters]
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
        ["keys", "list", "--all"],
        ["serve", "--port", "65536"],
        ["serve", "--port", "000000000099999"],
        ["serve", "--threads", "0"],
        ["serve", "--rate-limit", "120"],
        ["serve", "--trusted-proxy", "proxy.example"],
        ["serve", "--metrics-token", "two words"],
        ["serve", "--max-open-cases", "0"],
        ["serve", "--max-attachment-size", "0"],
        ["serve", "--public-url", "shop.example"],
        ["serve", "extra"],
        ["keys", "create", "--support"],
        ["cases", "--limit", "101"],
        ["cases", "--limit", "9" * 5_000],
        ["cases", "--status", "shut"],
        ["show", "acme"],
        ["show", "acme", "first"],
        ["show", "acme:1", "1"],
        ["show", "a b:1"],
        ["assign", "acme", "1", "Ada", "Bob"],
        ["assign", "acme:1", "two\nlines"],
        ["set", "acme", "1"],
        ["set", "acme", "1", "--severity", "worst"],
        ["history", "acme", "1", "--offset", "00000000009999999999"],
        ["open", "acme"],
        ["answer", "acme", "1", "-m", "x", "--if-revision", "0"],
        ["cases", "--cursor", "a b"],
        ["stats", "--created-after", "yesterday"],
        ["close-idle"],
        ["redact", "acme", "1", "--subject"],
        ["redact", "acme", "1", "--reason", "law"],
        ["redact", "acme", "1", "--subject", "--label", "Mara", "--reason", "law"],
        ["redact", "acme", "1", "--subject", "--reason", "whim"],
        ["erase-author", "--label", "Mara", "--reason", "law"],
        ["hold", "--release"],
        ["hold", "acme", "first"],
        ["purge"],
        ["purge", "--closed-for", "soon"],
        ["erasures", "--yes"],
        ["webhooks"],
        ["webhooks", "add"],
        ["webhooks", "redeliver", "0191abc0-0000-7000-8000-000000000001"],
        ["deliver", "--webhook-deny", "198.51.100.7/24"],
        ["attachment", "acme", "1"],
        ["attachment", "acme", "1", "a", "b"],
        ["backup"],
        ["export", "--store", "a b"],
        ["import"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_exit_with_2_and_make_no_file(arguments, exits):
    assert "usage: supportcases" in exits(2, *arguments)


@pytest.mark.parametrize(
    ("variable", "value", "command"),
    [
        ("PORT", "http", ["serve"]),
        ("THREADS", "0", ["serve"]),
        ("EXPIRES", "soon", ["keys", "create", "acme"]),
        ("AS", "none", ["cases"]),
        ("ANSWERED_FOR", "soon", ["close-idle"]),
        ("WEBHOOK_DENY", "198.51.100.0/24,here", ["deliver"]),
    ],
)
def test_a_wrong_value_in_the_environment_exits_with_2(variable, value, command, exits, monkeypatch):
    monkeypatch.setenv(f"SUPPORTCASES_{variable}", value)

    assert f"argument --{variable.lower().replace('_', '-')}: " in exits(2, *command)


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
    finally:
        watchdog.cancel()
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()
    assert {path.name for path in tmp_path.iterdir()} == {"here.db"}


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
    ["attachment", "acme", "1", ID],
    ["webhooks", "list"],
    ["webhooks", "add", "https://shop.example.com/hooks"],
    *(["webhooks", action, ID] for action in ("remove", "rotate", "test", "deliveries")),
    ["webhooks", "change", ID, "--disable"],
    ["webhooks", "redeliver", ID, "1"],
    ["deliver"],
    ["deliver", "--once"],
    ["clean-up"],
    ["redact", "acme", "1", "--subject", "--reason", "law"],
    ["erase-author", "--store", "acme", "--label", "Mara", "--reason", "law"],
    ["hold"],
    ["hold", "acme"],
    ["purge", "--closed-for", "365d"],
    ["purge", "--closed-for", "365d", "--dry-run"],
    ["erasures"],
    ["vacuum"],
]


@pytest.fixture
def refusal(tmp_path, monkeypatch, capsys):
    """What a command says when it refuses."""

    def refuse(*arguments):
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
