"""What this machine lacks, which no receiver is blamed for."""

import errno
import os

import pytest

from supportcases.webhooks.deadline import NotTried
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.worker import Worker
from tests.conftest import ACME
from tests.support.desks import BODY
from tests.webhooks.test_delivering import LOOPBACK, desk, endpoint, log_of

__all__ = ["desk", "endpoint"]


@pytest.mark.parametrize("lacking", [errno.EMFILE, errno.EADDRNOTAVAIL])
def test_what_this_machine_lacks_is_no_failure_of_the_receiver(desk, endpoint, lacking):
    def connect(*_):
        raise OSError(lacking, os.strerror(lacking))

    webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
    desk.open(ACME, body=BODY)
    poor = Worker(desk.repository, Sender(LOOPBACK, connect=connect))
    for _ in range(2):  # nobody has to wait for a lease
        with pytest.raises(NotTried, match=rf"^This machine can make no connection: {os.strerror(lacking)}\.$"):
            poor.deliver_due()
    assert log_of(desk, webhook) == []
    assert Worker(desk.repository, Sender(LOOPBACK)).deliver_due() == 1
    assert endpoint.types == ["opened"]
