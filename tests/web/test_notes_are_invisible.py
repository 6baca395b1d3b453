"""A merchant notices nothing of an internal note: every answer, byte for byte and header for header, before and after.

Nor of anything else that the support team keeps to itself: assignments, history, revisions.
"""

import itertools
from datetime import timedelta
from uuid import uuid4

import pytest

from supportcases import SqliteRepository, create_app
from supportcases.testing import MovableClock, numbered_ids
from tests.conftest import ACME, ADA, CASES, GLOBEX, call, client_of, support_client_of

BODY = "The checkout shows a blank page."
WORDS = "Kassandra suspects fraud"
CASE_IDS = {n: f"0191abc0-0000-7000-8000-{2 * n - 1:012x}" for n in range(1, 6)}  # each case takes two ids


@pytest.fixture
def app(repository, clock):
    """Acme has five cases: 1 and 2 open, 3 answered, 4 closed, 5 reopened; three share a moment."""
    app = create_app(repository, clock=clock, new_id=numbered_ids())
    for n in range(1, 6):
        severity = ["low", "normal", "high", "critical"][n % 4]
        app.desk.open(ACME, body=BODY, subject=f"Blank page {n}", author="Grace", severity=severity)
    clock.advance(minutes=1)
    app.desk.answer(ADA, "acme:3", body="Which browser?")
    app.desk.answer(ADA, "acme:4", body="Fixed.", close=True)
    clock.advance(minutes=1)
    app.desk.close(ACME, 5)
    app.desk.reopen(ACME, 5)
    app.desk.open(GLOBEX, body=BODY, subject="theirs")
    return app


def queries():
    """Return every combination of the list's filters, its pages, and searches for what a note says."""
    statuses = [None, "all", "open", "answered", "closed"]
    severities = [None, "all", "critical", "high", "normal", "low"]
    texts = [None, "blank", "3", "%23000003", WORDS.replace(" ", "+"), "Kassandra", "kassandra", "fraud", "Ada", "note"]
    for status, severity, text in itertools.product(statuses, severities, texts):
        named = {"status": status, "severity": severity, "query": text}
        yield "&".join(f"{name}={value}" for name, value in named.items() if value)
    for limit, offset in itertools.product((1, 2, 5, 100), range(7)):
        yield f"limit={limit}&offset={offset}"
    yield from ("limit=0", "offset=-1", "status=noted", "internal=true", "assignee=Ada", "sort=waiting", "cursor=x")


def requests():
    """Return (method, path, query, document) of every request of a merchant that changes nothing."""
    for query in queries():
        yield "GET", CASES, query, None
    yield "HEAD", CASES, "", None
    yield "OPTIONS", CASES, "", None
    yield "POST", CASES, "", b"{}"
    for number, case_id in CASE_IDS.items():
        forms = [case_id, case_id.upper(), f"{number}", f"{number:06}", f"#{number}", f"#{number:06}"]
        for form, method in itertools.product(forms, ["GET", "HEAD", "OPTIONS"]):
            yield method, f"{CASES}/{form}", "", None
        still = {1: "open", 2: "open", 4: "closed", 5: "open"}.get(number)
        if still:
            yield "PATCH", f"{CASES}/{number}", "", f'{{"status": "{still}"}}'.encode()
        yield "PATCH", f"{CASES}/{number}", "", b'{"status": "answered"}'
        yield "POST", f"{CASES}/{number}/messages", "", b"{}"
        yield "GET", f"{CASES}/{number}/messages", "", None
        yield "GET", f"{CASES}/{number}/history", "", None
        yield "GET", f"{CASES}/{number}/notes", "", None
    for missing in ("6", "99", "acme:1", WORDS, *(f"0191abc0-0000-7000-8000-{n:012x}" for n in range(11, 60))):
        yield "GET", f"{CASES}/{missing}", "", None
    for path in ("cases", "cases/acme:1", "cases/acme:1/messages", "cases/acme:1/history", "stats", "stores"):
        yield "GET", f"/api/v1/support/{path}", "", None


def everything(app, key):
    """Return every answer that a merchant can get without changing anything, by what was asked."""
    answers = {}
    for method, path, query, document in requests():
        head = {"HTTP_AUTHORIZATION": f"Bearer {key}", "HTTP_X_REQUEST_ID": "same", "QUERY_STRING": query}
        if document:
            head |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(document))}
        answers[method, path, query, document] = call(app, method, path, document or b"", **head)
    return answers


def notes(app, how):
    """Write notes, of every kind, on every case of acme."""
    said = []
    for number, kind in itertools.product(range(1, 6), ["support", "elliot", "system"]):
        document = {"body": WORDS, "kind": kind, "internal": True, "author": "Kassandra"}
        said.append(how.simulate_post(f"/api/v1/support/cases/acme:{number}/messages", json=document))
    assert {answer.status_code for answer in said} == {201}
    return said


