"""Who may import whom: the root says what the product is, each folder is one technology, `app` puts them together."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "supportcases"
OUTSIDE = {
    "domain": {"wcwidth"},
    "storage.sqlite": {"sqlite_utils"},
    "storage.postgres": {"psycopg"},
    "web": {"falcon", "marshmallow"},
    "console": {"falcon", "jinja2", "linkify_it", "markupsafe"},
    "app": {"falcon"},
    "server": {"waitress"},
    "cli": {"wcwidth"},
    "testing": {"falcon"},
}
INSIDE = {
    "version": "",
    "logs": "",
    "processes": "",
    "domain": "domain",
    "storage": "",
    "storage.protocol": "domain storage.protocol",
    "storage.afterwards": "",
    "storage.conninfo": "",
    "storage.rows": "domain storage.erasure_rows storage.protocol",
    "storage.webhook_rows": "domain",
    "storage.erasure_rows": "domain",
    "storage.folder": "domain",
    "storage.attached_bytes": "domain storage.protocol",
    "storage.sqlite": (
        "domain processes storage.afterwards storage.attached_bytes storage.erasure_rows storage.protocol storage.rows "
        "storage.sqlite storage.webhook_rows"
    ),
    "storage.postgres": (
        "domain processes storage.afterwards storage.attached_bytes storage.conninfo storage.erasure_rows "
        "storage.postgres storage.protocol storage.rows storage.webhook_rows"
    ),
    "storage.open": "domain storage.conninfo storage.postgres storage.protocol storage.sqlite",
    "formats": "domain formats storage.protocol",
    "desk": "desk domain logs storage.protocol webhooks",
    "webhooks": "domain formats logs processes storage.protocol webhooks",
    "web": "desk domain formats logs processes storage.protocol web",
    "console": "console desk domain formats storage.protocol web",
    "app": "console desk domain processes storage.open storage.protocol version web",
    "server": "app domain logs processes server web",
    "__init__": "app desk domain storage.folder storage.protocol storage.sqlite version web",
    "testing": "app desk domain formats server storage.open storage.protocol testing web",
    "cli": (
        "app cli desk domain formats logs processes server storage.conninfo storage.folder storage.open "
        "storage.protocol version web webhooks"
    ),
    "__main__": "cli",
}
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST = {"supportcases": 300, "tests": 350}  # lines; in dev/ a table is as long as it is


def layer_of(*names: str) -> str:
    """Return the layer of a module, given by the names on the way to it: an engine is one of its own."""
    return ".".join([name for name in names if name != "__init__"][: 2 if names[0] == "storage" else 1] or names)


def layer(path) -> str:
    return layer_of(*path.relative_to(PACKAGE).with_suffix("").parts)


def imported(path) -> set[str]:
    """Return the full names of everything that the module imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = node.module == "supportcases"
            names |= {f"supportcases.{alias.name}" for alias in node.names} if whole else {node.module}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_layer_may(path):
    names = {tuple(name.split(".")) for name in imported(path)}
    inside = {layer_of(*name[1:]) for name in names if name[0] == "supportcases"}
    outside = {name[0] for name in names} - {"supportcases"} - sys.stdlib_module_names
    assert inside <= set(INSIDE[layer(path)].split())
    assert outside <= OUTSIDE.get(layer(path), set())


def test_only_the_schemas_know_marshmallow():
    knowing = [path.name for path in MODULES if "marshmallow" in imported(path)]
    assert knowing == ["schemas.py"]


def test_only_the_sqlite_folder_knows_sqlite():
    knowing = {layer(path) for path in MODULES if "sqlite3" in imported(path)}
    assert knowing == {"storage.sqlite"}


def test_only_the_postgres_folder_knows_psycopg():
    knowing = {layer(path) for path in MODULES if any(name.startswith("psycopg") for name in imported(path))}
    assert knowing == {"storage.postgres"}


def test_the_table_names_every_layer_and_no_other():
    assert {layer(path) for path in MODULES} == set(INSIDE)


def test_no_layer_depends_on_itself_in_a_circle():
    left = {name: set(allowed.split()) - {name} for name, allowed in INSIDE.items()}
    while free := {name for name, allowed in left.items() if not allowed}:
        left = {name: allowed - free for name, allowed in left.items() if name not in free}
    assert left == {}


@pytest.mark.parametrize("folder", LONGEST)
def test_no_file_is_longer_than_somebody_reads_at_once(folder):
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in (ROOT / folder).rglob("*.py")}
    assert [(str(path), length) for path, length in lines.items() if length > LONGEST[folder]] == []


def test_importing_the_package_starts_nothing():
    script = """
import logging, os, sys, threading
before = set(os.listdir("/proc/self/fd"))
import supportcases
assert set(os.listdir("/proc/self/fd")) == before
assert threading.active_count() == 1
assert logging.getLogger().handlers == []
assert not {"waitress", "supportcases.server", "supportcases.cli", "supportcases.console"} & set(sys.modules)
supportcases.create_app(":memory:")
assert not {"jinja2", "linkify_it", "supportcases.console"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_at_the_terminal_imports_nothing_that_serves_http_or_makes_a_schema(path, file_repository):
    script = """
import sys
from supportcases import cli
assert cli.main(["cases", "--db", sys.argv[1]]) == 0
assert not {"falcon", "marshmallow", "waitress", "sqlite_utils"} & set(sys.modules)
import supportcases
from supportcases import *
assert {name for name in supportcases.__all__ if name not in globals()} == set()
"""
    done = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
