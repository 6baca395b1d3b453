"""The public names: documented on a fresh page, and none changes unless the changelog says so."""

import importlib
import re
import shutil

import pytest

import supportcases
from dev.tools import make_api_docs
from dev.tools.public_api import MODULES, Api, changes, last_release, read_lines, untold
from tests.conftest import ROOT

CHANGELOG = make_api_docs.CHANGELOG.read_text(encoding="utf-8")
PAGE = make_api_docs.TARGET.read_text(encoding="utf-8")
PROMISED = make_api_docs.PROMISED.read_text(encoding="utf-8")


def test_the_page_is_what_the_docstrings_make():
    assert make_api_docs.text() == PAGE, "run: python -m dev.tools.make_api_docs"


def test_every_module_that_offers_names_to_hosts_is_on_the_page():
    for name in MODULES:
        offered = importlib.import_module(name).__all__
        assert offered
        for public in set(offered) - {"__version__"}:
            assert f"### `{public}`\n" in PAGE, public
    inits = [path for path in (ROOT / "supportcases").rglob("__init__.py") if "__all__" in path.read_text()]
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in inits}
    assert folders - set(MODULES) == {"supportcases.storage.sqlite"}  # its name is offered above


def test_every_use_case_of_the_desk_is_on_the_page_wherever_it_is_inherited_from():
    for name in dir(supportcases.SupportDesk):
        if not name.startswith("_"):
            assert f"#### `SupportDesk.{name}`\n" in PAGE, name


