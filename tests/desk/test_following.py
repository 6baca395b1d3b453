"""Whoever follows the feed while others write is told all of it, in order and once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from dev.torture.feed import compared, write
from supportcases import SupportDesk
from supportcases.storage.open import open_repository

WRITERS, EVENTS = 4, 30


def test_each_side_is_told_all_that_four_write_meanwhile(db):
    with closing(open_repository(db)) as repository, ThreadPoolExecutor(WRITERS) as threads:

        def writing():
            return sum(threads.map(write, [db] * WRITERS, range(WRITERS), [EVENTS] * WRITERS))

        kept, told, _, faults = compared(SupportDesk(repository), writing)
    assert faults == []
    assert told > kept >= WRITERS * EVENTS
