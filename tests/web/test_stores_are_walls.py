"""No store sees, changes or even notices another's cases: a walk over the app's own routes, with every name of a case.

It goes as each kind of actor: a merchant and one of the support team, who both may see globex and not acme, somebody
of the support team who may see all stores, and nobody. A route added later is walked too: without a key it must be
401, it must be of one side and shut to the other, and what it says of a foreign case must be what it says of one that
never was. A route that the walk does not know how to call fails the test.
"""

import hashlib
import json

import falcon
import pytest
from falcon.inspect import inspect_app

from supportcases import Actor, create_app
from supportcases.domain.actors import ActorKind
from supportcases.testing import numbered_ids
from supportcases.web.auth import asker
from supportcases.web.resources import DeskResource
from supportcases.web.response import send
from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT, call

OPEN_TO_ALL = {"/healthz", "/openapi.json"}
DOCUMENTS = {"POST": {"body": "Let me in, please."}, "PATCH": {"status": "closed"}}
BODILESS = {"GET", "HEAD", "OPTIONS", "DELETE"}
PARAMETERS = ("{id_or_number}", "{id}")
SECRETS = [b"victim", b"blank page", b"Which browser", b"Grace", b"acme", b"hush"]
QUERIES = ["limit=100", "limit=100&query=victim", "limit=100&query=hush", "limit=100&query=Which", "query=10"]
MISSING_UUID = "0191abc0-0000-7000-8000-00000000ffff"
NOWHERE = "/api/v1/none"


