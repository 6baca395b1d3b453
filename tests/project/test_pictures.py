"""The pictures of the documents: of today's output, and whole without another host."""

import xml.etree.ElementTree as ET

import pytest

from dev.tools import terminal_picture
from tests.conftest import ROOT

PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
NAMESPACE = "http://www.w3.org/2000/svg"


def test_the_terminal_is_of_what_the_commands_print_today():
    kept = terminal_picture.TARGET.read_text(encoding="utf-8")
    assert terminal_picture.text() == kept, "run: python -m dev.tools.terminal_picture"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_has_a_title_a_dark_side_and_nothing_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    assert ET.fromstring(text)[0].tag == f"{{{NAMESPACE}}}title"
    assert "prefers-color-scheme: dark" in text
    assert "//" not in text.replace(f'xmlns="{NAMESPACE}"', "")
    assert "@import" not in text
