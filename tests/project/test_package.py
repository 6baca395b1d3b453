"""The sdist and the wheel: built without a warning, and they hold what they should and nothing else."""

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string

import pytest

from dev.tools.sdist import repository_files
from supportcases.version import __version__
from tests.conftest import ROOT
from tests.support.packages import JUNK
from tests.support.packages import built as built  # a fixture

NAME = f"supportcases-{__version__}"
PLUGIN = "_supportcases_pytest_plugin.py"


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(built.wheel) as archive:
        yield archive


def test_building_warns_of_nothing(built):
    log = built.log
    assert "Successfully built" in log
    assert [line for line in log.splitlines() if re.search("warning|deprecat", line, re.IGNORECASE)] == []


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    package = {name for name in repository_files() if name.startswith("supportcases/") or name == PLUGIN}
    package -= {name for name in package if name.endswith((".po", ".pot"))}  # the pages read what is made of them
    told = ["METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt"]
    shared = {f"{NAME}.data/data/{name}" for name in repository_files() if name.startswith("share/")}
    names = wheel.namelist()
    assert sorted(names) == sorted(package | shared | {f"{NAME}.dist-info/{name}" for name in told})
    assert {
        "supportcases/py.typed",
        "supportcases/console/locale/de/LC_MESSAGES/supportcases.mo",
        "supportcases/console/templates/queue.html",
        "supportcases/storage/sqlite/migrations/m0001_cases.py",
        f"{NAME}.data/data/share/man/man1/supportcases.1",
        "supportcases/testing/sample_texts.json",
        "supportcases/web/openapi.json",
        "supportcases/web/pages/reference.html",
        "supportcases/web/pages/static/pages.css",
    } <= set(names)


def test_the_completions_and_the_man_page_add_little_to_the_wheel(wheel):
    assert sum(each.compress_size for each in wheel.infolist() if "/share/" in each.filename) < 25_000


def test_the_sdist_holds_the_repository_and_nothing_else(built):
    with tarfile.open(built.sdist) as archive:
        names = {member.name.removeprefix(f"{NAME}/") for member in archive if member.isfile()}
    told = {"SOURCES.txt", "PKG-INFO", "dependency_links.txt", "entry_points.txt", "requires.txt", "top_level.txt"}
    made = {"PKG-INFO", "setup.cfg", *(f"supportcases.egg-info/{name}" for name in told)}
    assert sorted(names) == sorted(repository_files() - set(JUNK) | made)


def test_a_package_index_would_show_both(built):
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict", built.wheel, built.sdist]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.count("PASSED"), done.stderr) == (0, 2, ""), done


def test_what_it_shows_leads_to_no_other_file_and_has_the_readmes_examples():
    page, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("PACKAGE.md", "README.md"))
    assert re.findall(r"\]\((?!https://)", page) == []
    blocks = re.findall(r"```python\n.*?```", page, re.DOTALL)
    assert blocks == re.findall(r"```python\n.*?```", readme, re.DOTALL)


def test_the_wheel_says_what_it_is(wheel):
    metadata = message_from_string(wheel.read(f"{NAME}.dist-info/METADATA").decode())
    assert (metadata["Name"], metadata["Version"]) == ("supportcases", __version__)
    assert (metadata["Requires-Python"], metadata["License-Expression"] or metadata["License"]) == (">=3.11", "MIT")
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# supportcases\n")
    assert wheel.read(f"{NAME}.dist-info/WHEEL").decode().endswith("Tag: py3-none-any\n\n")
