import pytest

from supportcases import create_app
from tests.support.console import Agent


@pytest.fixture
def app(repository, clock):
    """An app with the console, on the database and the clock of the kit."""
    return create_app(repository, clock=clock, console=True)


@pytest.fixture
def support_key(support_desk):
    return support_desk.support_key("Ada")


@pytest.fixture
def agent(app, support_key):
    """Ada, who serves all stores, signed in."""
    return Agent(app, support_key)
