"""The documents say what is there: their examples run, and they miss no route, command, option, setting or error."""

import argparse
import inspect
import json
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from falcon.inspect import inspect_app

import supportcases
from dev.torture.__main__ import ALL
from supportcases import Actor, KeyRing, SqliteRepository, SupportDesk, cli, create_app
from supportcases.domain import errors
from supportcases.domain.events import EventKind
from supportcases.domain.fields import API_KEY
from supportcases.web.errors import CODES
from tests.conftest import ROOT, serving
from tests.support.tools import needs

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
PYTHON_BLOCKS = [
    pytest.param(block, id=f"{name}-{number}")
    for name, page in {"README.md": README, **DOCS}.items()
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE), 1)
]
MOUNT, UNIT_TEST = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
# what configures a place; flags and filters have no variable, which somebody would forget that they had set
SETTINGS = {
    *("--db", "--host", "--port", "--threads", "--rate-limit", "--trusted-proxy", "--time-budget"),
    *("--metrics-token", "--log-format"),
    *("--max-open-cases", "--max-thread-messages", "--max-thread-characters"),
    *("--max-attachment-size", "--max-attachment-bytes", "--public-url"),
    *("--label", "--expires", "--as", "--answered-for", "--attachments", "--webhook-deny"),
}
SHELL_BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", PYTHON_BLOCKS)
def test_python_blocks_run(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "a document", "exec"), {})


def test_the_mounting_example_serves_shop_and_desk(tmp_path, monkeypatch):
    from falcon.testing import TestClient

    monkeypatch.chdir(tmp_path)
    names = {}
    exec(MOUNT, names)
    client = TestClient(names["application"])
    assert client.simulate_get("/").text == "The shop\n"
    assert client.simulate_get("/support/api/v1/support-cases").status_code == 401
    answer = client.simulate_post(
        "/support/api/v1/support-cases", json={"body": "It works below /support."}, headers={"X-Store": "acme"}
    )
    assert answer.headers["location"] == f"/support/api/v1/support-cases/{answer.json['id']}"


def test_the_readme_and_its_examples_are_as_short_as_promised():
    lines = [len([line for line in block.splitlines() if line.strip()]) for block in (MOUNT, UNIT_TEST)]
    assert lines[0] <= 12
    assert lines[1] <= 6
    assert len(README.splitlines()) <= 120


def run_as_written(command, folder):
    """Run a line of the README's with this Python's `supportcases`; return what it printed."""
    words = [sys.executable, "-m", "supportcases", *shlex.split(command)[1:]]
    return subprocess.run(words, check=True, capture_output=True, text=True, cwd=folder, timeout=30).stdout


