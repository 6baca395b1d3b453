"""No store sees, changes or even notices another's cases: a walk over the app's own routes, with every name of a case.

A route added later is walked too: without a key it must be 401, and what it says of a foreign case must be what it
says of one that never was. A route that the walk does not know how to call fails the test.
"""

import hashlib
import json

import falcon
import pytest
from falcon.inspect import inspect_app

from supportcases import create_app
from tests.conftest import ACME, ADA, CASES, GLOBEX, call, numbered_ids

OPEN_TO_ALL = {"/healthz", "/openapi.json"}
DOCUMENTS = {"POST": {"body": "Let me in, please."}, "PATCH": {"status": "closed"}}
BODILESS = {"GET", "HEAD", "OPTIONS", "DELETE"}
SECRETS = [b"victim", b"blank page", b"Which browser", b"Grace"]
MISSING_UUID = "0191abc0-0000-7000-8000-00000000ffff"


@pytest.fixture
def app(repository, clock):
    """Acme has twelve cases, of which 10 is open, 11 answered and 12 closed; globex has one, so that 10 is not its."""
    app = create_app(repository, clock=clock, new_id=numbered_ids())
    for _ in range(12):
        app.desk.open(ACME, body="The checkout shows a blank page.", subject="victim of 1042", author="Grace")
    app.desk.answer(ADA, "acme:11", body="Which browser?")
    app.desk.close(ACME, 12)
    app.desk.open(GLOBEX, body="Something of our own.", subject="ours")
    return app


def rows(app, store):
    """Return a hash of every row of the store in every table that has stores."""
    with app.desk.repository.read() as transaction:
        sql = transaction.connection.execute
        tables = [name for (name,) in sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        tables = [t for t in tables if "store" in {row[1] for row in sql(f"PRAGMA table_info({t})")}]
        assert len(tables) >= 4
        found = [(t, sorted(map(repr, sql(f"SELECT * FROM {t} WHERE store = ?", (store,))))) for t in tables]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def routes(app):
    """Return (method, template) of everything that the app serves, with what Falcon adds."""
    return [(m.method, r.path) for r in inspect_app(app).routes for m in r.methods]


def ask(app, key, method, path, **environ):
    document = DOCUMENTS[method] if method not in BODILESS and method in DOCUMENTS else None
    body = json.dumps(document).encode() if document else b""
    head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))} if document else {}
    if key:
        head["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return call(app, method, path, body, HTTP_X_REQUEST_ID="same", **head, **environ)


def names(case):
    """Yield each way to name `case`, with one that never was, written alike."""
    never = 900_000 + case.number
    yield case.id, MISSING_UUID
    yield case.id.upper(), MISSING_UUID.upper()
    yield str(case.number), str(never)
    yield f"{case.number:06}", f"{never:06}"
    yield f"#{case.number}", f"#{never}"  # on the wire: %23
    yield f"#{case.number:06}", f"#{never:06}"
    yield f"acme:{case.number}", f"acme:{never}"


def leaks(app):
    """Return what is wrong with the walls between the stores, as sentences."""
    found = []
    key, _ = app.keys.create("globex")
    victims = [app.desk.find(ACME, number) for number in (10, 11, 12)]
    before = rows(app, "acme")
    for method, template in routes(app):
        place = f"{method} {template}"
        if template in OPEN_TO_ALL:
            continue
        refusal = 400 if method == "WEBSOCKET" else 401  # which Falcon refuses before it asks us
        if ask(app, None, method, template.replace("{id_or_number}", "1")).status != refusal:
            found.append(f"{place} needs no key")
        if method in falcon.HTTP_METHODS and method not in BODILESS and method not in DOCUMENTS:
            continue  # a 405 of Falcon's own
        if "{" not in template:
            answer = ask(app, key, method, template, QUERY_STRING="limit=100" if method == "GET" else "")
            found += [f"{place} tells {s!r}" for s in SECRETS if s in answer.body]
        elif template.replace("{id_or_number}", "").count("{"):
            found.append(f"{place} has a parameter that this walk does not know")
        else:
            for case in victims:
                for foreign, missing in names(case):
                    said = ask(app, key, method, template.replace("{id_or_number}", foreign))
                    if said != ask(app, key, method, template.replace("{id_or_number}", missing)):
                        found.append(f"{place} tells {foreign} from {missing}")
        if rows(app, "acme") != before:
            found.append(f"{place} changes another store's rows")
            before = rows(app, "acme")
    return found


def test_the_walls_stand(app):
    assert leaks(app) == []


def test_the_walk_knows_every_route(app):
    served = {(m, t) for m, t in routes(app) if m in {"GET", "POST", "PATCH", "HEAD"}}
    item = f"{CASES}/{{id_or_number}}"
    assert {t for _, t in served} >= {CASES, item, f"{item}/messages"}
    for method, template in [
        ("GET", CASES),
        ("POST", CASES),
        ("GET", item),
        ("PATCH", item),
        ("POST", f"{item}/messages"),
    ]:
        assert (method, template) in served


class Leaky:
    """A resource that forgot the store."""

    def __init__(self, app):
        self.app = app

    def on_get(self, req, resp, id_or_number):
        with self.app.desk.repository.read() as transaction:
            case_store = transaction.cases.store_of(id_or_number.lower())
        resp.media = {"store": case_store}


class Destructive:
    def __init__(self, app):
        self.app = app

    def on_post(self, req, resp, id_or_number):
        self.app.desk.close(ACME, 1)
        resp.media = {"closed": True}


class Public:
    def on_get(self, req, resp, **params):
        resp.media = {}


@pytest.mark.parametrize(
    ("template", "make", "complaint"),
    [
        (f"{CASES}/{{id_or_number}}/store", Leaky, "tells"),
        (f"{CASES}/{{id_or_number}}/close", Destructive, "changes another store's rows"),
        ("/backdoor", lambda app: Public(), "GET /backdoor needs no key"),
        (f"{CASES}/{{id_or_number}}/files/{{name}}", lambda app: Public(), "does not know"),
    ],
)
def test_the_walk_finds_a_planted_hole(app, template, make, complaint):
    app.add_route(template, make(app))
    found = leaks(app)
    assert found
    assert all(template in sentence for sentence in found)
    assert any(complaint in sentence for sentence in found)


FOREIGN = ["0191abc0-0000-7000-8000-000000000001", "10", "000011", "#12", "#000012"]


@pytest.mark.parametrize("ref", FOREIGN)
@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("HEAD", ""), ("PATCH", ""), ("POST", "/messages")])
def test_a_foreign_case_is_the_same_404_as_one_that_never_was(app, method, tail, ref):
    key, _ = app.keys.create("globex")
    before = rows(app, "acme")
    missing = MISSING_UUID if "-" in ref else "#99" if "#" in ref else "99"
    foreign, never = (ask(app, key, method, f"{CASES}/{name}{tail}") for name in (ref, missing))
    assert foreign == never
    assert foreign.status == 404
    body = b'{"error":"There is no such support case.","code":"not_found","requestId":"same"}'
    assert foreign.body == (b"" if method == "HEAD" else body)
    assert rows(app, "acme") == before