def test_no_answer_to_a_merchant_changes_by_a_note(app, clock):
    ada = support_client_of(app)
    key, _ = app.keys.create("acme")
    before = everything(app, key)
    statuses = {answer.status for answer in before.values()}
    assert statuses == {200, 400, 404, 405}
    clock.advance(hours=1)
    notes(app, ada)
    clock.advance(hours=1)
    after = everything(app, key)
    assert [asked for asked in before if before[asked] != after[asked]] == []
    assert {len(app.desk.get(ADA, f"acme:{number}").messages) for number in range(1, 6)} == {4, 5}


def test_no_answer_to_a_merchant_changes_by_an_assignment_or_a_question_of_the_support_team(app, clock):
    ada = support_client_of(app)
    key, _ = app.keys.create("acme")
    before = everything(app, key)
    clock.advance(hours=1)
    for number in range(1, 6):
        path = f"/api/v1/support/cases/acme:{number}"
        assert ada.simulate_patch(path, json={"assignee": "me"}).status_code == 200
        for tail in ("", "/history"):
            assert ada.simulate_get(f"{path}{tail}").status_code == 200
    for path in ("cases", "stats", "stores"):
        assert ada.simulate_get(f"/api/v1/support/{path}").status_code == 200
    after = everything(app, key)
    assert [asked for asked in before if before[asked] != after[asked]] == []


def test_no_answer_to_a_merchant_has_a_tag_or_a_date_or_a_name_of_the_support_side(app):
    ada = support_client_of(app)
    key, _ = app.keys.create("acme")
    notes(app, ada)
    for asked, answer in everything(app, key).items():
        assert not answer.headers.keys() & {"etag", "last-modified", "date", "age", "vary"}, asked
        for word in (b"internal", b"waitingSince", b"assignee", b'"store"', b"Kassandra", b"revision", b"nextCursor"):
            assert word not in answer.body or asked[1].endswith(WORDS), asked


def conversation(path, with_notes):
    """Return all that a merchant is told in a case's life, with or without notes between any two of its steps."""
    clock = MovableClock()
    ids = numbered_ids()
    repository = SqliteRepository(path)
    app = create_app(repository, clock=clock, new_id=lambda: ids())
    merchant, ada, key = client_of(app, "acme"), support_client_of(app), app.keys.create("acme")[0]
    heard = []

    def note():
        nonlocal ids
        if with_notes:
            public, ids = ids, uuid4
            document = {"body": WORDS, "internal": True}
            assert ada.simulate_post("/api/v1/support/cases/acme:1/messages", json=document).status_code == 201
            ids = public

    def told(answer):
        heard.append((answer.status_code, answer.content, dict(answer.headers)))
        note()
        clock.advance(minutes=1)
        heard.extend((a.status, a.headers, a.body) for a in everything(app, key).values())

    told(merchant.simulate_post(CASES, json={"body": BODY}))
    told(merchant.simulate_post(f"{CASES}/1/messages", json={"body": "Anything new?"}))
    app.desk.answer(ADA, "acme:1", body="Which browser?")
    note()
    told(merchant.simulate_post(f"{CASES}/1/messages", json={"body": "Firefox."}, headers={"Idempotency-Key": "k"}))
    told(merchant.simulate_post(f"{CASES}/1/messages", json={"body": "Firefox."}, headers={"Idempotency-Key": "k"}))
    told(merchant.simulate_patch(f"{CASES}/1", json={"status": "closed"}))
    told(merchant.simulate_patch(f"{CASES}/1", json={"status": "closed"}))
    told(merchant.simulate_patch(f"{CASES}/1", json={"status": "open"}))
    app.desk.answer(ADA, "acme:1", body="Fixed.", close=True)
    note()
    told(merchant.simulate_post(f"{CASES}/1/messages", json={"body": "Thanks."}))
    told(merchant.simulate_post(CASES, json={"body": BODY}))
    repository.close()
    return heard


def test_a_whole_life_with_notes_between_all_its_steps_sounds_like_one_without():
    without, with_notes = conversation(":memory:", False), conversation(":memory:", True)
    assert len(without) == len(with_notes)
    assert [n for n, pair in enumerate(zip(without, with_notes, strict=True)) if pair[0] != pair[1]] == []


@pytest.mark.parametrize("number", [1, 3, 4])
def test_a_note_leaves_the_case_s_row_as_it_is(app, repository, clock, number):
    def row():
        with repository.read() as transaction:
            sql = f"SELECT * FROM supportcases_cases WHERE store = 'acme' AND number = {number}"
            return transaction.connection.execute(sql).fetchone()

    before = row()
    clock.advance(hours=1)
    app.desk.note(ADA, f"acme:{number}", body=WORDS)
    assert row() == before


