"""What is on the disk when it is kept, and what need not be."""

import pytest

from supportcases import SqliteRepository
from tests.support.rows import a_case, kept

LEVEL = {1: "NORMAL", 2: "FULL"}


def level(transaction) -> str:
    ((level,),) = transaction.connection.execute("PRAGMA synchronous").fetchall()
    return LEVEL[level]


@pytest.fixture
def file(path):
    repository = SqliteRepository(path)
    kept(repository, a_case(1))
    yield repository
    repository.close()


def test_only_what_need_not_last_does_not_wait_for_the_disk(file):
    for lasting, wanted in ((True, "FULL"), (False, "NORMAL"), (True, "FULL")):
        with file.write(lasting=lasting) as transaction:
            assert level(transaction) == wanted
    with file.write() as transaction, file.write(lasting=False):
        assert level(transaction) == "FULL"


def test_after_a_failure_too_the_next_one_lasts(file):
    with pytest.raises(ZeroDivisionError), file.write(lasting=False):
        raise ZeroDivisionError
    with file.write() as transaction:
        assert level(transaction) == "FULL"