def test_many_cases_come_in_as_dossiers(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", DOCS["operating.md"], re.DOTALL)
    exec(compile(block, "operating.md", "exec"), {})
    assert capsys.readouterr().out == "1 cases\n"
    app = create_app("new.db")
    thread = app.desk.get(Actor.merchant("acme"), 1)
    assert (thread.case.subject, thread.case.status, len(thread.messages)) == ("The till is down", "closed", 1)
    assert app.desk.open(Actor.merchant("acme"), body="It is down again.").number == 2
    app.desk.repository.close()


def test_the_standalone_commands_run_and_those_of_the_second_terminal(tmp_path):
    needs("curl", package="curl")
    *create, serve = SHELL_BLOCKS[1].strip().splitlines()
    keys = [run_as_written(command, tmp_path).strip() for command in create]
    assert [len(key) for key in keys if key.startswith("sck_")] == [52, 52]
    options = shlex.split(serve)[2:]
    options[options.index("--port") + 1] = "0"
    curl, cases, show, answer = SHELL_BLOCKS[2].strip().splitlines()
    with serving(tmp_path / "cases.db", *options) as server:
        curl = curl.replace("http://127.0.0.1:8000", server.url).replace("sck_...", keys[0])
        opened = subprocess.run(shlex.split(curl), check=True, capture_output=True, text=True, timeout=30).stdout
        assert json.loads(opened)["subject"] == "The refund of order 7 has not arrived"
        assert "The refund of order 7 has not arrived" in run_as_written(cases, tmp_path)
        assert "The refund of order 7 has not arrived." in run_as_written(show, tmp_path)
        assert run_as_written(answer, tmp_path) == "answered acme 1; it is closed now\n"
        assert "Refunded today; it arrives by Friday." in run_as_written(show, tmp_path)


def test_the_curl_lines_of_the_support_team_run_in_their_order(tmp_path):
    needs("curl", package="curl")
    (lines,) = re.findall(r"```sh\n(.*?)```", DOCS["support-api.md"], re.DOTALL)
    with serving(tmp_path / "cases.db") as server:
        repository = SqliteRepository(server.db)
        SupportDesk(repository).open(Actor.merchant("acme"), body="The checkout shows a blank page.")
        key, _ = KeyRing(repository).create_support(label="Ada")
        repository.close()
        script = f"set -e\nSUPPORT_KEY={key}\n" + lines.replace("http://127.0.0.1:8000", server.url)
        script = script.replace("curl ", "echo; curl -sS --fail-with-body ")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [answer.get("status") for answer in answers] == [None, "answered", "answered", "answered", "answered"]
    assert (answers[0]["meta"]["count"], len(answers[3]["messages"])) == (1, 3)
    assert (answers[4]["assignee"], answers[4]["severity"]) == ("Ada", "high")


def test_the_consumer_of_the_feed_goes_on_where_it_ended(tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", DOCS["http-api.md"], re.DOTALL)
    names, seen, pauses = {}, [], []
    exec(compile(block, "http-api.md", "exec"), names)

    def do(database, event):
        seen.append(event["sequence"])
        if event["sequence"] == 102:
            raise KeyboardInterrupt

    def wait(seconds):
        pauses.append(seconds)
        if seconds:
            raise KeyboardInterrupt

    with serving(tmp_path / "cases.db") as server:
        repository = SqliteRepository(server.db)
        for _ in range(102):
            SupportDesk(repository).open(Actor.merchant("acme"), body="The checkout shows a blank page.")
        key, _ = KeyRing(repository).create("acme")
        repository.close()
        url = f"{server.url}/api/v1/support-cases/events"
        for what in (do, do, lambda _, event: seen.append(event["sequence"])):
            with closing(sqlite3.connect(tmp_path / "own.db")) as own, pytest.raises(KeyboardInterrupt):
                names["follow"](url, key, own, what, wait)
    assert seen == [*range(1, 101), 101, 102, 101, 102, 101, 102]
    assert pauses == [0, 2]


def test_the_two_setup_commands_are_one_line_each_with_an_environment_of_their_own():
    first, second = SHELL_BLOCKS[0].strip(), SHELL_BLOCKS[3].strip()
    assert "\n" not in first + second
    assert first.startswith("python3 -m venv .venv &&")
    assert first.endswith("sample_app.py")
    assert second.startswith("python3 -m venv .venv-test &&")
    assert second.endswith("-m pytest")


def test_every_route_is_in_the_pages_of_the_two_sides():
    pages = DOCS["http-api.md"] + DOCS["support-api.md"]
    for route in inspect_app(create_app(":memory:")).routes:
        for method in (m.method for m in route.methods if not m.internal and m.method not in ("HEAD", "OPTIONS")):
            row = f"`{method} {route.path.removeprefix('/api/v1')}"
            assert row in pages, f"docs/http-api.md or docs/support-api.md must have {row}"


def commands(parser=None, name="supportcases"):
    """Yield each command with its parser."""
    parser = parser or cli.parser()
    children = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not children:
        yield name, parser
    for child in children:
        for word, inner in child.choices.items():
            yield from commands(inner, f"{name} {word}")


@pytest.mark.parametrize(("name", "parser"), [pytest.param(*found, id=found[0]) for found in commands()])
def test_every_command_option_and_environment_variable_is_on_its_page(name, parser):
    rows = [line for line in DOCS["command-line.md"].splitlines() if line.startswith("| `")]
    told_of = [row for row in rows if re.search(rf"`{name}[ `]", row)]
    assert len(told_of) == 1, f"docs/command-line.md must have a row of {name}"
    settings = "".join(row for row in rows if row.startswith("| `--"))
    for action in parser._actions:
        if action.option_strings and action.dest != "help":
            option = action.option_strings[-1]  # the long form
            is_setting = option in SETTINGS and action.dest != "author"  # whom to erase is none
            variable = f"SUPPORTCASES_{option.strip('-').replace('-', '_').upper()}"
            told = re.findall(r"SUPPORTCASES_\w+", action.help or "")
            assert told == ([variable] if is_setting else []), f"{option}: SETTINGS has what `option` adds, no other"
            where = "a row of its own" if is_setting else f"the row of {name}"
            assert f"`{option}`" in (settings if is_setting else told_of[0]), f"docs/command-line.md, {where}: {option}"


def test_every_setting_of_create_app_is_on_its_page():
    for name in inspect.signature(create_app).parameters:
        assert re.search(rf"^\| .*`{name}`", DOCS["settings.md"], re.MULTILINE), name


def test_every_use_case_is_on_the_page_for_hosts():
    for name, _ in inspect.getmembers(SupportDesk, inspect.isfunction):
        if not name.startswith("_") and name != "subject_for":
            assert re.search(rf"^\| .*`{name}`", DOCS["mounting.md"], re.MULTILINE), name


def test_every_exception_that_a_host_meets_is_on_the_page_for_hosts():
    offered = [getattr(supportcases, name) for name in supportcases.__all__]
    for error in offered:
        if isinstance(error, type) and issubclass(error, supportcases.SupportCasesError):
            assert f"`{error.__name__}`" in DOCS["mounting.md"], error
            assert f"`{error.code}`" in DOCS["mounting.md"] + DOCS["errors.md"], error


def test_every_error_code_a_client_can_get_is_on_its_page():
    raised = {errors.InvalidInput, errors.Unauthorized, errors.NotPermitted, errors.CaseNotFound}
    raised |= {errors.CaseMoved, errors.IdempotencyKeyReused, errors.DatabaseBusy, errors.DatabaseUnavailable}
    raised |= {errors.TooSlow, errors.OutcomeUnknown, errors.DatabaseMoved}
    for code in {error.code for error in raised} | {CODES[status] for status in (400, 405, 413, 415, 500)}:
        assert f"`{code}`" in DOCS["errors.md"], code


@pytest.mark.parametrize(
    ("page", "left_out"), [("http-api", {"noted"}), ("webhooks", set()), ("support-api", set()), ("mounting", set())]
)
def test_whatever_happens_to_a_case_is_on_each_page_that_lists_it(page, left_out):
    text = DOCS[f"{page}.md"]
    assert {kind for kind in EventKind if not re.search(rf"`(support_case\.)?{kind}`", text)} == left_out


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{name}" for name in DOCS)])
def test_links_between_the_documents_lead_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\((?!https:|#)([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


NEW_FILES = {"formats/archive_v4.py", "storage/sqlite/drafts.py", "storage/postgres/drafts.py"}  # that a recipe makes


def test_the_recipes_name_files_that_are_there():
    recipes = DOCS["contributing.md"].partition("## Recipes")[2]
    named = set(re.findall(r"`((?:[a-z]\w*/)+\w+\.\w+)`", recipes)) - NEW_FILES
    assert len(named) > 20
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "supportcases" / name).exists() or "/m0NNN_" in name, name
    assert [name for name in NEW_FILES if (ROOT / "supportcases" / name).exists()] == []


def test_the_changelog_and_the_licence_are_there():
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text()
    assert "the supportcases authors" in (ROOT / "LICENSE").read_text()


def test_no_file_names_a_package_registry_or_has_a_key():
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    ]
    folders = [ROOT / name for name in ("supportcases", "tests", "dev", "docs", ".ci")]
    files = [path for folder in folders for path in folder.rglob("*") if "node_modules" not in path.parts]
    texts = [path for path in [*ROOT.glob("*.*"), *files] if path.is_file() and path.suffix not in (".db", ".pyc")]
    assert len(texts) > 60
    for path in texts:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(host in text for host in hosts), path
        assert not API_KEY.search(text), path


TORTURE = (ROOT / "dev" / "torture" / "README.md").read_text(encoding="utf-8")


def test_each_claim_is_held_by_experiments_and_tests_that_are_there():
    claims = re.findall(r"^\| ([\d, ]+) \| .* \| ([^|]+) \|$", TORTURE.partition("## The last run")[0], re.MULTILINE)
    assert [int(number) for numbers, _ in claims for number in numbers.split(", ")] == [1, 3, 2, *range(4, 30)]
    held_by = {name for _, names in claims for name in re.findall(r"`([^`]+)`", names)} - {"bash .ci/run"}
    assert {name for name in held_by if not name.startswith("tests/")} == set(ALL)
    assert all((ROOT / name).exists() for name in held_by if name.startswith("tests/")), held_by


def test_the_kept_table_of_the_experiments_has_each_and_none_that_failed():
    rows = re.findall(r"^\| \d+ \| (\w+) \|.*\| (\S+) \|$", TORTURE, re.MULTILINE)
    assert {name for name, _ in rows} == set(ALL)
    assert {verdict for _, verdict in rows} == {"yes"}