def test_the_links_of_the_contents_lead_to_headings_of_which_there_is_one_each():
    headings = re.findall(r"^#{2,3} (.*)$", PAGE, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
    assert sorted(anchors) == sorted(set(anchors))
    assert sorted(re.findall(r"\]\(#([^)]*)\)", PAGE)) == sorted(anchors)


def test_no_public_name_is_without_a_docstring():
    api = Api()
    names = {name: thing for name, thing in api.names.items() if not name.endswith("__version__")}
    assert [name for name, thing in names.items() if not thing.docstring] == []


def test_the_changelog_tells_of_every_change_since_the_last_release():
    changed = changes(read_lines(PROMISED), Api().lines())
    assert [str(change) for change in untold(changed, CHANGELOG)] == []


def test_a_release_renews_what_is_promised():
    release = PROMISED.splitlines()[0]
    assert release == f"release: {last_release(CHANGELOG)}", "run: python -m dev.tools.make_api_docs --release"


def test_what_is_promised_is_read_as_it_was_written():
    api = Api()
    assert read_lines(make_api_docs.promised(api, "1.2.3")) == api.lines()


def test_the_last_release_is_the_topmost_version_of_the_changelog():
    assert last_release("# Changelog\n\n## Unreleased\n\n- 9.9\n") == "none"
    assert last_release("## Unreleased\n\n## 0.2.0 - 2026-12-01\n\n## 0.1.0 - 2026-11-25\n") == "0.2.0"
    assert last_release("## Unreleased\n\n## [0.3.0] - 2027-01-01\n") == "0.3.0"


@pytest.fixture(scope="module")
def before():
    return Api().lines()


@pytest.fixture
def change(tmp_path, before):
    """Change a file of a copy of the package; return the changes that `changelog` leaves out, by name."""
    shutil.copytree(ROOT / "supportcases", tmp_path / "supportcases")

    def change(file, old, new, changelog="## Unreleased\n"):
        path = tmp_path / "supportcases" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, file
        path.write_text(text.replace(old, new), encoding="utf-8")
        found = untold(changes(before, Api(tmp_path).lines()), changelog)
        return {found.name: (found.was, found.now) for found in found}

    return change


def test_what_stays_as_it_is_needs_no_line(change):
    assert change("desk/cases.py", "Close a case; a closed one stays as it is.", "Close a case.") == {}


def test_a_removed_name_is_noticed(change):
    left_out = change("__init__.py", '    "mount",\n', "")
    assert set(left_out) == {"supportcases.mount"}
    was, now = left_out["supportcases.mount"]
    assert was.startswith("function mount(host: WsgiApp, guest: WsgiApp, *, at: str")
    assert now is None


def test_a_removed_class_is_one_change_and_not_one_for_each_member(change):
    assert set(change("__init__.py", '    "Spread",\n', "")) == {"supportcases.Spread"}


def test_a_new_name_is_noticed(change):
    offered = 'from supportcases.domain.ids import uuid7\n\n__all__ = [\n    "uuid7",\n'
    assert change("__init__.py", "__all__ = [\n", offered) == {"supportcases.uuid7": (None, "function uuid7() -> UUID")}


@pytest.mark.parametrize(
    ("file", "old", "new", "name", "was", "now"),
    [
        (
            "desk/keys.py",
            "def revoke(self, key_id: str)",
            "def revoke(self, key_id: str, *, quietly: bool = False)",
            "KeyRing.revoke",
            "method revoke(key_id: str) -> None",
            "method revoke(key_id: str, *, quietly: bool = False) -> None",
        ),
        (
            "domain/actors.py",
            "def merchant(cls, store: str, label: str = DEFAULT_AUTHOR, ",
            'def merchant(cls, store: str, label: str = "Merchant", ',
            "Actor.merchant",
            "classmethod merchant(store: str, label: str = 'API', *, id: str | None = None) -> Actor",
            "classmethod merchant(store: str, label: str = 'Merchant', *, id: str | None = None) -> Actor",
        ),
        (
            "desk/cases.py",
            "def find(self, actor: Actor, ref: Ref)",
            "def find(self, actor: Actor, ref: str)",
            "SupportDesk.find",
            "method find(actor: Actor, ref: Ref) -> Case",
            "method find(actor: Actor, ref: str) -> Case",
        ),
        (
            "desk/triage.py",
            "def assign(self, actor: Actor, ref: Ref, assignee: str | None) -> Case:",
            "def assign(self, actor: Actor, ref: Ref, /, assignee: str | None, *more: str, **all: int) -> Case:",
            "SupportDesk.assign",
            "method assign(actor: Actor, ref: Ref, assignee: str | None) -> Case",
            "method assign(actor: Actor, ref: Ref, /, assignee: str | None, *more: str, **all: int) -> Case",
        ),
        (
            "domain/errors.py",
            "class CaseNotFound(SupportCasesError, LookupError):",
            "class CaseNotFound(SupportCasesError):",
            "CaseNotFound",
            "exception CaseNotFound(SupportCasesError, LookupError); CaseNotFound(message: str | None = None)",
            "exception CaseNotFound(SupportCasesError); CaseNotFound(message: str | None = None)",
        ),
        (
            "domain/cases.py",
            'CRITICAL = "critical"',
            'CRITICAL = "worst"',
            "Severity.CRITICAL",
            "attribute CRITICAL = 'critical'",
            "attribute CRITICAL = 'worst'",
        ),
        (
            "domain/cases.py",
            "    @property\n    def waiting_since(self)",
            "    def waiting_since(self)",
            "Case.waiting_since",
            "property waiting_since: datetime | None",
            "method waiting_since() -> datetime | None",
        ),
        (
            "desk/use_case.py",
            "Ref = str | int | UUID\n",
            "Ref = str | UUID\n",
            "desk.use_case.Ref",
            "type Ref = str | int | UUID",
            "type Ref = str | UUID",
        ),
    ],
)
def test_a_changed_signature_is_noticed(change, file, old, new, name, was, now):
    assert change(file, old, new) == {f"supportcases.{name}": (was, now)}


def test_a_changed_constant_is_noticed_wherever_it_is_a_default(change):
    left_out = change("domain/fields.py", "DEFAULT_LIMIT: Final = 10", "DEFAULT_LIMIT: Final = 20")
    names = ["SupportDesk.list", "SupportDesk.queue", "SupportDesk.stores"]
    assert sorted(left_out) == [f"supportcases.{name}" for name in names]


@pytest.mark.parametrize(
    ("entry", "enough"),
    [
        ("### Changed\n\n- `KeyRing.revoke` takes `quietly`.", True),
        ("### Changed\n\n- The `KeyRing` is quiet\n  when asked to `revoke`.", True),
        ("### Removed\n\n- `KeyRing.revoke(key_id)` without `quietly`.", True),
        ("### Added\n\n- `KeyRing.revoke` takes `quietly`.", False),
        ("### Fixed\n\n- `KeyRing.revoke` takes `quietly`.", False),
        ("### Changed\n\n- `revoke` takes `quietly`.", False),
        ("### Changed\n\n- KeyRing.revoke takes quietly.", False),
        ("### Changed\n\n- `KeyRing` is new.\n- `revoke` is old.", False),
        ("### Changed\n\n- `KeyRing.revoked` is new.", False),
        ("\n## 0.1.0\n\n### Changed\n\n- `KeyRing.revoke` takes `quietly`.", False),
    ],
)
def test_a_change_is_told_of_under_changed_or_removed_by_its_name(change, entry, enough):
    left_out = change(
        "desk/keys.py",
        "def revoke(self, key_id: str)",
        "def revoke(self, key_id: str, *, quietly: bool = False)",
        f"# Changelog\n\n## Unreleased\n\n{entry}\n",
    )
    assert left_out.keys() == (set() if enough else {"supportcases.KeyRing.revoke"})


@pytest.mark.parametrize(("heading", "enough"), [("Added", True), ("Changed", True), ("Removed", False)])
def test_a_new_method_is_told_of_under_added_or_changed(change, heading, enough):
    left_out = change(
        "desk/keys.py",
        "    def all(self)",
        "    def first(self) -> ApiKey: ...\n\n    def all(self)",
        f"## Unreleased\n\n### {heading}\n\n- `KeyRing.first` finds the oldest.\n",
    )
    assert left_out.keys() == (set() if enough else {"supportcases.KeyRing.first"})


def test_what_is_left_out_is_said_in_a_sentence():
    (change,) = changes({"supportcases.mount": "function mount"}, {})
    where = 'CHANGELOG.md, Unreleased, "Changed" or "Removed", must name `supportcases.mount`'
    assert str(change) == f"{where}: was function mount, now None."
