"""The public names: on the page of the Python API, documented, and none changes unless the changelog says so."""

import importlib
import re
import shutil

import pytest

from dev.tools.public_api import (
    CHANGELOG,
    KEPT,
    MODULES,
    Change,
    as_kept,
    changes,
    last_release,
    public_api,
    read_kept,
    untold,
)
from tests.conftest import ROOT

TOLD = CHANGELOG.read_text(encoding="utf-8")
PROMISED = KEPT.read_text(encoding="utf-8")
PAGE = re.findall(r"^::: (\S+)$", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_module_that_offers_names_to_hosts_is_on_the_page():
    for module in MODULES:
        offered = {f"{module}.{name}" for name in set(importlib.import_module(module).__all__) - {"__version__"}}
        assert offered
        assert offered == {name for name in PAGE if name.rpartition(".")[0] == module}
    inits = [path for path in (ROOT / "supportcases").rglob("__init__.py") if "__all__" in path.read_text()]
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in inits}
    # SqliteRepository is offered above; a PostgreSQL database is named by its URL
    assert folders - set(MODULES) == {"supportcases.storage.sqlite", "supportcases.storage.postgres"}


def test_every_type_that_a_signature_names_is_on_the_page():
    aliases = {name for name in public_api() if "." not in name}
    assert aliases <= {path.rpartition(".")[2] for path in PAGE}


@pytest.mark.parametrize("path", [path for path in PAGE if path.rpartition(".")[0] in MODULES])
def test_no_public_name_is_without_a_docstring(path):
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name).__doc__


def test_the_changelog_tells_of_every_change_since_the_last_release():
    changed = changes(read_kept(PROMISED), public_api())
    assert [str(change) for change in untold(changed, TOLD)] == []


def test_a_release_renews_what_is_promised():
    release = PROMISED.splitlines()[0]
    assert release == f"release: {last_release(TOLD)}", "run: python -m dev.tools.public_api --release"


def test_what_is_promised_is_read_as_it_was_written():
    api = public_api()
    assert read_kept(as_kept(api, TOLD)) == api


def test_the_last_release_is_the_topmost_version_of_the_changelog():
    assert last_release("# Changelog\n\n## Unreleased\n\n- 9.9\n") == "none"
    assert last_release("## Unreleased\n\n## 0.2.0 - 2026-12-01\n\n## 0.1.0 - 2026-11-25\n") == "0.2.0"
    assert last_release("## Unreleased\n\n## [0.3.0] - 2027-01-01\n") == "0.3.0"


# file, what stands there, what to write instead, and what has changed then: each name with what it was and is
EDITS = [
    ("desk/cases.py", "Close a case; a closed one stays as it is.", "Close a case.", {}),
    (
        "__init__.py",
        '    "Spread",\n',
        "",
        {"supportcases.Spread": ("class Spread(NamedTuple): count, median, p90", None)},
    ),
    (
        "__init__.py",
        "__all__ = [\n",
        'from supportcases.domain.ids import uuid7\n\n__all__ = [\n    "uuid7",\n',
        {"supportcases.uuid7": (None, "def uuid7() -> UUID")},
    ),
    (
        "desk/keys.py",
        "def revoke(self, key_id: str)",
        "def revoke(self, key_id: str, *, quietly: bool = False)",
        {
            "supportcases.KeyRing.revoke": (
                "def revoke(key_id: str) -> None",
                "def revoke(key_id: str, *, quietly: bool = False) -> None",
            )
        },
    ),
    (
        "desk/keys.py",
        "MOST_LISTED: Final = 1_000",
        "MOST_LISTED: Final = 2_000",
        {
            "supportcases.KeyRing.page": (
                "def page(*, limit: int = 1000, offset: int = 0) -> tuple[ApiKey, ...]",
                "def page(*, limit: int = 2000, offset: int = 0) -> tuple[ApiKey, ...]",
            )
        },
    ),
    (
        "domain/actors.py",
        "def merchant(cls, store: str, label: str = DEFAULT_AUTHOR, ",
        'def merchant(cls, store: str, label: str = "Merchant", ',
        {
            "supportcases.Actor.merchant": (
                "@classmethod def merchant(store: str, label: str = 'API', *, id: str | None = None) -> Actor",
                "@classmethod def merchant(store: str, label: str = 'Merchant', *, id: str | None = None) -> Actor",
            )
        },
    ),
    (
        "desk/cases.py",
        "def find(self, actor: Actor, ref: Ref)",
        "def find(self, actor: Actor, ref: str)",
        {
            "supportcases.SupportDesk.find": (
                "def find(actor: Actor, ref: Ref) -> Case",
                "def find(actor: Actor, ref: str) -> Case",
            )
        },
    ),
    (
        "desk/triage.py",
        "def assign(self, actor: Actor, ref: Ref, assignee: str | None) -> Case:",
        "def assign(self, actor: Actor, ref: Ref, /, assignee: str | None, *more: str, **all: int) -> Case:",
        {
            "supportcases.SupportDesk.assign": (
                "def assign(actor: Actor, ref: Ref, assignee: str | None) -> Case",
                "def assign(actor: Actor, ref: Ref, /, assignee: str | None, *more: str, **all: int) -> Case",
            )
        },
    ),
    (
        "domain/errors.py",
        "class CaseNotFound(SupportCasesError, LookupError):",
        "class CaseNotFound(SupportCasesError):",
        {
            "supportcases.CaseNotFound": (
                "class CaseNotFound(SupportCasesError, LookupError)",
                "class CaseNotFound(SupportCasesError)",
            )
        },
    ),
    (
        "domain/cases.py",
        'CRITICAL = "critical"',
        'CRITICAL = "worst"',
        {"supportcases.Severity.CRITICAL": ("CRITICAL = 'critical'", "CRITICAL = 'worst'")},
    ),
    (
        "domain/cases.py",
        "    @property\n    def waiting_since(self)",
        "    def waiting_since(self)",
        {
            "supportcases.Case.waiting_since": (
                "@property waiting_since: datetime | None",
                "def waiting_since() -> datetime | None",
            )
        },
    ),
    (
        "desk/use_case.py",
        "Ref = str | int | UUID\n",
        "Ref = str | UUID\n",
        {"Ref": ("Ref = str | int | UUID", "Ref = str | UUID")},
    ),
]


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """Edit a copy of the package; return what changed by that."""
    folder = tmp_path_factory.mktemp("edited")
    shutil.copytree(ROOT / "supportcases", folder / "supportcases")
    for file, old, new, _ in EDITS:
        path = folder / "supportcases" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")
    found = changes(public_api(), public_api(folder))
    return {change.name: (change.was, change.now) for change in found}


