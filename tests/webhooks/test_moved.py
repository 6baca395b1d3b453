"""Endpoints whose desk moves into another database: each goes on there where it stood, under the same secret."""

from contextlib import closing

import pytest

from supportcases import SupportDesk, cli
from supportcases.domain.webhooks import Reach
from supportcases.storage.open import open_repository
from supportcases.testing import MovableClock
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.worker import Worker
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY
from tests.support.endpoints import Endpoint
from tests.support.moving import owned_postgres

__all__ = ["owned_postgres"]
LOOPBACK = Reach(http_loopback=True)


@pytest.mark.parametrize("way", ["file to PostgreSQL", "PostgreSQL to file", "file to file"])
def test_an_endpoint_is_told_the_rest_and_nothing_twice(way, owned_postgres, tmp_path, capsys):
    source, target = (
        owned_postgres(name) if engine == "PostgreSQL" else str(tmp_path / f"{name}.db")
        for engine, name in zip(way.split(" to "), ("old", "new"), strict=True)
    )
    clock = MovableClock()

    def opened(place):
        repository = open_repository(place)
        desk = SupportDesk(repository, clock=clock, webhook_reach=LOOPBACK)
        return desk, Worker(repository, Sender(LOOPBACK), clock=clock, chance=lambda: 0.5)

    with Endpoint(200, 200, 500) as of_store, Endpoint() as of_desk:
        desk, worker = opened(source)
        with closing(desk.repository):
            desk.open(GLOBEX, body=BODY)
            made = desk.add_webhook(ACME, url=of_store.url)
            whole = desk.add_webhook(ADA, url=of_desk.url).webhook
            for actor in (ACME, GLOBEX, ACME):
                desk.open(actor, body=BODY)
            desk.note(ADA, "acme:1", body="A secret")
            desk.close(ACME, 1)
            assert worker.deliver_due() == 8
            desk.open(ACME, body=BODY)
            desk.note(ADA, "globex:1", body="Another secret")
        assert cli.main(["move", "--from", source, "--to", target]) == 0
        capsys.readouterr()
        desk, worker = opened(target)
        with closing(desk.repository):
            assert {webhook.id for webhook in desk.webhooks(ADA).webhooks} == {made.webhook.id, whole.id}
            assert len(desk.deliveries(ADA, made.webhook.id).deliveries) == 4
            assert worker.deliver_due() == 3
            clock.advance(seconds=5)
            assert worker.deliver_due() == 1
            desk.test_webhook(ACME, made.webhook.id)
            assert worker.deliver_due() == 1
            assert of_desk.ids == [event.id for event in desk.events(ADA).events][1:]
            events = [event.id for event in desk.events(ACME).events]
            assert of_store.ids[:5] == [*events, events[2]]
