"""The machine of docs/deploy.md, and the same one with the service running."""

import pytest

from tests.deploy.machine import machine_in


@pytest.fixture
def machine(tmp_path):
    with machine_in(tmp_path) as machine:
        yield machine


@pytest.fixture
def serving(machine):
    """The machine with the unit's command running on it."""
    machine.start()
    return machine