def test_each_change_of_a_public_name_is_noticed_and_nothing_else(changed):
    expected = {name: what for *_, names in EDITS for name, what in names.items()}
    assert changed == expected


NEW_PARAMETER = Change("supportcases.KeyRing.revoke", "def revoke(key_id: str)", "def revoke(key_id: str, *, quietly)")
NEW_METHOD = Change("supportcases.KeyRing.first", None, "def first() -> ApiKey")


@pytest.mark.parametrize(
    ("change", "entry", "enough"),
    [
        (NEW_PARAMETER, "### Changed\n\n- `KeyRing.revoke` takes `quietly`.", True),
        (NEW_PARAMETER, "### Changed\n\n- The `KeyRing` is quiet\n  when asked to `revoke`.", True),
        (NEW_PARAMETER, "### Removed\n\n- `KeyRing.revoke(key_id)` without `quietly`.", True),
        (NEW_PARAMETER, "### Added\n\n- `KeyRing.revoke` takes `quietly`.", False),
        (NEW_PARAMETER, "### Fixed\n\n- `KeyRing.revoke` takes `quietly`.", False),
        (NEW_PARAMETER, "### Changed\n\n- `revoke` takes `quietly`.", False),
        (NEW_PARAMETER, "### Changed\n\n- KeyRing.revoke takes quietly.", False),
        (NEW_PARAMETER, "### Changed\n\n- `KeyRing` is new.\n- `revoke` is old.", False),
        (NEW_PARAMETER, "### Changed\n\n- `KeyRing.revoked` is new.", False),
        (NEW_PARAMETER, "\n## 0.1.0\n\n### Changed\n\n- `KeyRing.revoke` takes `quietly`.", False),
        (NEW_METHOD, "### Added\n\n- `KeyRing.first` finds the oldest.", True),
        (NEW_METHOD, "### Changed\n\n- `KeyRing.first` finds the oldest.", True),
        (NEW_METHOD, "### Removed\n\n- `KeyRing.first` finds the oldest.", False),
    ],
)
def test_a_change_is_told_of_under_its_heading_by_its_name(change, entry, enough):
    changelog = f"# Changelog\n\n## Unreleased\n\n{entry}\n"
    assert untold([change], changelog) == ([] if enough else [change])


def test_what_is_left_out_is_said_in_a_sentence():
    (change,) = changes({"supportcases.mount": "def mount()"}, {})
    where = 'CHANGELOG.md, Unreleased, "Changed" or "Removed", must name `supportcases.mount`'
    assert str(change) == f"{where}: was def mount(), now None."