@pytest.fixture
def app(repository, clock):
    """Acme has twelve cases, of which 10 is open, 11 answered and 12 closed; globex has one, so that 10 is not its."""
    app = create_app(repository, clock=clock, new_id=numbered_ids())
    for _ in range(12):
        app.desk.open(ACME, body="The checkout shows a blank page.", subject="victim of 1042", author="Grace")
    app.desk.answer(ADA, "acme:11", body="Which browser?")
    app.desk.note(ADA, "acme:11", body="hush")
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
    if document and path == f"{SUPPORT}/cases":
        document = {**document, "store": "globex"}
    body = json.dumps(document).encode() if document else b""
    head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))} if document else {}
    if key:
        head["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return call(app, method, path, body, HTTP_X_REQUEST_ID="same", **head, **environ)


def at(template, name):
    """Return the path of `template` for the case of that name."""
    for parameter in PARAMETERS:
        template = template.replace(parameter, name)
    return template


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
    yield f"acme:{case.number}", f"nosuch:{case.number}"
    yield f"acme:#{case.number:06}", f"acme:#{never:06}"


def leaks(app):
    """Return what is wrong with the walls between the stores, and between the sides, as sentences."""
    found = []
    keys = {
        ActorKind.MERCHANT: app.keys.create("globex")[0],
        ActorKind.SUPPORT: app.keys.create_support(label="Bob", stores=["globex"])[0],
    }
    everywhere, _ = app.keys.create_support(label="Ada")
    victims = [app.desk.find(ACME, number) for number in (10, 11, 12)]
    before = rows(app, "acme")
    for method, template in routes(app):
        place = f"{method} {template}"
        if template in OPEN_TO_ALL:
            continue
        refused = method == "WEBSOCKET"  # which Falcon refuses before it asks us
        if ask(app, None, method, at(template, "1")).status != (400 if refused else 401):
            found.append(f"{place} needs no key")
        if refused:
            continue
        if "{" in at(template, "1"):
            found.append(f"{place} has a parameter that this walk does not know")
            continue
        if template.startswith(f"{SUPPORT}/"):
            found += there_for_merchants(app, keys[ActorKind.MERCHANT], method, template, victims)
            side = ActorKind.SUPPORT
        elif template == CASES or template.startswith(f"{CASES}/"):
            for key in (keys[ActorKind.SUPPORT], everywhere):
                found += open_to_support(app, key, method, template, victims)
            side = ActorKind.MERCHANT
        else:
            found.append(f"{place} is of no side")
            continue
        if method not in falcon.HTTP_METHODS or method in BODILESS or method in DOCUMENTS:  # else a 405 of Falcon's own
            found += tells(app, keys[side], method, template, victims)
        if rows(app, "acme") != before:
            found.append(f"{place} changes another store's rows")
            before = rows(app, "acme")
    return found


def there_for_merchants(app, key, method, template, victims):
    """Yield where a merchant could tell the support team's side from nothing at all."""
    unknown = ask(app, key, method, NOWHERE)
    assert unknown.status == 404
    for case in victims if "{" in template else victims[:1]:
        for name in dict.fromkeys(name for pair in names(case) for name in pair):
            if ask(app, key, method, at(template, name)) != unknown:
                yield f"{method} {template} is there for merchants"
                return


def open_to_support(app, key, method, template, victims):
    """Yield where the support team comes in on the merchants' side."""
    for case in victims:
        said = ask(app, key, method, at(template, case.id))
        if said.status != 403 or (method != "HEAD" and said.json != FORBIDDEN):
            yield f"{method} {template} is open to the support team"
            return


def tells(app, key, method, template, victims):
    """Yield where somebody who may see only globex is told something of acme."""
    place = f"{method} {template}"
    if "{" not in template:
        for query in QUERIES if method == "GET" else [""]:
            answer = ask(app, key, method, template, QUERY_STRING=query)
            yield from (f"{place}?{query} tells {s!r}" for s in SECRETS if s in answer.body)
        if method in {"GET", "HEAD"}:
            foreign, missing = (ask(app, key, method, template, QUERY_STRING=f"store={s}") for s in ("acme", "nosuch"))
            if foreign != missing:
                yield f"{place} tells a store from one that never was"
        return
    for case in victims:
        for foreign, missing in names(case):
            said = ask(app, key, method, at(template, foreign))
            if said != ask(app, key, method, at(template, missing)):
                yield f"{place} tells {foreign} from {missing}"


FORBIDDEN = {
    "error": "This is for merchants only; the support team's side is below /support.",
    "code": "forbidden",
    "requestId": "same",
}


def test_the_walls_stand(app):
    assert leaks(app) == []


def test_the_walk_knows_every_route(app):
    served = {(m, t) for m, t in routes(app) if m in {"GET", "POST", "PATCH", "HEAD"}}
    item, queue, queued = f"{CASES}/{{id_or_number}}", f"{SUPPORT}/cases", f"{SUPPORT}/cases/{{id}}"
    gets = [CASES, item, queue, queued, f"{queued}/history", f"{SUPPORT}/stats", f"{SUPPORT}/stores"]
    posts = [CASES, f"{item}/messages", queue, f"{queued}/messages"]
    for method, templates in {"GET": gets, "HEAD": gets, "POST": posts, "PATCH": [item, queued]}.items():
        assert {(method, template) for template in templates} <= served
    assert {t for _, t in served} - OPEN_TO_ALL == {*gets, *posts}
    methods = {m for m, t in routes(app) if t == queued}
    assert methods >= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"}


class Leaky:
    """A resource that forgot the store."""

    def __init__(self, app):
        self.app = app

    def on_get(self, req, resp, **names):
        (name,) = names.values()
        with self.app.desk.repository.read() as transaction:
            case_store = transaction.cases.store_of(name.lower())
        send(resp, {"store": case_store})


class Destructive:
    def __init__(self, app):
        self.app = app

    def on_post(self, req, resp, **names):
        self.app.desk.close(ACME, 1)
        resp.media = {"closed": True}


class Public:
    def on_get(self, req, resp, **params):
        resp.media = {}


class Support(DeskResource):
    side = ActorKind.SUPPORT

    def __init__(self, app):
        super().__init__(app.desk, max_body=1000)
        self.app = app


class LeakyForSupport(Support, Leaky):
    pass


class DestructiveForSupport(Support, Destructive):
    pass


class ForgetfulQueue(Support):
    """A list that forgot which stores the asker serves."""

    def on_get(self, req, resp):
        send(resp, [case.subject for case in self._desk.queue(ADA, limit=100).cases])


class CuriousCount(Support):
    """A count that tells a store from none."""

    def on_get(self, req, resp):
        send(resp, {"count": self._desk.queue(ADA, store=req.get_param("store", default="globex")).count})


class HalfOpen(Support):
    """A resource that merchants may come to."""

    side = ActorKind.MERCHANT

    def on_get(self, req, resp):
        send(resp, {"hello": asker(req).label})


@pytest.mark.parametrize(
    ("template", "make", "complaint"),
    [
        (f"{CASES}/{{id_or_number}}/store", Leaky, "tells"),
        (f"{CASES}/{{id_or_number}}/store", Leaky, "is open to the support team"),
        (f"{CASES}/{{id_or_number}}/close", Destructive, "changes another store's rows"),
        ("/backdoor", lambda app: Public(), "GET /backdoor needs no key"),
        ("/api/v1/sidedoor", lambda app: Public(), "is of no side"),
        (f"{CASES}/{{id_or_number}}/files/{{name}}", lambda app: Public(), "does not know"),
        (f"{SUPPORT}/cases/{{id}}/files/{{name}}", lambda app: Public(), "does not know"),
        (f"{SUPPORT}/cases/{{id}}/store", LeakyForSupport, "tells"),
        (f"{SUPPORT}/cases/{{id}}/close", DestructiveForSupport, "changes another store's rows"),
        (f"{SUPPORT}/everything", ForgetfulQueue, "tells b'victim'"),
        (f"{SUPPORT}/count", CuriousCount, "tells a store from one that never was"),
        (f"{SUPPORT}/health", lambda app: Public(), "is there for merchants"),
        (f"{SUPPORT}/hello", HalfOpen, "is there for merchants"),
    ],
)
def test_the_walk_finds_a_planted_hole(app, template, make, complaint):
    app.add_route(template, make(app))
    found = leaks(app)
    assert found
    assert all(template in sentence for sentence in found)
    assert any(complaint in sentence for sentence in found)


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "FOO", "get"]
)
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/cases",
        "/cases/",
        "/cases/acme:10",
        "/cases/1/messages",
        "/cases/1/history",
        "/stats",
        "/stores",
        "/x",
    ],
)
def test_for_a_merchant_the_support_side_is_not_there(app, method, path):
    key, _ = app.keys.create("acme")
    unknown = ask(app, key, method, NOWHERE)
    assert ask(app, key, method, f"{SUPPORT}{path}") == unknown
    if method in {"GET", "POST", "PATCH", "OPTIONS", "DELETE"}:
        assert unknown.status == 404
        assert unknown.body == b'{"error":"There is nothing at this path.","code":"not_found","requestId":"same"}'