@pytest.mark.parametrize("document", [b"", b"{", b"{}", b'{"x": 1}', b'{"status": "answered"}', b'{"body": ""}'])
@pytest.mark.parametrize(("method", "tail"), [("PATCH", ""), ("POST", "/messages")])
def test_a_faulty_request_tells_nothing_of_a_foreign_case(app, method, tail, document):
    key, _ = app.keys.create("globex")
    head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(document)), "HTTP_X_REQUEST_ID": "same"}
    answers = [
        call(app, method, f"{CASES}/{ref}{tail}", document, HTTP_AUTHORIZATION=f"Bearer {key}", **head)
        for ref in (FOREIGN[0], MISSING_UUID)
    ]
    assert answers[0] == answers[1]


def test_a_number_means_the_asker_s_own_case(app):
    key, _ = app.keys.create("globex")
    assert ask(app, key, "GET", f"{CASES}/1").json["subject"] == "ours"
    acme_before = rows(app, "acme")
    assert ask(app, key, "PATCH", f"{CASES}/1").json["status"] == "closed"
    assert ask(app, key, "POST", f"{CASES}/1/messages").status == 201
    assert rows(app, "acme") == acme_before


@pytest.mark.parametrize(
    "query",
    [
        "",
        "limit=100",
        "query=victim",
        "query=1042",
        "query=10",
        "query=%2310",
        "query=12&status=closed",
        "status=answered",
        "query=0191abc0",
        "query=%25",
        "store=acme",
        "offset=1",
    ],
)
def test_the_list_and_its_count_know_only_the_asker_s_cases(app, query):
    key, _ = app.keys.create("globex")
    page = ask(app, key, "GET", CASES, QUERY_STRING=query).json
    assert {case["subject"] for case in page["data"]} <= {"ours"}
    assert page["meta"]["count"] <= 1


@pytest.mark.parametrize("path", [CASES, f"{CASES}/1/messages"])
def test_another_store_s_idempotency_key_replays_nothing(app, path):
    acme, globex = (app.keys.create(store)[0] for store in ("acme", "globex"))
    first = ask(app, acme, "POST", path, HTTP_IDEMPOTENCY_KEY="same-key")
    second = ask(app, globex, "POST", path, HTTP_IDEMPOTENCY_KEY="same-key")
    assert (first.status, second.status) == (201, 201)
    assert "idempotent-replayed" not in second.headers
    assert first.body != second.body


def test_what_one_store_does_takes_no_number_from_another(app):
    acme, globex = (app.keys.create(store)[0] for store in ("acme", "globex"))
    numbers = [ask(app, key, "POST", CASES).json["number"] for key in (acme, globex, acme, globex)]
    assert numbers == [13, 2, 14, 3]


@pytest.mark.parametrize("store", ["ACME", "acme.", "acme2", "Acme", "a", "acme-"])
def test_stores_with_like_names_are_strangers(app, store):
    key, _ = app.keys.create(store)
    assert ask(app, key, "GET", CASES).json["meta"]["count"] == 0
    assert ask(app, key, "GET", f"{CASES}/1").status == 404
    assert ask(app, key, "GET", f"{CASES}/{FOREIGN[0]}").status == 404
