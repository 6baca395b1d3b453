"""Requests go one after the other, and the turn of a slow one passes on."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from supportcases.server import turns
from supportcases.server.turns import LONGEST, Turns


@pytest.fixture
def now(monkeypatch):
    """Let the clock stand still; return its only reading."""
    reading = [100.0]
    monkeypatch.setattr(turns, "ticks", lambda: reading[0])
    return reading


def test_one_goes_after_the_other(now):
    gate, going, most = Turns(), [], []

    def go(number):
        turn = gate.take()
        going.append(number)
        most.append(len(going))
        going.remove(number)
        turn.release()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(go, range(500)))

    assert (len(most), max(most)) == (500, 1)


def test_a_slow_one_lets_the_next_go_which_has_a_turn_of_its_own(now):
    gate = Turns()
    slow = gate.take()
    now[0] += LONGEST

    following = gate.take()
    assert following is not slow
    with ThreadPoolExecutor(1) as threads:
        third = threads.submit(gate.take)
        following.release()
        assert third.result(timeout=30) is following
    slow.release()