@pytest.fixture
def bob(app):
    """Bob serves globex only."""
    return app.keys.create_support(label="Bob", stores=["globex"])[0]


def test_who_serves_one_store_sees_that_store_alone(app, bob):
    app.desk.change(ADA, "acme:10", assignee="Bob", severity="critical")
    queue = ask(app, bob, "GET", f"{SUPPORT}/cases").json
    assert ([case["subject"] for case in queue["data"]], queue["meta"]["count"]) == (["ours"], 1)
    assert queue["meta"]["nextCursor"] is None
    assert ask(app, bob, "GET", f"{SUPPORT}/cases", QUERY_STRING="assignee=me").json["meta"]["count"] == 0
    stores = ask(app, bob, "GET", f"{SUPPORT}/stores").json
    assert ([store["store"] for store in stores["data"]], stores["meta"]["count"]) == (["globex"], 1)
    stats = ask(app, bob, "GET", f"{SUPPORT}/stats").json
    assert sum(n for counts in stats["counts"].values() for n in counts.values()) == 1
    assert stats["oldestUnanswered"]["store"] == "globex"
    assert (stats["firstAnswer"]["count"], stats["timeToClose"]["count"]) == (0, 0)


def test_a_cursor_of_somebody_who_sees_more_opens_nothing(app, bob):
    everywhere, _ = app.keys.create_support(label="Bob")
    cursor = ask(app, everywhere, "GET", f"{SUPPORT}/cases", QUERY_STRING="limit=1").json["meta"]["nextCursor"]
    answer = ask(app, bob, "GET", f"{SUPPORT}/cases", QUERY_STRING=f"cursor={cursor}")
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "cursor")
    for _ in range(3):
        app.desk.open(GLOBEX, body="Something of our own.", subject="ours")
    seen, query = [], "limit=1"
    while query and len(seen) < 10:
        page = ask(app, bob, "GET", f"{SUPPORT}/cases", QUERY_STRING=query).json
        seen += [case["store"] for case in page["data"]]
        query = page["meta"]["nextCursor"] and f"limit=1&cursor={page['meta']['nextCursor']}"
    assert seen == ["globex"] * 4


