"""A release: what `dev.tools.release` writes, what it refuses, and what it tells was tried."""

import pytest

from dev.tools.release import KEPT_TABLES, ROOT, Refused, dated, tried

CHANGES = "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 1.0.0 - 2026-11-30\n\n- All of it.\n"


def test_what_is_unreleased_comes_below_the_heading_of_the_release():
    released = CHANGES.replace("## Unreleased\n", "## Unreleased\n\n## 1.1.0 - 2027-01-31\n")
    assert dated(CHANGES, "1.1.0", "2027-01-31") == released
    assert dated("## Unreleased\n\n- The first.\n", "1.0.0", "2026-11-30").startswith("## Unreleased\n\n## 1.0.0 - ")


@pytest.mark.parametrize(
    ("changelog", "version", "sentence"),
    [
        (CHANGES, "1.0.0", "1.0.0 must come after 1.0.0, the last release."),
        (CHANGES, "0.9.9", "0.9.9 must come after 1.0.0, the last release."),
        (CHANGES, "1.1", "1.1 is no version such as 1.1.0."),
        (CHANGES, "v1.1.0", "v1.1.0 is no version such as 1.1.0."),
        (CHANGES.replace("### Added\n\n- A thing.\n\n", ""), "1.1.0", "CHANGELOG.md says nothing below Unreleased."),
        ("# Changelog\n", "1.1.0", "CHANGELOG.md says nothing below Unreleased."),
    ],
)
def test_a_release_is_refused_in_one_sentence(changelog, version, sentence):
    with pytest.raises(Refused) as refused:
        dated(changelog, version, "2027-01-31")
    assert str(refused.value) == sentence


def test_it_is_listed_what_was_tried_and_when(monkeypatch):
    monkeypatch.setattr("dev.tools.release.run", lambda *command: "0a1b2c\n")
    told = tried("1.1.0")
    assert told.startswith(
        "# What was tried of supportcases 1.1.0\n\nThe gate, `bash .ci/run`, must have passed on 0a1b2c."
    )
    assert "- linter and types\n- what it withstands: the quick experiments\n" in told
    for page in KEPT_TABLES:
        assert (ROOT / page).is_file()
        assert f"\n{page}:\n\n- " in told
