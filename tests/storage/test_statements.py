"""How many SQL statements a request takes: the same few, however much is kept."""

import re
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk, create_app
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, CASES, SUPPORT, client_of, support_client_of

BODY = "The checkout says that the card was declined."


@pytest.fixture
def traced(clock):
    statements = []

    def trace(statement):
        # a trigger says again what has set it off, and FTS5 has statements of its own
        if [statement] != statements[-1:] and not re.search(
            "'supportcases_(search|bodies)_|data_version|^--", statement
        ):
            statements.append(statement)

    repository = SqliteRepository(":memory:", trace=trace)
    app = create_app(repository, clock=clock)
    yield statements, app
    repository.close()


NEW = {"body": BODY}
REQUESTS = {
    "list": (2, "GET", CASES, {}),
    "list with filters": (2, "GET", f"{CASES}?status=open&severity=normal", {}),
    "list with query": (7, "GET", f"{CASES}?query=declined&status=open&severity=normal", {}),
    "list past the end": (4, "GET", f"{CASES}?offset=100000", {}),
    "get by number": (2, "GET", f"{CASES}/1", {}),
    "create": (7, "POST", CASES, {"json": NEW}),
    "create with a key for retries": (15, "POST", CASES, {"json": NEW, "headers": {"Idempotency-Key": "k"}}),
    "reply": (8, "POST", f"{CASES}/1/messages", {"json": NEW}),
    "close": (6, "PATCH", f"{CASES}/1", {"json": {"status": "closed"}}),
    "reopen what is open": (4, "PATCH", f"{CASES}/1", {"json": {"status": "open"}}),
    "get what is not there": (2, "GET", f"{CASES}/100000", {}),
}


KEYED = {"headers": {"Idempotency-Key": "k"}}
SUPPORT_REQUESTS = {
    "team: queue": (5, "GET", f"{SUPPORT}/cases", {}),
    "team: queue with filters": (
        12,
        "GET",
        f"{SUPPORT}/cases?query=declined&status=open&store=acme&assignee=none&sort=severity",
        {},
    ),
    "team: queue with excerpts": (6, "GET", f"{SUPPORT}/cases?excerpts=true", {}),
    "team: queue past the end": (4, "GET", f"{SUPPORT}/cases?offset=100000", {}),
    "team: open": (7, "POST", f"{SUPPORT}/cases", {"json": NEW | {"store": "acme"}}),
    "team: open with a key for retries": (15, "POST", f"{SUPPORT}/cases", {"json": NEW | {"store": "acme"}, **KEYED}),
    "team: get by number": (6, "GET", f"{SUPPORT}/cases/acme:1", {}),
    "team: get by id": (7, "GET", f"{SUPPORT}/cases/{{id}}", {}),
    "team: get what is not there": (4, "GET", f"{SUPPORT}/cases/acme:100000", {}),
    "team: change": (11, "PATCH", f"{SUPPORT}/cases/acme:1", {"json": {"severity": "low", "assignee": "me"}}),
    "team: change if it has not moved": (
        12,
        "PATCH",
        f"{SUPPORT}/cases/acme:1",
        {"json": {"status": "closed"}, "headers": {"If-Match": "{etag}"}},
    ),
    "team: change nothing": (9, "PATCH", f"{SUPPORT}/cases/acme:1", {"json": {"status": "open"}}),
    "team: answer": (7, "POST", f"{SUPPORT}/cases/acme:1/messages", {"json": NEW}),
    "team: answer and close": (9, "POST", f"{SUPPORT}/cases/acme:1/messages", {"json": NEW | {"close": True}}),
    "team: answer with a key for retries": (15, "POST", f"{SUPPORT}/cases/acme:1/messages", {"json": NEW, **KEYED}),
    "team: note": (6, "POST", f"{SUPPORT}/cases/acme:1/messages", {"json": NEW | {"internal": True}}),
    "team: history": (6, "GET", f"{SUPPORT}/cases/acme:1/history", {}),
    "team: stats": (7, "GET", f"{SUPPORT}/stats", {}),
    "team: stats of a window": (13, "GET", f"{SUPPORT}/stats?store=acme&createdAfter=2024-01-01", {}),
    "team: views": (6, "GET", f"{SUPPORT}/views", {}),
    "team: stores": (5, "GET", f"{SUPPORT}/stores", {}),
}