def test_a_note_does_not_move_the_clock_of_a_case(app, clock):
    """A note from an hour in which the clock was wrong must not shine through in a merchant's times."""
    clock.advance(hours=5)
    app.desk.note(ADA, "acme:1", body=WORDS)
    clock.advance(hours=-5)
    clock.advance(minutes=1)
    said = app.desk.reply(ACME, 1, body="Anything new?")
    assert said.message.created_at == said.case.last_activity_at == clock.now


def test_a_note_does_not_put_off_that_a_quiet_case_closes(app, clock):
    clock.advance(days=13)
    app.desk.note(ADA, "acme:3", body=WORDS)
    clock.advance(days=1)
    assert [case.number for case in app.desk.idle(ADA, answered_for=timedelta(days=14))] == [3]


# -- the time that it takes -------------------------------------------------------------------------------------------


MERCHANT_REQUESTS = [
    ("GET", CASES, {}),
    ("GET", CASES, {"params": {"query": "Kassandra", "status": "open", "severity": "low"}}),
    ("GET", f"{CASES}/1", {}),
    ("GET", f"{CASES}/{CASE_IDS[1]}", {}),
    ("GET", f"{CASES}/99", {}),
    ("PATCH", f"{CASES}/1", {"json": {"status": "open"}}),
    ("PATCH", f"{CASES}/1", {"json": {"status": "closed"}}),
    ("PATCH", f"{CASES}/1", {"json": {"status": "open"}}),
    ("POST", f"{CASES}/1/messages", {"json": {"body": "Anything new?"}}),
    ("POST", f"{CASES}/1/messages", {"json": {"body": "Really?"}, "headers": {"Idempotency-Key": "k"}}),
    ("POST", CASES, {"json": {"body": BODY}}),
]


def work_of(notes):
    """Return the statements of a merchant's requests, without their values, and how many steps SQLite took for each."""
    statements, steps = [], [0]
    repository = SqliteRepository(":memory:", trace=statements.append)
    app = create_app(repository, clock=MovableClock(), new_id=numbered_ids())
    merchant = client_of(app, "acme")
    app.desk.open(ACME, body=BODY)
    app.desk.open(ACME, body=BODY)  # whose messages end the search in the index as notes would
    with repository.write() as transaction:
        for _ in range(notes):
            app.desk.note(ADA, "acme:1", body=WORDS)
        connection = transaction.connection
    work = []
    for method, path, how in MERCHANT_REQUESTS:
        statements.clear()
        steps[0] = 0
        connection.set_progress_handler(lambda: steps.__setitem__(0, steps[0] + 1), 1)
        answer = merchant.simulate_request(method, path, **how)
        connection.set_progress_handler(None, 0)
        assert answer.status_code in {200, 201, 404}
        work.append((method, path, len(statements), steps[0]))
    repository.close()
    return work


def test_a_thousand_notes_cost_a_merchant_not_one_statement_and_not_one_step_of_sqlite():
    few, many = work_of(0), work_of(1000)
    assert [request[:3] for request in many] == [request[:3] for request in few]
    assert [request[3] for request in many] == [request[3] for request in few]


def thread_query():
    """Return the statement that a merchant's request reads the thread with, as the product writes it."""
    statements = []
    repository = SqliteRepository(":memory:", trace=statements.append)
    app = create_app(repository, clock=MovableClock(), new_id=numbered_ids())
    app.desk.open(ACME, body=BODY)
    statements.clear()
    client_of(app, "acme").simulate_get(f"{CASES}/1")
    (statement,) = [s for s in statements if "supportcases_messages" in s]
    repository.close()
    return statement


def test_the_thread_s_query_does_not_even_pass_over_notes(repository):
    with repository.read() as transaction:
        plan = transaction.connection.execute(f"EXPLAIN QUERY PLAN {thread_query()}").fetchall()
    case, messages = (row[3] for row in plan)
    assert case.startswith("SEARCH c USING INDEX")
    index = "supportcases_messages_by_case (store=? AND case_id=? AND internal=?)"
    assert messages.removesuffix(" LEFT-JOIN") == f"SEARCH m USING INDEX {index}"


def test_no_merchant_s_statement_reads_the_history_or_the_queue():
    statements = []
    repository = SqliteRepository(":memory:", trace=statements.append)
    traced = create_app(repository, clock=MovableClock())
    merchant = client_of(traced, "acme")
    traced.desk.open(ACME, body=BODY)
    statements.clear()
    for method, path, how in MERCHANT_REQUESTS:
        merchant.simulate_request(method, path, **how)
    repository.close()
    for statement in statements:
        assert "supportcases_events" not in statement or statement.split()[0] == "INSERT"
        assert "assignee" not in statement.partition("WHERE")[2]
