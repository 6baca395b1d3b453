"""How many SQL statements a request takes: the same few, however much is kept."""

import pytest

from supportcases import SqliteRepository, create_app
from tests.conftest import ACME, CASES, client_of

BODY = "The checkout says that the card was declined."


@pytest.fixture
def traced(clock):
    statements = []
    repository = SqliteRepository(":memory:", trace=statements.append)
    app = create_app(repository, clock=clock)
    client = client_of(app, "acme")
    yield statements, client, app.desk
    repository.close()


NEW = {"body": BODY}
REQUESTS = {
    "list": (7, "GET", CASES, {}),
    "list with query": (7, "GET", f"{CASES}?query=declined&status=open&severity=normal", {}),
    "list past the end": (7, "GET", f"{CASES}?offset=100000", {}),
    "get by number": (7, "GET", f"{CASES}/1", {}),
    "create": (9, "POST", CASES, {"json": NEW}),
    "create with a key for retries": (17, "POST", CASES, {"json": NEW, "headers": {"Idempotency-Key": "k"}}),
    "reply": (9, "POST", f"{CASES}/1/messages", {"json": NEW}),
    "close": (8, "PATCH", f"{CASES}/1", {"json": {"status": "closed"}}),
    "reopen what is open": (6, "PATCH", f"{CASES}/1", {"json": {"status": "open"}}),
    "get what is not there": (6, "GET", f"{CASES}/100000", {}),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("cases", [1, 200])
def test_a_request_takes_the_same_few_statements_however_much_is_kept(traced, name, cases):
    statements, client, desk = traced
    expected, method, path, how = REQUESTS[name]
    with desk.repository.write():
        for _ in range(cases):
            desk.open(ACME, body=BODY)
        for _ in range(cases):
            desk.reply(ACME, 1, body="Anything new?")
    statements.clear()
    answer = client.simulate_request(method, path, **how)
    assert answer.status_code == {"POST": 201}.get(method, 404 if name == "get what is not there" else 200)
    assert len(statements) == expected, "\n".join(statements)


def test_a_list_and_a_search_read_no_messages(traced):
    statements, client, desk = traced
    desk.open(ACME, body=BODY)
    statements.clear()
    client.simulate_get(CASES, params={"query": "card"})
    assert not any("supportcases_messages" in statement for statement in statements)


@pytest.mark.parametrize("condition", ["", "AND status = 'open'"])
def test_a_page_is_read_from_an_index_without_sorting(repository, condition):
    with repository.read() as transaction:
        plan = transaction.connection.execute(
            f"""
            EXPLAIN QUERY PLAN
            SELECT id
            FROM supportcases_cases
            WHERE store = 'acme' {condition}
            ORDER BY last_activity_at DESC, number DESC
            LIMIT 10
            """
        ).fetchall()
    assert len(plan) == 1
    assert "INDEX supportcases_cases_by_" in plan[0][3]
