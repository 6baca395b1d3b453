"""The list of what runs on SQLite alone: each of its names is that of a test."""

import pytest

from tests.conftest import TESTS
from tests.support.engines import ON_BOTH, OWN


@pytest.mark.parametrize("name", OWN)
def test_what_sqlite_has_alone_is_there(name):
    file, _, test = name.partition("::")
    assert name.startswith(ON_BOTH)
    assert f"\ndef {test.partition('[')[0]}" in (TESTS / file).read_text(encoding="utf-8")
