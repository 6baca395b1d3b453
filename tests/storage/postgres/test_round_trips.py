"""How often a request waits for the server: the same few times, however much is kept."""

import psycopg
import pytest

from supportcases import create_app
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, CASES, SUPPORT, client_of, support_client_of

BODY = "The checkout says that the card was declined."
NEW = {"json": {"body": BODY}}
RETRIED = {**NEW, "headers": {"Idempotency-Key": "k"}}
REQUESTS = {
    "list": (2, "GET", CASES, {}),
    "list with query": (4, "GET", f"{CASES}?query=declined&status=open", {}),
    "list past the end": (4, "GET", f"{CASES}?offset=100000", {}),
    "get by number": (2, "GET", f"{CASES}/1", {}),
    "get what is not there": (2, "GET", f"{CASES}/100000", {}),
    "create": (7, "POST", CASES, NEW),
    "create with a key for retries": (16, "POST", CASES, RETRIED),
    "reply": (8, "POST", f"{CASES}/1/messages", NEW),
    "close": (6, "PATCH", f"{CASES}/1", {"json": {"status": "closed"}}),
    "team: queue": (5, "GET", f"{SUPPORT}/cases", {}),
    "team: get": (6, "GET", f"{SUPPORT}/cases/acme:1", {}),
    "team: answer": (7, "POST", f"{SUPPORT}/cases/acme:1/messages", NEW),
    "team: views": (6, "GET", f"{SUPPORT}/views", {}),
    "team: stats": (8, "GET", f"{SUPPORT}/stats", {}),
}


@pytest.fixture
def heard(monkeypatch):
    """What psycopg is asked: each time it waits for an answer once."""
    heard = []
    execute = psycopg.Connection.execute

    def listening(self, query, *arguments, **named):
        heard.append(query)
        return execute(self, query, *arguments, **named)

    monkeypatch.setattr(psycopg.Connection, "execute", listening)
    return heard


@pytest.mark.parametrize("cases", [1, 60])
def test_a_request_takes_the_same_few_round_trips_however_much_is_kept(repository, heard, cases):
    clock = MovableClock()
    app = create_app(repository, clock=clock)
    for number in range(1, cases + 1):
        app.desk.open(ACME, body=BODY)
        app.desk.note(ADA, f"acme:{number}", body="I am looking into it.")
    merchant, team = client_of(app, "acme"), support_client_of(app)
    merchant.simulate_get(CASES)  # the server is told once how long a statement may take
    taken = {}
    for name, (_, method, path, how) in REQUESTS.items():
        clock.advance(minutes=1)
        heard.clear()
        answer = (team if name.startswith("team") else merchant).simulate_request(method, path, **how)
        assert answer.status_code == {"POST": 201}.get(method, 404 if "not there" in name else 200), answer.text
        taken[name] = len(heard)
    assert taken == {name: expected for name, (expected, *_) in REQUESTS.items()}
