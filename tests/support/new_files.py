"""New files of SQLite, which begin as a copy of an empty one in this process: to make one takes eight times as long."""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from supportcases import SqliteRepository

MAKING = Path(__file__).parents[1] / "storage"  # where tests look at how a file is made


@cache
def empty_file() -> bytes:
    """Return what the first start makes of a new file."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "empty.db")
        SqliteRepository(file).close()
        return file.read_bytes()


@pytest.fixture
def new_files_are_copies(monkeypatch):
    make, content = SqliteRepository._make, empty_file()

    def copy(repository: SqliteRepository, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        except OSError:
            make(repository, path)  # which tells of it, or takes what another one has made
        else:
            with open(descriptor, "wb") as file:
                file.write(content)

    monkeypatch.setattr(SqliteRepository, "_make", copy)


@pytest.fixture(autouse=True)
def _new_files(request):
    if not request.path.is_relative_to(MAKING):
        request.getfixturevalue("new_files_are_copies")
