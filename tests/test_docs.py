"""The README says what is there: its examples run, and it misses no route, command, option, setting or public name."""

import argparse
import inspect
import re
import shlex
import subprocess
import sys

import pytest
from falcon.inspect import inspect_app

import supportcases
from supportcases import SupportDesk, cli, create_app, errors
from supportcases.web.errors import CODES
from tests.conftest import ROOT, serving

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SHELL_BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=["mount", "python", "unit-test"])
def test_python_blocks_run(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})


def test_the_mounting_example_serves_shop_and_desk(tmp_path, monkeypatch):
    from falcon.testing import TestClient

    monkeypatch.chdir(tmp_path)
    names = {}
    exec(PYTHON_BLOCKS[0], names)
    client = TestClient(names["application"])
    assert client.simulate_get("/").text == "The shop\n"
    assert client.simulate_get("/support/api/v1/support-cases").status_code == 401
    answer = client.simulate_post(
        "/support/api/v1/support-cases", json={"body": "It works below /support."}, headers={"X-Store": "acme"}
    )
    assert answer.headers["location"] == f"/support/api/v1/support-cases/{answer.json['id']}"


def test_the_examples_are_as_short_as_promised():
    lines = [len([line for line in block.splitlines() if line.strip()]) for block in PYTHON_BLOCKS]
    assert lines[0] <= 12
    assert lines[2] <= 6
    assert len(README.splitlines()) <= 160


def test_the_standalone_commands_run(tmp_path):
    create, serve = SHELL_BLOCKS[1].strip().splitlines()
    command = [sys.executable, "-m", "supportcases", *shlex.split(create)[1:]]
    key = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert re.fullmatch(r"sck_[0-9a-f]{48}\n", key)
    options = shlex.split(serve)[2:]
    options[options.index("--port") + 1] = "0"
    with serving(tmp_path / "cases.db", *options):
        pass


def test_the_two_setup_commands_are_one_line_each_with_an_environment_of_their_own():
    first, second = SHELL_BLOCKS[0].strip(), SHELL_BLOCKS[2].strip()
    assert "\n" not in first + second
    assert first.startswith("python3 -m venv .venv &&")
    assert first.endswith("sample_app.py")
    assert second.startswith("python3 -m venv .venv-test &&")
    assert second.endswith("-m pytest")


def test_every_route_is_in_the_readme():
    for route in inspect_app(create_app(":memory:")).routes:
        for method in (m.method for m in route.methods if not m.internal and m.method not in ("HEAD", "OPTIONS")):
            assert f"`{method} {route.path.removeprefix('/api/v1')}" in README


def test_every_command_option_and_environment_variable_is_in_the_readme():
    def walk(parser, name):
        children = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not children:
            yield name, parser
        for child in children:
            for word, inner in child.choices.items():
                yield from walk(inner, f"{name} {word}")

    for name, parser in walk(cli.parser(), "supportcases"):
        assert f"`{name}" in README
        for action in parser._actions:
            if action.option_strings and action.dest != "help":
                option = action.option_strings[0]
                assert f"`{option}`" in README
                assert f"SUPPORTCASES_{option.strip('-').upper()}" in (action.help or "")
    assert "`supportcases --version`" in README


def test_every_setting_of_create_app_is_in_the_readme():
    for name in inspect.signature(create_app).parameters:
        assert re.search(rf"\| .*`{name}`", README), name


def test_every_use_case_is_in_the_readme():
    for name, _ in inspect.getmembers(SupportDesk, inspect.isfunction):
        if not name.startswith("_") and name != "subject_for":
            assert f"`{name}`" in README or f"desk.{name}(" in README, name


def test_every_error_code_a_client_can_get_is_in_the_readme():
    raised = {errors.InvalidInput, errors.Unauthorized, errors.NotPermitted, errors.CaseNotFound}
    raised |= {errors.IdempotencyKeyReused, errors.DatabaseBusy, errors.DatabaseUnavailable}
    for code in {error.code for error in raised} | {CODES[status] for status in (400, 405, 413, 415, 500)}:
        assert f"`{code}`" in README, code


def test_links_between_the_documents_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README):
        assert (ROOT / target).exists(), target


def test_public_names_are_there_and_say_what_they_are():
    for name in supportcases.__all__:
        if name != "__version__":
            assert inspect.getdoc(getattr(supportcases, name)), name


def test_the_changelog_and_the_licence_are_there():
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text()
    assert "the supportcases authors" in (ROOT / "LICENSE").read_text()


def test_no_file_names_a_package_registry():
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    ]
    folders = [ROOT / name for name in ("supportcases", "tests", "tools", "docs", ".ci")]
    files = [path for folder in folders for path in folder.rglob("*") if "node_modules" not in path.parts]
    texts = [path for path in [*ROOT.glob("*.*"), *files] if path.is_file() and path.suffix not in (".db", ".pyc")]
    assert len(texts) > 60
    for path in texts:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(host in text for host in hosts), path
