"""Ports for servers that must be told one."""

import itertools
import os
import random
import socket
from contextlib import suppress

# below those that the system gives to clients, or one of them could take it before the server does
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
OURS = range(10_000 + WORKER, 32_000, 64)
PORTS = itertools.cycle(random.sample(OURS, len(OURS)))


def free_port() -> int:
    """Return a port that nobody listens on, and that no other worker of this run returns."""
    for port in PORTS:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError
