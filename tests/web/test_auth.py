"""Who may come in: bearer keys, their life, the host's own `authenticate`, and where a key must never appear."""

import logging
from datetime import timedelta

import pytest
from falcon.testing import TestClient

from supportcases import Actor, create_app
from tests.conftest import ACME, CASES, SUPPORT, call
from tests.support.engines import rows_of

BODY = b'{"body": "The checkout shows a blank page."}'
SENTENCE = "This needs valid credentials, such as an API key sent as 'Authorization: Bearer KEY'."
NO_KEY = f'{{"error":"{SENTENCE}","code":"unauthorized","requestId":"test"}}'.encode()


@pytest.fixture
def key(app):
    return app.keys.create("acme")[0]


@pytest.fixture
def ask(app):
    """GET the list with an Authorization header as it is."""

    def ask(header, **environ):
        return call(app, "GET", CASES, HTTP_AUTHORIZATION=header, HTTP_X_REQUEST_ID="test", **environ)

    return ask


def refused(answer):
    assert (answer.status, answer.body) == (401, NO_KEY)
    assert answer.headers["www-authenticate"] == "Bearer"
    return True


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER {}", "bEaReR {}", "Bearer   {}", " Bearer {} "])
def test_a_key_lets_in_with_the_scheme_in_any_letter_case(ask, key, header):
    assert ask(header.format(key)).status == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "{}",
        "Basic {}",
        "Bearer{}",
        "Bearer: {}",
        "Bearer\t{}",
        "Bearer {} x",
        "Bearer {} {}",
        "Bearer {},Bearer {}",
        "Bearer {}, Basic YQ==",
        'Bearer "{}"',
        "Bearer token={}",
        "Bearer ä{}",
        "Bearer {}\u0661",
        "Bearer {}\udc80",
        "Bearer {}\0",
        "Bearer {}\n",
        "Bearer\u00a0{}",
        "Token {}",
        "Bearer " + "x" * 100_000,
        "Bearer sck_",
        "Bearer sck_" + "0" * 48,
        "Bearer sck_" + "z" * 48,
        "Bearer null",
        "Bearer ' OR 1=1 --",
    ],
)
def test_anything_else_is_the_same_401(ask, key, header):
    assert refused(ask(header and header.format(key, key)))


def test_a_key_is_compared_to_the_last_letter(ask, key):
    other = "0" if key[-1] != "0" else "1"
    for almost in (key[:-1], key + "0", key[:-1] + other, key.upper(), key.removeprefix("sck_"), " " + key[1:]):
        assert refused(ask(f"Bearer {almost}"))
    assert ask(f"Bearer {key}").status == 200


METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "FOO", "get", ""]
PATHS = [  # the routes themselves are walked in test_stores_are_walls
    *("/api/v1", "/api/v1/", "/api/v1/none", "/api/v1/openapi.json", CASES, f"{CASES}/", f"{CASES}/none"),
    *(f"{CASES}/1/none", f"{CASES}//messages", SUPPORT, f"/{SUPPORT}/stores", f"/{CASES}", f"//{CASES}/1"),
]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_key_every_path_and_verb_under_the_prefix_is_401(app, path):
    faulty = {"CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "-1"}
    for method in METHODS:
        answer = call(app, method, path, BODY, HTTP_X_REQUEST_ID="test", **faulty)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/json"
        assert answer.body == (b"" if method == "HEAD" else NO_KEY)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("header", [None, "Bearer nonsense"])
def test_the_service_routes_need_no_key(app, method, path, header):
    assert call(app, method, path, HTTP_AUTHORIZATION=header).status == 200


def test_health_tells_that_the_database_answers(app):
    answer = call(app, "GET", "/healthz")
    assert answer.json == {"status": "ok", "database": "ok"}
    assert answer.headers["content-type"] == "application/json"


def test_a_path_that_only_begins_like_the_prefix_is_404(app):
    assert [call(app, "GET", p).status for p in ("/api/v1x", "/api/v11/support-cases", "/api", "/API/V1")] == [404] * 4


def test_a_refused_request_changes_nothing(app):
    call(app, "POST", CASES, BODY, CONTENT_TYPE="application/json", CONTENT_LENGTH=str(len(BODY)))
    assert app.desk.list(ACME).count == 0


@pytest.mark.parametrize("life", [timedelta(milliseconds=1), timedelta(seconds=1), timedelta(days=365)])
def test_a_key_ends_with_its_lifetime_and_one_without_never(app, ask, key, clock, life):
    brief, _ = app.keys.create("acme", lifetime=life)
    clock.now += life - timedelta(milliseconds=1)
    assert ask(f"Bearer {brief}").status == 200
    clock.now += timedelta(milliseconds=1)
    assert refused(ask(f"Bearer {brief}"))
    clock.advance(days=36_500)
    assert refused(ask(f"Bearer {brief}"))
    assert ask(f"Bearer {key}").status == 200


def test_a_revoked_key_is_refused_at_once_and_another_of_the_store_is_not(app, ask, key):
    other, kept = app.keys.create("acme")
    assert ask(f"Bearer {other}").status == 200
    app.keys.revoke(kept.id)
    assert refused(ask(f"Bearer {other}"))
    assert ask(f"Bearer {key}").status == 200


def test_a_key_counts_in_every_app_on_the_same_file(tmp_path):
    one, two = (create_app(tmp_path / "cases.db") for _ in range(2))
    key, kept = one.keys.create("acme")
    assert call(two, "GET", CASES, HTTP_AUTHORIZATION=f"Bearer {key}").status == 200
    one.keys.revoke(kept.id)
    assert call(two, "GET", CASES, HTTP_AUTHORIZATION=f"Bearer {key}").status == 401
    for app in (one, two):
        app.desk.repository.close()


def test_a_key_appears_nowhere(app, ask, key, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    almost = key[:-1] + ("0" if key[-1] != "0" else "1")
    answers = [ask(f"Bearer {key}"), ask(f"Bearer {almost}"), ask(f"Basic {key}")]
    answers += [
        ask(f"Bearer {key}", QUERY_STRING="limit=0"),
        call(app, "FOO", CASES, HTTP_AUTHORIZATION=f"Bearer {key}"),
    ]
    answers += [call(app, "GET", "/none", HTTP_AUTHORIZATION=f"Bearer {key}")]
    dump = "\n".join(rows_of(app.desk.repository))
    shown = repr([app.keys, app.keys.all(), app.keys.recognise(key), app, app.desk])
    output = capfd.readouterr()
    for place in (dump, caplog.text, repr(answers), shown, output.out, output.err):
        assert key not in place
        assert key[4:] not in place
        assert almost not in place
    assert "supportcases_keys" in dump


# -- the host's own ---------------------------------------------------------------------------------------------------


def hosted(authenticate):
    return TestClient(create_app(":memory:", authenticate=authenticate), headers={"X-Request-Id": "test"})


def test_the_host_s_authenticate_decides_and_sees_the_request():
    seen = []

    def authenticate(req):
        seen.append((req.method, req.path, req.get_header("X-Store")))
        return Actor.merchant(req.get_header("X-Store")) if req.get_header("X-Store") else None

    client = hosted(authenticate)
    assert (
        client.simulate_post(CASES, json={"body": "The checkout fails"}, headers={"X-Store": "acme"}).status_code == 201
    )
    assert client.simulate_get(CASES, headers={"X-Store": "acme"}).json["meta"]["count"] == 1
    assert client.simulate_get(CASES, headers={"X-Store": "globex"}).json["meta"]["count"] == 0
    answer = client.simulate_get(CASES)
    assert (answer.status_code, answer.content, answer.headers["WWW-Authenticate"]) == (401, NO_KEY, "Bearer")
    assert seen[:2] == [("POST", CASES, "acme"), ("GET", CASES, "acme")]


def test_an_authenticate_that_asks_the_app_itself_gets_its_answer():
    def authenticate(req):
        assert TestClient(app).simulate_get("/healthz").status_code == 200
        return ACME

    app = create_app(":memory:", authenticate=authenticate)
    assert TestClient(app).simulate_get(CASES).json["meta"]["count"] == 0


def test_the_host_s_authenticate_replaces_the_keys():
    client = hosted(lambda req: None)
    key, _ = client.app.keys.create("acme")
    assert client.simulate_get(CASES, headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_the_host_s_authenticate_is_not_asked_about_service_routes():
    client = hosted(lambda req: pytest.fail("asked"))
    assert [client.simulate_get(path).status_code for path in ("/healthz", "/openapi.json", "/none")] == [200, 200, 404]


@pytest.mark.parametrize("answer", [True, False, 0, "", "acme", {"store": "acme"}, ("acme",), object()])
def test_what_is_no_actor_lets_nobody_in(answer, caplog):
    said = hosted(lambda req: answer).simulate_get(CASES)
    assert (said.status_code, said.json["code"]) == (500, "internal_error")
    assert "authenticate must return an Actor or None" in caplog.text


@pytest.mark.parametrize(("stores", "count"), [(None, 2), (["acme"], 1), (["acme", "globex"], 2), ([], 0)])
def test_the_host_s_authenticate_returns_somebody_of_the_support_team(stores, count):
    client = hosted(lambda req: Actor.support("Ada", stores=stores))
    for store in ("acme", "globex"):
        client.app.desk.open(Actor.merchant(store), body="The checkout shows a blank page.")
    assert client.simulate_get(f"{SUPPORT}/cases").json["meta"]["count"] == count
    answer = client.simulate_post(f"{SUPPORT}/cases/acme:1/messages", json={"body": "hello"})
    if stores == []:
        assert answer.status_code == 404
    else:
        assert (answer.status_code, answer.json["message"]["authorLabel"]) == (201, "Ada")


def test_the_store_of_a_key_is_its_own_whatever_the_request_says(app, client):
    app.desk.open(Actor.merchant("globex"), body="The checkout shows a blank page.")
    headers = {"X-Store": "globex", "Store": "globex", "Host": "globex.yns.store"}
    assert client.simulate_get(CASES, headers=headers, params={"store": "globex"}).json["meta"]["count"] == 0
    answer = client.simulate_post(CASES, json={"body": "The checkout fails", "store": "globex"})
    assert answer.status_code == 400


# a key where none belongs


def test_a_key_sent_as_request_id_is_neither_kept_nor_repeated(app, caplog):
    key, _ = app.keys.create("acme")
    with caplog.at_level(logging.INFO, "supportcases"):
        answer = call(app, "GET", f"{CASES}/7", HTTP_X_REQUEST_ID=key, HTTP_AUTHORIZATION=f"Bearer {key}")
    assert answer.status == 404
    assert key not in caplog.text + str(answer.headers) + answer.body.decode()


def test_a_key_sent_as_idempotency_key_is_refused_and_kept_nowhere(app):
    key, _ = app.keys.create("acme")
    body = b'{"body": "The checkout shows a blank page."}'
    given = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_IDEMPOTENCY_KEY": f"a {key}"}
    answer = call(app, "POST", CASES, body, HTTP_AUTHORIZATION=f"Bearer {key}", **given)
    assert (answer.status, answer.json["code"]) == (400, "validation_failed")
    assert key not in answer.body.decode()
    assert app.desk.list(ACME).count == 0


def test_a_key_sent_as_the_name_of_a_field_is_not_repeated(client, app):
    key, _ = app.keys.create("acme")
    answer = client.simulate_post(CASES, json={"body": "A long enough body.", key: 1})
    assert answer.json["error"] == "sck_... is not a known field."
    assert key not in answer.text


def test_a_request_shows_its_route_and_not_its_path():
    shown = []
    app = create_app(":memory:", authenticate=lambda req: shown.append(repr(req)))
    call(app, "GET", f"{CASES}/sck_1", QUERY_STRING="key=sck_2", HTTP_HOST="sck_3")
    assert shown == ["<ApiRequest: GET ->"]
