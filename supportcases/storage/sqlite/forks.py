"""What a fork does to the connections of a process: SQLite forbids to carry one into a child."""

import ctypes
import os
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Protocol


class ForkAware(Protocol):
    """What has connections that no child may use."""

    def before_fork(self) -> None:
        """Let nobody but this thread use a connection until after the fork."""

    def after_fork_in_parent(self) -> None:
        """Lend connections again."""

    def after_fork_in_child(self) -> None:
        """Close what is left of the parent's connections."""


_watched: "weakref.WeakValueDictionary[int, ForkAware]" = weakref.WeakValueDictionary()


def watch(connections: ForkAware) -> None:
    """Tell the connections of each fork, for as long as they are there."""
    _watched[id(connections)] = connections


def keep_for_ever(connection: object) -> None:
    """Let nobody close the connection, not even the end of the process.

    To close it would roll back, and tidy up the index of the journal, which the parent that writes shares.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _tell_all(what: Callable[[ForkAware], object]) -> None:
    """Do something with the connections to each file, to the last one, whatever is raised meanwhile."""
    with ExitStack() as each:
        for known in _watched.valuerefs():
            if connections := known():
                each.callback(what, connections)


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(
        before=partial(_tell_all, lambda connections: connections.before_fork()),
        after_in_parent=partial(_tell_all, lambda connections: connections.after_fork_in_parent()),
        after_in_child=partial(_tell_all, lambda connections: connections.after_fork_in_child()),
    )
