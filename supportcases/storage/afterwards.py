"""What waits for a commit: actions that are done once all that was written is kept."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

Action = Callable[[], object]


class Waiting(Protocol):
    """What of a thread waits, while actions of an earlier commit are done."""

    afterwards: deque[Action] | None


def do(actions: Iterable[Action], thread: Waiting) -> None:
    """Do what waited for a commit, in the order of the commits: what an action itself writes is heard after it."""
    if thread.afterwards is not None:
        thread.afterwards.extend(actions)
        return
    thread.afterwards = waiting = deque(actions)
    try:
        while waiting:
            waiting.popleft()()
    finally:
        thread.afterwards = None
