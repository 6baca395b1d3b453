"""What most tests of the desk begin with."""

import pytest

from supportcases import Status
from tests.conftest import ACME, ADA
from tests.support.desks import BODY


@pytest.fixture
def case(desk, clock):
    """An open case of acme; a minute has passed since."""
    case = desk.open(ACME, body=BODY)
    clock.advance(minutes=1)
    return case


@pytest.fixture(params=Status)
def in_any_status(request, desk, case, clock):
    """The case in each status in turn, assigned to Zoë; a minute has passed since."""
    desk.change(ADA, "acme:1", status=request.param, assignee="Zoë")
    clock.advance(minutes=1)
    return desk.find(ADA, "acme:1")
