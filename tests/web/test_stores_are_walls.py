"""No store sees, changes or even notices another's cases: a walk over the app's own routes, with every name of a case.

It goes as each kind of actor: a merchant and one of the support team, who both may see globex and not acme, somebody
of the support team who may see all stores, and nobody. A route added later is walked too: without a key it must be
401, it must be of one side and shut to the other, and what it says of a foreign case must be what it says of one that
never was. A route that the walk does not know how to call fails the test.
"""

import hashlib
import json
import re
from itertools import chain

import pytest
from falcon.inspect import inspect_app

from supportcases import Actor, create_app
from supportcases.domain.actors import ActorKind
from supportcases.domain.endpoints import Webhook
from supportcases.testing import numbered_ids
from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT, call
from tests.support.engines import rows_of
from tests.support.planted_holes import (
    CuriousCount,
    Destructive,
    DestructiveForSupport,
    ForgetfulQueue,
    HalfOpen,
    Leaky,
    LeakyForSupport,
    Public,
)
from tests.support.webhooks import OURS, THEIRS

SIGNED = {f"{side}/attachments/{{id}}" for side in (CASES, SUPPORT)}  # whose URLs say who may: see test_attachments
OPEN_TO_ALL = {"/healthz", "/readyz", "/openapi.json", *SIGNED}
DOCUMENTS = {"POST": {"body": "Let me in, please."}, "PATCH": {"status": "closed"}}
FAULTY = [b"", b"{", b"{}", b'{"x": 1}', b'{"status": "new"}', b'{"body": ""}']
CONDITIONS = ['"1"', "*", '"99"']
HOOK = {"POST": {"url": "https://globex.example/hooks"}, "PATCH": {"enabled": False}}
HOOK_POSTS = ("test", "rotate", "deliveries/{delivery}/redeliver")
PARAMETERS = ("{id_or_number}", "{id}")
OF_A_STORE = f"{SUPPORT}/stores/{{store}}/hold"  # which `test_support_erasure` tries with stores of others
SECRETS = [b"victim", b"blank page", b"Which browser", b"Grace", b"acme", b"hush"]
QUERIES = [
    *(
        "limit=100",
        "limit=100&query=victim",
        "limit=100&query=hush",
        "limit=100&query=Which",
        "query=10",
        "query=%2310",
    ),
    *(
        "query=12&status=closed",
        "status=answered",
        "query=%25",
        "offset=1",
        "assignee=none",
        "after=latest",
        "after=start&limit=1",
    ),
]
MISSING_UUID = "0191abc0-0000-7000-8000-00000000ffff"
NOWHERE = "/api/v1/none"


@pytest.fixture
def app(repository, clock):
    """Acme has twelve cases, of which 10 is open, 11 answered and 12 closed; globex has one, so that 10 is not its.

    Acme has a webhook, and so has the desk.
    """
    app = create_app(repository, clock=clock, new_id=numbered_ids())
    for _ in range(12):
        app.desk.open(ACME, body="The checkout shows a blank page.", subject="victim of 1042", author="Grace")
    app.desk.answer(ADA, "acme:11", body="Which browser?")
    app.desk.note(ADA, "acme:11", body="hush")
    app.desk.close(ACME, 12)
    app.desk.open(GLOBEX, body="Something of our own.", subject="ours")
    for actor in (ACME, ADA):
        webhook = app.desk.add_webhook(actor, url="https://victim.example/", description="hush").webhook
        app.desk.test_webhook(actor, webhook.id)
    return app


def rows(app, store):
    """Return a hash of every row of every table that names the store, or one of the webhooks that there are."""
    names = {store, *(webhook.id for webhook in app.desk.webhooks(ADA).webhooks if webhook.store in (store, None))}
    found = sorted(row for row in rows_of(app.desk.repository) if any(name in row for name in names))
    assert len({re.search(r"supportcases_\w+", row)[0] for row in found}) >= 4
    return hashlib.sha256(repr(found).encode()).hexdigest()


def routes(app):
    """Return (method, template, is Falcon's own) of everything that the app serves, with what Falcon adds."""
    return [(m.method, r.path, m.internal) for r in inspect_app(app).routes for m in r.methods]


