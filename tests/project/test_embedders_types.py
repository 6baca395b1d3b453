"""The types as a host's authors meet them: `mypy` on their own code, with the wheel installed beside it."""

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest

from dev.tools.public_api import MODULES
from tests.conftest import ROOT
from tests.support.packages import built as built  # a fixture

EMBEDDING = ROOT / "tests" / "embedding"
# Django and Pyramid have no types, and an example may write `def index(environ, start_response):`
# `app.wsgi_app = ...` is Flask's own idiom; mypy refuses it whatever is assigned, since it is a method
FLASK_IDIOM = r"flask_shop\.py:\d+: error: Cannot assign to a method"
AS_IN_AN_EXAMPLE = """
# mypy: allow-untyped-defs, allow-untyped-calls
# mypy: disable-error-code=import-untyped
"""


@pytest.fixture(scope="module")
def mypy(tmp_path_factory, built):
    """Check files as a host does: in its own folder, with an environment that holds the wheel, and what ours holds."""
    folder = tmp_path_factory.mktemp("host")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MYPY"))}
    run = {"cwd": folder, "env": environ, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    venv.create(folder / ".venv", symlinks=True)
    (packages,) = folder.glob(".venv/lib/python*/site-packages")
    with zipfile.ZipFile(built.wheel) as wheel:
        wheel.extractall(packages)
    (packages / "theirs.pth").write_text(sysconfig.get_path("purelib"))  # behind the wheel, and without our own .pth

    def mypy(files, options=""):
        """Options of the files' own, in comments: with those of the command line all packages would be checked anew."""
        for name, text in files.items():
            (folder / name).write_text(text + options, encoding="utf-8")
        command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--python-executable=.venv/bin/python"]
        done = subprocess.run([*command, *files], timeout=300, **run)
        *lines, last = done.stdout.splitlines()
        assert done.returncode in (0, 1), done.stdout
        assert last.startswith(("Success: ", "Found ")), done.stdout
        return lines

    return mypy


def test_the_examples_check(mypy):
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    blocks = re.findall(r"^```python\n(.*?)^```", pages, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 6
    blocks = [block for block in blocks if "a2wsgi" not in block]  # whose types are neither WSGI's nor Starlette's
    files = {f"block_{number}.py": block for number, block in enumerate(blocks)}
    files |= {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "examples").glob("*.py")}
    files["sample_app.py"] = (ROOT / "sample_app.py").read_text(encoding="utf-8")
    told = mypy(files, AS_IN_AN_EXAMPLE)
    assert [line for line in told if not re.search(FLASK_IDIOM, line)] == []


HOST = """
from datetime import UTC, datetime
from functools import partial

import falcon
from flask import Flask

from supportcases import Actor, Event, create_app, mount

app = Flask(__name__)
events: list[Event] = []


def authenticate(req: falcon.Request) -> Actor | None:
    return None


support = create_app(":memory:", authenticate=authenticate, clock=partial(datetime.now, UTC), on_event=events.append)
other = create_app(":memory:", authenticate=lambda req: None, on_event=lambda event: len(events))
app.wsgi_app = mount(app.wsgi_app, support, at="/support")
application = mount(mount(falcon.App(), support, at="/support"), other, at="/other")
"""


def test_pyright_takes_the_idioms_of_hosts(tmp_path):
    pytest.importorskip("basedpyright", reason="pip install basedpyright")
    (tmp_path / "host.py").write_text(HOST)
    settings = {"extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}  # an editable install it does not follow
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--level", "error", "--pythonpath", sys.executable, "host.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "0 errors, 0 warnings, 0 notes\n")


def test_a_typed_host_that_uses_every_public_name_checks(mypy):
    text = (EMBEDDING / "host.py").read_text(encoding="utf-8")
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    for module in MODULES:
        assert set(importlib.import_module(module).__all__) <= used, module
    assert mypy({"host.py": text}, "\n# mypy: disallow-any-expr\n") == []


def test_mistakes_are_found_so_that_no_type_is_quietly_any(mypy):
    """Below a line of `mistakes.txt` stands what mypy says of it."""
    text = (EMBEDDING / "mistakes.txt").read_text(encoding="utf-8")
    expected, at = [], 0
    for number, line in enumerate(text.splitlines(), start=1):
        said = re.fullmatch(r" *# ((?:error|note): .*)", line)
        if said is None:
            at = number
        else:
            expected.append(f"mistakes.py:{at}: {said[1]}")
    assert len(expected) >= 34
    assert mypy({"mistakes.py": text}) == expected
