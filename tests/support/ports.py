"""Ports for servers that must be told one."""

import itertools
import os
import random
import socket
from contextlib import suppress

# below those that the system gives to clients, or one of them could take it before the server does
STEP = 64  # runs at once on one machine begin each somewhere else, and the workers of a run side by side
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
RUN = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID")).randrange(STEP)
OURS = range(10_000 + (RUN + WORKER) % STEP, 32_000, STEP)
PORTS = itertools.cycle(random.sample(OURS, len(OURS)))


def free_port() -> int:
    """Return a port that nobody listens on, and that no other worker of this run returns."""
    for port in PORTS:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError
