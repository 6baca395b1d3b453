"""A merchant notices nothing of what the support team keeps to itself: each answer byte for byte, and the work for it.

That is notes, what is taken out of them, holds, assignments, triage's questions, history, revisions, and what the
desk's own webhook is told of them.
"""

import itertools
from uuid import UUID, uuid4

from supportcases import SqliteRepository, create_app
from supportcases.testing import MovableClock, numbered_ids
from supportcases.webhooks.sending import Outcome
from supportcases.webhooks.worker import Worker
from tests.conftest import ACME, ADA, CASES, SUPPORT, call, client_of, support_client_of
from tests.support.webhooks import OURS, THEIRS, URL

BODY = "The checkout shows a blank page."
WORDS = "Kassandra suspects fraud"
CASE_IDS = {n: f"0191abc0-0000-7000-8000-{n:012x}" for n in range(1, 60)}
CASE = f"{SUPPORT}/cases/acme:1"
HOOK = "0191abc0-0000-7000-8000-0000000000ff"


def queries():
    """Return every combination of the list's filters, its pages, and searches for what a note says."""
    statuses = [None, "all", "open", "answered", "closed"]
    severities = [None, "all", "critical", "high", "normal", "low"]
    texts = [None, "blank", "1", "%23000001", WORDS.replace(" ", "+"), "Kassandra", "kassandra", "fraud", "Ada", "note"]
    for status, severity, text in itertools.product(statuses, severities, texts):
        named = {"status": status, "severity": severity, "query": text}
        yield "&".join(f"{name}={value}" for name, value in named.items() if value)
    for limit, offset in itertools.product((1, 2, 100), range(4)):
        yield f"limit={limit}&offset={offset}"
    yield from (
        "limit=0",
        "offset=-1",
        "status=noted",
        "internal=true",
        "assignee=Ada",
        "sort=waiting",
        "cursor=x",
        "excerpts=true",
    )


def requests():
    """Return (method, path, query, document) of every request of a merchant that changes nothing."""
    for query in queries():
        yield "GET", CASES, query, b""
    for method, document in (("HEAD", b""), ("OPTIONS", b""), ("POST", b"{}")):
        yield method, CASES, "", document
    for name, method in itertools.product(["1", "000001", "#1", "#000001", "2", "9"], ["GET", "HEAD", "OPTIONS"]):
        yield method, f"{CASES}/{name}", "", b""
    for name in (*CASE_IDS.values(), *map(str.upper, CASE_IDS.values()), "acme:1", WORDS):
        yield "GET", f"{CASES}/{name}", "", b""
    yield "PATCH", f"{CASES}/1", "", b'{"status": "answered"}'
    yield "POST", f"{CASES}/1/messages", "", b"{}"
    for tail in ("messages", "history", "notes"):
        yield "GET", f"{CASES}/1/{tail}", "", b""
    for query in ("", "limit=1", "limit=3", "after=latest", "after=start", "store=acme"):
        yield "GET", f"{CASES}/events", query, b""
    for path in (OURS, f"{OURS}/{HOOK}", f"{OURS}/{HOOK}/deliveries"):
        yield "GET", path, "", b""
    for path in ("cases", "cases/acme:1", "cases/acme:1/messages", "cases/acme:1/history", "stats", "stores", "events"):
        yield "GET", f"{SUPPORT}/{path}", "", b""


def everything(app, key):
    """Return what a merchant is told who asks all that changes nothing."""
    for method, path, query, document in requests():
        head = {"HTTP_AUTHORIZATION": f"Bearer {key}", "HTTP_X_REQUEST_ID": "same", "QUERY_STRING": query}
        if document:
            head |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(document))}
        yield (method, path, query), call(app, method, path, document, **head)


def in_secret(ada, kind):
    """Do everything for case 1 of which no merchant may notice anything."""
    note = {"body": WORDS, "internal": True, "kind": kind, "author": "Kassandra"}
    noted = ada.simulate_post(f"{CASE}/messages", json=note)
    assert noted.status_code == 201
    gone = {"message": noted.json["message"]["id"], "reason": "mistake"}
    assert ada.simulate_post(f"{CASE}/redactions", json=gone).status_code == 201
    held = [call(f"{CASE}/hold").status_code for call in (ada.simulate_put, ada.simulate_delete)]
    assert held == [200, 204]
    assert {ada.simulate_patch(CASE, json={"assignee": name}).status_code for name in ("Bob", "me")} == {200}
    whole = next((hook for hook in ada.simulate_get(THEIRS).json["data"] if hook["store"] is None), None)
    whole = whole or ada.simulate_post(THEIRS, json={"url": URL}).json
    assert ada.simulate_post(f"{THEIRS}/{whole['id']}/test").status_code == 202
    for path in (CASE, f"{CASE}/history", f"{SUPPORT}/cases", f"{SUPPORT}/stats", f"{SUPPORT}/stores"):
        assert ada.simulate_get(path).status_code == 200


