"""What `/metrics` asks of SQLite: it reads no more of a large desk than of a small one."""

from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk
from supportcases.desk.figures import figures_of
from tests.conftest import ACME, ADA, GLOBEX

BODY = "The checkout says that the card was declined."
TOLD = "UPDATE supportcases_webhooks SET after_position = (SELECT max(position) FROM supportcases_events)"
LONG_AGO = """
    INSERT INTO supportcases_deliveries (webhook_id, number, kind, event_id, type, attempt, due_at, finished_at, status)
    SELECT w.id, e.position + (SELECT count(*) FROM supportcases_deliveries), 'event', 'x', 'support_case.opened', 1,
           '2024-06-01T10:30:00.000Z', '2024-06-01T10:30:00.000Z', 200
    FROM supportcases_webhooks AS w
    CROSS JOIN supportcases_events AS e
"""


@pytest.fixture
def desk(clock):
    with closing(SqliteRepository(":memory:")) as repository:
        yield SupportDesk(repository, clock=clock)


def grown(desk, clock, cases: int) -> None:
    """Add open cases that wait, closed ones with a file, and tell the webhook of all of it."""
    with desk.repository.write() as transaction:
        for _ in range(cases):
            clock.advance(seconds=1)  # cases that wait since the same moment are looked at together
            desk.open(ACME, body=BODY)
            file = desk.attach(GLOBEX, name="bill.txt", content_type="text/plain", content=b"12 EUR")
            desk.close(ADA, desk.open(GLOBEX, body=BODY, attachments=[file]).id)
        transaction.connection.execute(TOLD)
        transaction.connection.execute(LONG_AGO)


def test_a_large_desk_takes_as_many_steps_as_a_small_one(desk, clock):
    desk.add_webhook(ADA, url="https://shop.example.com/hooks")

    def steps() -> int:
        taken = []
        with desk.repository.read() as transaction:
            transaction.connection.set_progress_handler(lambda: taken.append(None), 1)
            figures = figures_of(desk.repository, clock())
            transaction.connection.set_progress_handler(None, 0)
        assert (figures.deliveries, figures.pending_upload_bytes) == ((0, 0, 0, 0), 0)
        return len(taken)

    grown(desk, clock, 3)
    few = steps()
    assert few < 1_000
    grown(desk, clock, 150)
    assert steps() <= few + 20


def test_whether_an_endpoint_may_be_told_more_is_seen_without_what_it_was_told(desk, clock):
    webhook = desk.add_webhook(ADA, url="https://shop.example.com/hooks").webhook

    def steps() -> int:
        taken = []
        with desk.repository.read() as transaction:
            transaction.connection.set_progress_handler(lambda: taken.append(None), 1)
            assert transaction.deliveries.waiting(webhook.id) == 0
            transaction.connection.set_progress_handler(None, 0)
        return len(taken)

    grown(desk, clock, 1)
    few = steps()
    grown(desk, clock, 30)
    assert steps() == few
