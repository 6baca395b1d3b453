"""Pages of other origins: those that the host allows may ask with their key, and a preflight needs none."""

import pytest

from supportcases import create_app
from tests.conftest import ACME, CASES, SUPPORT, call

SHOP = "https://shop.example"
EVIL = "https://evil.example"
ASKED = {"HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST", "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization"}
ALLOWS = "access-control-allow-origin"


@pytest.fixture
def app():
    return create_app(":memory:", allow_origins=[SHOP, "http://localhost:3000"], rate_limit="5/minute")


@pytest.fixture
def key(app):
    return f"Bearer {app.keys.create('acme')[0]}"


@pytest.mark.parametrize("path", [CASES, f"{CASES}/1/messages", f"{SUPPORT}/cases"])
@pytest.mark.parametrize("origin", [SHOP, "http://localhost:3000"])
def test_a_preflight_needs_no_key_and_counts_for_no_limit(app, path, origin):
    for _ in range(7):
        answer = call(app, "OPTIONS", path, HTTP_ORIGIN=origin, **ASKED)
    assert (answer.status, answer.body, answer.headers[ALLOWS]) == (200, b"", origin)
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


def test_the_page_may_read_the_answer_and_what_its_headers_tell(app, key):
    app.desk.open(ACME, body="The checkout shows a blank page.")
    answer = call(app, "GET", f"{CASES}/1", HTTP_ORIGIN=SHOP, HTTP_AUTHORIZATION=key)
    assert (answer.status, answer.headers[ALLOWS]) == (200, SHOP)
    exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
    assert {name for name in answer.headers if name in exposed} >= {"ratelimit", "x-request-id"}
    assert call(app, "GET", f"{CASES}/2", HTTP_ORIGIN=SHOP, HTTP_AUTHORIZATION=key).headers[ALLOWS] == SHOP
    assert call(app, "GET", CASES, HTTP_ORIGIN=SHOP).headers[ALLOWS] == SHOP  # a 401 is read too


@pytest.mark.parametrize("origin", [EVIL, "null", "https://SHOP.example", "https://shop.example.evil.example"])
def test_no_other_page_may(app, key, origin):
    answer = call(app, "GET", CASES, HTTP_ORIGIN=origin, HTTP_AUTHORIZATION=key)
    assert (answer.status, answer.headers["vary"]) == (200, "Origin")
    assert not [name for name in answer.headers if name.startswith("access-control-allow")]
    preflight = call(app, "OPTIONS", CASES, HTTP_ORIGIN=origin, **ASKED)
    assert not [name for name in preflight.headers if name.startswith("access-control-allow-origin")]


def test_what_is_no_preflight_needs_a_key(app):
    assert call(app, "OPTIONS", CASES, HTTP_ORIGIN=SHOP).status == 401
    assert call(app, "POST", CASES, HTTP_ORIGIN=SHOP, **ASKED).status == 401


def test_it_is_off_unless_asked_for():
    app = create_app(":memory:")
    answer = call(app, "OPTIONS", CASES, HTTP_ORIGIN=SHOP, **ASKED)
    assert answer.status == 401
    assert not [name for name in answer.headers if name.startswith("access-control") or name == "vary"]


@pytest.mark.parametrize(
    "origins", [["*"], "*", ["shop.example"], ["https://shop.example/"], [SHOP, 7], ["https://Ä.de"]]
)
def test_what_is_no_origin_is_refused(origins):
    with pytest.raises(
        ValueError, match=r"^allow_origins must be origins such as 'https://shop\.example', in lower case, not "
    ):
        create_app(":memory:", allow_origins=origins)
