"""What `docs/stability.md` promises of names, APIs and the command line, against what each release has kept."""

import json
import lzma

import pytest

from dev.tools.breaking import broken
from dev.tools.breaking_names import breaking
from dev.tools.command_line import command_line
from dev.tools.public_api import CHANGELOG, KEPT, Change, changes, last_release, public_api, read_kept
from supportcases.version import __version__
from tests.conftest import ROOT

MAJOR = f"{__version__.partition('.')[0]}."
RELEASES = sorted(folder for folder in (ROOT / "tests" / "releases").iterdir() if folder.name.startswith(MAJOR))
EACH = pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)


def test_the_last_release_has_kept_what_it_promises():
    assert last_release(CHANGELOG.read_text(encoding="utf-8")) in {folder.name for folder in RELEASES}


def test_no_public_name_breaks_since_the_last_release():
    assert breaking(changes(read_kept(KEPT.read_text(encoding="utf-8")), public_api())) == []


@EACH
def test_no_request_and_no_answer_breaks(release):
    kept = json.loads(lzma.decompress((release / "openapi.json.xz").read_bytes()))
    assert broken(kept, json.loads((ROOT / "supportcases" / "web" / "openapi.json").read_text(encoding="utf-8"))) == []


@EACH
def test_every_command_option_and_setting_is_still_there(release):
    kept = (release / "command_line.txt").read_text(encoding="utf-8").splitlines()
    assert len(kept) > 400
    assert set(kept) - set(command_line()) == set()


OPEN = "def open(self, *, body: str, subject: str | None = None) -> Case"
TUPLE = "class Case(NamedTuple): id, number"


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (OPEN, None, "X.y is gone"),
        (OPEN, "def open(self, *, subject: str | None = None) -> Case", "X.y: Parameter was removed"),
        (OPEN, "def open(self, *, body: str, subject: str) -> Case", "X.y: Parameter is now required"),
        (
            OPEN,
            "def open(self, *, body: str, store: str, subject: str | None = None) -> Case",
            "X.y: Parameter was added as required",
        ),
        (
            OPEN,
            "def open(self, *, body: str, subject: str | None = None) -> None",
            "X.y: Return type was changed",
        ),
        (OPEN, "def open(self, *, body: str, subject: str | None = 'x') -> Case", "X.y: Parameter default was changed"),
        (TUPLE, "class Case(NamedTuple): number, id", f"X.y was {TUPLE} and is class Case(NamedTuple): number, id"),
        (TUPLE, "class Case(NamedTuple): id", "X.y was"),
        (TUPLE, "class Case(): id, number", "X.y was"),
        ("@property name: str", "@property name: str | None", "X.y was @property name: str and is"),
    ],
)
def test_what_breaks_a_name_is_told(was, now, told):
    (sentence,) = breaking([Change("X.y", was, now)])
    assert told in sentence


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (None, OPEN),
        (OPEN, "def open(self, *, body: str, subject: str | None = None, store: str = '') -> Case"),
        (f"@classmethod {OPEN}", f"@classmethod {OPEN.replace('body', 'body')}"),
        (TUPLE, f"{TUPLE}, subject"),
    ],
)
def test_what_comes_breaks_nobody(was, now):
    assert breaking([Change("X.y", was, now)]) == []