def the_desk_is_full(desk, cases: int) -> None:
    with desk.repository.write():
        for _ in range(cases):
            desk.open(ACME, body=BODY)
        for n in range(cases):
            desk.reply(ACME, 1, body="Anything new?")
            desk.note(ADA, f"acme:{n + 1}", body="I am looking into it.")


@pytest.fixture(scope="module", params=[1, 60])
def full(request):
    """A database with so many cases, to be copied."""
    with closing(SqliteRepository(":memory:")) as repository:
        the_desk_is_full(SupportDesk(repository, clock=MovableClock()), request.param)
        yield repository


@pytest.mark.parametrize("name", REQUESTS | SUPPORT_REQUESTS)
def test_a_request_takes_the_same_few_statements_however_much_is_kept(traced, clock, name, full):
    statements, app = traced
    expected, method, path, how = (REQUESTS | SUPPORT_REQUESTS)[name]
    with full.read(once=True) as there, app.desk.repository.read(once=True) as here:
        there.connection.backup(here.connection)
    client = client_of(app, "acme") if name in REQUESTS else support_client_of(app)
    path = path.format(id=app.desk.find(ADA, "acme:1").id)
    if "If-Match" in how.get("headers", {}):
        how = how | {"headers": {"If-Match": f'"{app.desk.revision(ADA, "acme:1")}"'}}
    clock.advance(minutes=1)
    statements.clear()
    answer = client.simulate_request(method, path, **how)
    assert answer.status_code == {"POST": 201}.get(method, 404 if "not there" in name else 200)
    assert len(statements) == expected, "\n".join(statements)


def test_a_reply_writes_only_the_columns_that_it_changes(traced, clock):
    """SQLite would write each index anew of which a column is named, and set off each trigger."""
    statements, app = traced
    app.desk.open(ACME, body=BODY)
    clock.advance(minutes=1)
    statements.clear()
    app.desk.reply(ACME, 1, body="Anything new?")
    (update,) = [statement for statement in statements if statement.strip().startswith("UPDATE")]
    assert re.findall(r"(\w+) = ", update.partition("WHERE")[0]) == ["last_activity_at"]


def test_a_list_and_a_search_read_no_messages(traced):
    statements, app = traced
    app.desk.list(ACME, query="card")
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


def test_a_merchants_thread_is_read_from_the_index_that_passes_notes_by(traced):
    statements, desk = traced[0], traced[1].desk
    the_desk_is_full(desk, 5)
    statements.clear()
    desk.get(ACME, 1)
    (statement,) = [statement for statement in statements if "supportcases_messages" in statement]
    with desk.repository.read() as transaction:
        plan = [row[3] for row in transaction.connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    index = "supportcases_messages_by_case (store=? AND case_id=? AND internal=?)"
    assert [step.removesuffix(" LEFT-JOIN") for step in plan[1:]] == [f"SEARCH m USING INDEX {index}"]


def test_what_is_going_is_found_by_an_index_since_each_announcement_and_each_purge_asks(traced, clock):
    statements, desk = traced[0], traced[1].desk
    statements.clear()
    with desk.repository.read() as transaction:
        transaction.attachments.is_going_elsewhere(clock())
        asked = [statement for statement in statements if "supportcases_attachments" in statement]
        plans = [
            [row[3] for row in transaction.connection.execute(f"EXPLAIN QUERY PLAN {statement}")] for statement in asked
        ]
    assert [plan[0].partition(" (")[0] for plan in plans] == [
        "SCAN a USING INDEX supportcases_attachments_dropped",
        "SEARCH a USING INDEX supportcases_attachments_by_age",
    ]
