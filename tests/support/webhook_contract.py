"""What every repository must do of webhooks' endpoints and of what is delivered to them."""

from datetime import timedelta

import pytest

from supportcases.domain.endpoints import NOBODY, Delivery, Progress, Secrets, Turn, Webhook
from tests.support.rows import LATE, T0, a_case, an_entry, id_of, kept

LEASE = "one for all: each endpoint is told from the others by its id"
STORES = {"acme": "acme", "globex": "globex", "desk": None}
DAY = timedelta(days=1)


def an_endpoint(of: str = "acme", **changes) -> Webhook:
    made = Webhook(id_of(1, of, "3"), STORES[of], "https://a.example.com/", None, None, True, None, T0)
    return made._replace(**changes)


OURS = an_endpoint().id
TURN = Turn(an_endpoint(), Secrets("whsec_acme"), Progress((0, 9)), LEASE)
CHANGES = {
    "update": lambda t: t.webhooks.update(an_endpoint(url="https://b.example.com/")),
    "rotate": lambda t: t.webhooks.rotate(OURS, Secrets("whsec_new", "whsec_acme", LATE)),
    "go_on": lambda t: t.webhooks.go_on(OURS),
    "remove": lambda t: t.webhooks.remove(OURS),
    "take_turn": lambda t: t.webhooks.take_turn(OURS, LATE, LATE + DAY, "another"),
    "keep_turn": lambda t: t.webhooks.keep_turn(TURN, LATE + DAY),
    "end_turn": lambda t: t.webhooks.end_turn(TURN),
    "disable": lambda t: t.webhooks.disable(OURS, "It has failed for days."),
    "finish": lambda t: t.deliveries.finish(a_delivery(finished_at=LATE, status=200, milliseconds=7)),
}


def a_delivery(of: str = "acme", **changes) -> Delivery:
    return Delivery(1, an_endpoint(of).id, "test", id_of(1, of), "webhook.test", 1, T0)._replace(**changes)


def rows_of(repository, of: str) -> list[tuple]:
    with repository.read() as transaction:
        return [
            transaction.connection.execute(f"SELECT * FROM supportcases_{table} = '{an_endpoint(of).id}'").fetchall()
            for table in ("webhooks WHERE id", "deliveries WHERE webhook_id")
        ]


class WebhookContract:
    """Subclasses give the fixture `repository`."""

    @pytest.fixture
    def served(self, repository):
        """One with an endpoint of each that is failing, is served, and has a delivery that waits."""
        with repository.write() as transaction:
            for of in STORES:
                endpoint = an_endpoint(of)
                transaction.webhooks.add(endpoint, Secrets(f"whsec_{of}"), Progress((0, 0), 3, T0))
                transaction.webhooks.take_turn(endpoint.id, T0, LATE, LEASE)
                transaction.deliveries.add(a_delivery(of))
        return repository

    @pytest.mark.parametrize("name", CHANGES)
    def test_whatever_becomes_of_an_endpoint_no_other_is_touched(self, served, name):
        before = {of: rows_of(served, of) for of in STORES}
        with served.write() as transaction:
            CHANGES[name](transaction)
        assert [of for of in STORES if rows_of(served, of) != before[of]] == ["acme"]

    def test_what_is_asked_of_an_endpoint_is_told_of_no_other(self, served):
        with served.write() as transaction:
            transaction.deliveries.add(a_delivery("globex"))
        with served.read() as transaction:
            webhooks, deliveries = transaction.webhooks, transaction.deliveries
            for of in STORES:
                asked, count = an_endpoint(of).id, 2 if of == "globex" else 1
                assert webhooks.find(asked, None) == an_endpoint(of)
                assert webhooks.secrets(asked) == Secrets(f"whsec_{of}")
                assert deliveries.find(asked, 1) == deliveries.due(asked, T0, by_hand=True) == a_delivery(of)
                assert deliveries.waiting(asked) == deliveries.by_hand_since(asked, T0) == count
                assert len(deliveries.page(asked, before=None, limit=9)) == count
            assert deliveries.tally(T0).waiting == 4

    def test_the_endpoint_of_a_store_waits_for_its_own_events_and_deliveries_alone(self, repository):
        kept(repository, a_case(1))
        with repository.write() as transaction:
            transaction.events.record(a_case(1), an_entry())
            for of in ("acme", "globex"):
                transaction.webhooks.add(an_endpoint(of), Secrets(f"whsec_{of}"), Progress((0, 0)))
        with repository.write() as transaction:
            assert transaction.deliveries.tally(T0).behind == 1
            assert transaction.webhooks.with_work(T0, NOBODY) == OURS
            transaction.webhooks.take_turn(OURS, T0, LATE, LEASE)
            transaction.deliveries.add(a_delivery())
            assert transaction.webhooks.with_work(T0, NOBODY) is None