class Sender:
    """Reaches every receiver."""

    def send(self, url, body, headers):
        return Outcome(200, None, 5)


def conversation(*, with_secrets):
    """Return all that a merchant is told in a case's life, with or without secrets between any two of its steps."""
    clock, ids, kinds = MovableClock(), numbered_ids(), itertools.cycle(["support", "elliot", "system"])
    app = create_app(":memory:", clock=clock, new_id=lambda: ids())
    merchant, ada, key = client_of(app, "acme"), support_client_of(app), app.keys.create("acme")[0]
    heard = []
    public, ids = ids, lambda: UUID(HOOK)
    app.desk.add_webhook(ACME, url=URL)
    ids = public
    worker = Worker(app.desk.repository, Sender(), clock=clock)

    def told(answer=None):
        nonlocal ids
        if answer:
            heard.append(("a change", (answer.status_code, answer.content, dict(answer.headers))))
        if with_secrets:
            public, ids = ids, uuid4
            in_secret(ada, next(kinds))
            ids = public
        clock.advance(minutes=1)
        worker.deliver_due()
        heard.extend(everything(app, key))

    told(merchant.simulate_post(CASES, json={"body": BODY}))
    app.desk.answer(ADA, "acme:1", body="Which browser?")
    told()
    reply = {"json": {"body": "Firefox."}, "headers": {"Idempotency-Key": "k"}}
    for _ in range(2):
        told(merchant.simulate_post(f"{CASES}/1/messages", **reply))
    for status in ("closed", "closed", "open"):
        told(merchant.simulate_patch(f"{CASES}/1", json={"status": status}))
    app.desk.answer(ADA, "acme:1", body="Fixed.", close=True)
    told()
    told(merchant.simulate_post(f"{CASES}/1/messages", json={"body": "Thanks."}))
    told(merchant.simulate_post(CASES, json={"body": BODY}))
    assert len(app.desk.get(ADA, "acme:1").messages) == (15 if with_secrets else 5)
    assert [delivery.id for delivery in app.desk.deliveries(ACME, HOOK).deliveries] == list(range(9, 0, -1))
    return heard


def test_a_whole_life_with_secrets_between_all_its_steps_sounds_like_one_without():
    without, with_secrets = conversation(with_secrets=False), conversation(with_secrets=True)
    assert [a[0] for a, b in zip(without, with_secrets, strict=True) if a != b] == []
    assert {answer[0] for _, answer in without} == {200, 201, 400, 404, 405}


def test_a_note_does_not_move_the_clock_of_a_case(app, clock):
    """A note from an hour in which the clock was wrong must not shine through in a merchant's times."""
    app.desk.open(ACME, body=BODY)
    clock.advance(hours=5)
    app.desk.note(ADA, "acme:1", body=WORDS)
    clock.advance(hours=-5)
    clock.advance(minutes=1)
    said = app.desk.reply(ACME, 1, body="Anything new?")
    assert said.message.created_at == said.case.last_activity_at == clock.now


# the time that it takes


MERCHANT_REQUESTS = [
    ("GET", CASES, {}),
    ("GET", CASES, {"params": {"query": "Kassandra", "status": "open", "severity": "low"}}),
    ("GET", f"{CASES}/1", {}),
    ("GET", f"{CASES}/{CASE_IDS[1]}", {}),
    ("GET", f"{CASES}/99", {}),
    ("GET", f"{CASES}/events", {}),
    ("GET", f"{CASES}/events", {"params": {"after": "latest"}}),
    ("GET", OURS, {}),
    ("PATCH", f"{CASES}/1", {"json": {"status": "open"}}),
    ("PATCH", f"{CASES}/1", {"json": {"status": "closed"}}),
    ("PATCH", f"{CASES}/1", {"json": {"status": "open"}}),
    ("POST", f"{CASES}/1/messages", {"json": {"body": "Anything new?"}}),
    ("POST", f"{CASES}/1/messages", {"json": {"body": "Really?"}, "headers": {"Idempotency-Key": "k"}}),
    ("POST", CASES, {"json": {"body": BODY}}),
]


def work_of(notes):
    """Return how many statements each of a merchant's requests takes, and how many steps of SQLite."""
    statements, steps = [], [0]
    repository = SqliteRepository(":memory:", trace=statements.append)
    app = create_app(repository, clock=MovableClock(), new_id=numbered_ids())
    merchant = client_of(app, "acme")
    app.desk.open(ACME, body=BODY)
    app.desk.open(ACME, body=BODY)  # whose messages end the search in the index as notes would
    app.desk.add_webhook(ACME, url=URL)
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
    assert work_of(1000) == work_of(0)