def ask(app, key, method, path, body=None, **environ):
    """Ask with `body`, or else with a document that the route takes."""
    document = (HOOK if path.startswith((OURS, THEIRS)) else DOCUMENTS).get(method)
    if document and path == THEIRS:
        document = {**document, "store": "globex"}
    if document and path == f"{SUPPORT}/cases":
        document = {**document, **({"cases": ["acme:10", "nosuch:1"]} if method == "PATCH" else {"store": "globex"})}
    body = (json.dumps(document).encode() if document else b"") if body is None else body
    head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))} if document else {}
    if key:
        head["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return call(app, method, path, body, HTTP_X_REQUEST_ID="same", **head, **environ)


def at(template, name):
    """Return the path of `template` for the case of that name."""
    for parameter in PARAMETERS:
        template = template.replace(parameter, name)
    return template.replace("{delivery}", "1")


def names(case):
    """Yield each way to name `case`, or a webhook, with one that never was, written alike."""
    yield case.id, MISSING_UUID
    yield case.id.upper(), MISSING_UUID.upper()
    if isinstance(case, Webhook):
        return
    never = 900_000 + case.number
    yield str(case.number), str(never)
    yield f"{case.number:06}", f"{never:06}"
    yield f"#{case.number}", f"#{never}"  # on the wire: %23
    yield f"#{case.number:06}", f"#{never:06}"
    yield f"acme:{case.number}", f"acme:{never}"
    yield f"acme:{case.number}", f"nosuch:{case.number}"
    yield f"acme:#{case.number:06}", f"acme:#{never:06}"


def leaks(app, only=""):
    """Return what is wrong with the walls between the stores, and between the sides, as sentences."""
    found = []
    keys = {
        ActorKind.MERCHANT: app.keys.create("globex")[0],
        ActorKind.SUPPORT: app.keys.create_support(label="Bob", stores=["globex"])[0],
    }
    everywhere, _ = app.keys.create_support(label="Ada")
    victims = [app.desk.find(ACME, number) for number in (10, 11, 12)]
    victims += [webhook for webhook in app.desk.webhooks(ADA).webhooks if webhook.store != "globex"]
    every_pair = [pair for case in victims for pair in names(case)]
    before = rows(app, "acme")
    for method, template, is_falcons in routes(app):
        pairs = every_pair[:1] if is_falcons else every_pair  # Falcon's own answers ask for no case
        place = f"{method} {template}"
        if template in (*OPEN_TO_ALL, OF_A_STORE) or only not in ("", template):
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
            found += there_for_merchants(app, keys[ActorKind.MERCHANT], method, template, pairs)
            side = ActorKind.SUPPORT
        elif template == CASES or template.startswith(f"{CASES}/"):
            for key in (keys[ActorKind.SUPPORT], everywhere):
                found += open_to_support(app, key, method, template, pairs)
            side = ActorKind.MERCHANT
        else:
            found.append(f"{place} is of no side")
            continue
        found += tells(app, keys[side], method, template, pairs)
        if not is_falcons and rows(app, "acme") != before:
            found.append(f"{place} changes another store's rows")
            before = rows(app, "acme")
    if rows(app, "acme") != before:
        found.append("a method that is not served changes another store's rows")
    return found


def paths(template, named):
    """Return the different paths of `template` for cases of these names."""
    return dict.fromkeys(at(template, name) for name in named)


def there_for_merchants(app, key, method, template, pairs):
    """Yield where a merchant could tell the support team's side from nothing at all."""
    unknown = ask(app, key, method, NOWHERE)
    assert unknown.status == 404
    if any(ask(app, key, method, path) != unknown for path in paths(template, chain(*pairs))):
        yield f"{method} {template} is there for merchants"


def open_to_support(app, key, method, template, pairs):
    """Yield where the support team comes in on the merchants' side."""
    for path in paths(template, (foreign for foreign, _ in pairs)):
        said = ask(app, key, method, path)
        if said.status != 403 or (method != "HEAD" and said.json != FORBIDDEN):
            yield f"{method} {template} is open to the support team"
            return


def tells(app, key, method, template, pairs):
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
    for foreign, missing in pairs:
        if ask(app, key, method, at(template, foreign)) != ask(app, key, method, at(template, missing)):
            yield f"{place} tells {foreign} from {missing}"
    foreign, missing = (at(template, name) for name in pairs[0])
    if method in DOCUMENTS:
        for how in [*({"body": body} for body in FAULTY), *({"HTTP_IF_MATCH": tag} for tag in CONDITIONS)]:
            if ask(app, key, method, foreign, **how) != ask(app, key, method, missing, **how):
                yield f"{place} with {how} tells a foreign case from none"


FORBIDDEN = {
    "error": "This is for merchants only; the support team's side is below /support.",
    "code": "forbidden",
    "requestId": "same",
}


def test_the_walls_stand(app):
    assert leaks(app) == []


def test_the_walk_knows_every_route(app):
    served = {(m, t) for m, t, _ in routes(app) if m in {"GET", "POST", "PATCH", "HEAD"}}
    item, queue, queued = f"{CASES}/{{id_or_number}}", f"{SUPPORT}/cases", f"{SUPPORT}/cases/{{id}}"
    texts, text, idle = f"{SUPPORT}/texts", f"{SUPPORT}/texts/{{id}}", f"{SUPPORT}/idle"
    keys, key = f"{SUPPORT}/keys", f"{SUPPORT}/keys/{{id}}"
    gets = [
        CASES,
        item,
        queue,
        queued,
        f"{queued}/history",
        f"{SUPPORT}/stats",
        f"{SUPPORT}/views",
        f"{SUPPORT}/stores",
        f"{SUPPORT}/assignees",
        f"{SUPPORT}/holds",
        *(texts, text, keys, key, idle, f"{CASES}/events", f"{SUPPORT}/events"),
    ]
    files = [f"{CASES}/attachments", f"{SUPPORT}/attachments"]
    posts = [CASES, *files, f"{item}/messages", queue, f"{queued}/messages", f"{queued}/redactions", texts, keys, idle]
    hooks = [OURS, THEIRS]
    hook = [f"{path}/{{id}}" for path in hooks]
    gets += [*hooks, *hook, *(f"{path}/deliveries" for path in hook)]
    posts += [*hooks, *(f"{path}/{what}" for path in hook for what in HOOK_POSTS)]
    patches = [item, queue, queued, text, *hook]
    for method, templates in {"GET": gets, "HEAD": gets, "POST": posts, "PATCH": patches}.items():
        assert {(method, template) for template in templates} <= served
    assert {t for _, t in served} - OPEN_TO_ALL - {OF_A_STORE} == {*gets, *posts, f"{queued}/hold"}
    methods = {m for m, t, _ in routes(app) if t == queued}
    assert methods >= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"}


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
    found = leaks(app, only=template)
    assert any(complaint in sentence for sentence in found)


def test_a_kept_answer_is_not_replayed_to_who_serves_the_store_no_more(repository, clock):
    stores = ["acme"]
    app = create_app(repository, clock=clock, authenticate=lambda req: Actor.support("Eve", stores=stores))
    app.desk.open(ACME, body="The checkout shows a blank page.")
    said = [ask(app, None, "POST", f"{SUPPORT}/cases/acme:1/messages", HTTP_IDEMPOTENCY_KEY="k")]
    stores[:] = ["globex"]
    said.append(ask(app, None, "POST", f"{SUPPORT}/cases/acme:1/messages", HTTP_IDEMPOTENCY_KEY="k"))
    assert [answer.status for answer in said] == [201, 404]


@pytest.mark.parametrize("path", [CASES, f"{CASES}/1/messages"])
def test_another_store_s_idempotency_key_replays_nothing(app, path):
    acme, globex = (app.keys.create(store)[0] for store in ("acme", "globex"))
    first = ask(app, acme, "POST", path, HTTP_IDEMPOTENCY_KEY="same-key")
    second = ask(app, globex, "POST", path, HTTP_IDEMPOTENCY_KEY="same-key")
    assert (first.status, second.status) == (201, 201)
    assert "idempotent-replayed" not in second.headers
    assert first.body != second.body


@pytest.mark.parametrize("store", ["ACME", "acme.", "acme2", "Acme", "a", "acme-"])
def test_stores_with_like_names_are_strangers(app, store):
    key, _ = app.keys.create(store)
    assert ask(app, key, "GET", CASES).json["meta"]["count"] == 0
    assert ask(app, key, "GET", f"{CASES}/1").status == 404
    assert ask(app, key, "GET", f"{CASES}/0191abc0-0000-7000-8000-000000000001").status == 404
