"""The sdist and the wheel: built without a warning, and they hold what they should and nothing else."""

import re
import tarfile
import zipfile
from email import message_from_string

import pytest

from dev.tools.sdist import repository_files
from supportcases.version import __version__
from tests.support.packages import JUNK, built

NAME = f"supportcases-{__version__}"
PLUGIN = "_supportcases_pytest_plugin.py"


@pytest.fixture(scope="module")
def wheel():
    with zipfile.ZipFile(built().wheel) as archive:
        yield archive


def test_building_warns_of_nothing():
    log = built().log
    assert "Successfully built" in log
    assert [line for line in log.splitlines() if re.search("warning|deprecat", line, re.IGNORECASE)] == []


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    package = {name for name in repository_files() if name.startswith("supportcases/") or name == PLUGIN}
    package -= {name for name in package if name.endswith((".po", ".pot"))}  # the pages read what is made of them
    told = ["METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt"]
    names = wheel.namelist()
    assert sorted(names) == sorted(package | {f"{NAME}.dist-info/{name}" for name in told})
    assert {
        "supportcases/py.typed",
        "supportcases/testing/sample_texts.json",
        "supportcases/web/openapi.json",
        "supportcases/web/pages/reference.html",
        "supportcases/web/pages/static/pages.css",
    } <= set(names)


def test_the_sdist_holds_the_repository_and_nothing_else():
    with tarfile.open(built().sdist) as archive:
        names = {member.name.removeprefix(f"{NAME}/") for member in archive if member.isfile()}
    told = {"SOURCES.txt", "PKG-INFO", "dependency_links.txt", "entry_points.txt", "requires.txt", "top_level.txt"}
    made = {"PKG-INFO", "setup.cfg", *(f"supportcases.egg-info/{name}" for name in told)}
    assert sorted(names) == sorted(repository_files() - set(JUNK) | made)


def test_the_wheel_says_what_it_is(wheel):
    metadata = message_from_string(wheel.read(f"{NAME}.dist-info/METADATA").decode())
    assert (metadata["Name"], metadata["Version"]) == ("supportcases", __version__)
    assert (metadata["Requires-Python"], metadata["License-Expression"] or metadata["License"]) == (">=3.11", "MIT")
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# supportcases\n")
    assert wheel.read(f"{NAME}.dist-info/WHEEL").decode().endswith("Tag: py3-none-any\n\n")
