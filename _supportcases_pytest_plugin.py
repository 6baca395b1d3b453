"""The pytest plugin, outside the package: a run of pytest that does not use it imports nothing of the package."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from falcon.testing import TestClient

    from supportcases.testing import DeskKit


@pytest.fixture
def support_desk() -> Iterator["DeskKit"]:
    """A support desk in memory, with a clock that the test moves, and the same ids and keys every run."""
    from supportcases.testing import support_desk

    with support_desk() as desk:
        yield desk


@pytest.fixture
def support_client(support_desk: "DeskKit") -> "TestClient":
    """A client of `support_desk`, in this process, with a key of the store acme."""
    return support_desk.client("acme")


@pytest.fixture
def support_server(support_desk: "DeskKit") -> Iterator[str]:
    """The URL at which `support_desk` is served, on a free port of this machine."""
    with support_desk.serve() as url:
        yield url
