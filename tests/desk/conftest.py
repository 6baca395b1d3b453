"""What most tests of the desk begin with."""

import pytest

from tests.conftest import ACME
from tests.support.desks import BODY


@pytest.fixture
def case(desk, clock):
    """An open case of acme; a minute has passed since."""
    case = desk.open(ACME, body=BODY)
    clock.advance(minutes=1)
    return case