def test_a_case_on_behalf_of_a_store_not_served_is_403_be_there_such_a_store_or_not(app, bob):
    before = rows(app, "acme")
    answers = []
    for store in ("acme", "nosuch"):
        body = json.dumps({"store": store, "body": "The checkout fails."}).encode()
        head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_X_REQUEST_ID": "same"}
        for retry in ({}, {"HTTP_IDEMPOTENCY_KEY": "k"}):
            answer = call(app, "POST", f"{SUPPORT}/cases", body, HTTP_AUTHORIZATION=f"Bearer {bob}", **head, **retry)
            assert answer.status == 403
            answers.append(answer.body.replace(store.encode(), b"?"))
    assert set(answers) == {b'{"error":"You do not serve the store ?.","code":"forbidden","requestId":"same"}'}
    assert rows(app, "acme") == before
    assert [s.store for s in app.desk.stores(ADA).stores] == ["acme", "globex"]


@pytest.mark.parametrize("document", [b"", b"{", b"{}", b'{"x": 1}', b'{"status": "new"}', b'{"body": ""}'])
@pytest.mark.parametrize(("method", "tail"), [("PATCH", ""), ("POST", "/messages")])
@pytest.mark.parametrize("if_match", [None, '"1"', "*", '"99"'])
def test_a_faulty_request_tells_the_support_team_nothing_of_a_foreign_case(app, bob, method, tail, document, if_match):
    head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(document)), "HTTP_X_REQUEST_ID": "same"}
    head |= {"HTTP_AUTHORIZATION": f"Bearer {bob}", "HTTP_IF_MATCH": if_match}
    answers = [
        call(app, method, f"{SUPPORT}/cases/{ref}{tail}", document, **head)
        for ref in ("acme:10", "acme:999", FOREIGN[0], MISSING_UUID)
    ]
    assert answers == [answers[0]] * 4


@pytest.mark.parametrize(("method", "tail"), [("PATCH", ""), ("POST", "/messages")])
@pytest.mark.parametrize("if_match", ['"1"', "*", '"99"'])
def test_a_condition_tells_the_support_team_nothing_of_a_foreign_case(app, bob, method, tail, if_match):
    foreign, missing = (
        ask(app, bob, method, f"{SUPPORT}/cases/{ref}{tail}", HTTP_IF_MATCH=if_match) for ref in ("acme:10", "acme:999")
    )
    assert foreign == missing
    assert foreign.status == 404


def test_a_kept_answer_is_not_replayed_to_who_serves_the_store_no_more(repository, clock):
    stores = ["acme"]
    app = create_app(repository, clock=clock, authenticate=lambda req: Actor.support("Eve", stores=stores))
    app.desk.open(ACME, body="The checkout shows a blank page.")
    said = [ask(app, None, "POST", f"{SUPPORT}/cases/acme:1/messages", HTTP_IDEMPOTENCY_KEY="k")]
    stores[:] = ["globex"]
    said.append(ask(app, None, "POST", f"{SUPPORT}/cases/acme:1/messages", HTTP_IDEMPOTENCY_KEY="k"))
    assert [answer.status for answer in said] == [201, 404]


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
