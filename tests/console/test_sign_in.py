"""Signing in to the console, and out: who comes in, with which cookie, and where to."""

import pytest

from supportcases import create_app, mount
from tests.support.console import Agent
from tests.support.desks import everything

WRONG = "sck_" + "0" * 48
REFUSED = "That is no key of the support team, or it has expired or been revoked."


def shop(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"The shop\n"]


def cookie_of(answer) -> list[str]:
    return sorted(answer.headers["Set-Cookie"].split("; ")[1:])


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_comes_back(app, blank_pages, support_key):
    browser = Agent(app)
    sent = browser.get("/cases/acme/1")
    assert (sent.status_code, sent.headers["Location"]) == (303, "/console/sign-in?next=cases%2Facme%2F1")
    page = browser.get("/sign-in?next=cases%2Facme%2F1")
    assert 'name="next" value="cases/acme/1"' in page.text
    signed_in = browser.post("/sign-in", key=support_key, next="cases/acme/1")
    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/console/cases/acme/1")
    assert "Blank page" in browser.get("/cases/acme/1").text


def test_a_page_with_a_query_is_come_back_to_with_it(app, support_key):
    browser = Agent(app)
    place = browser.get("/?status=open&query=é+%26").headers["Location"]
    form = browser.client.simulate_get(place).text
    assert "?status=open&amp;query=" in form
    onward = "?status=open&query=%C3%A9+%26&nonsense=1"
    signed_in = browser.post("/sign-in", key=support_key, next=onward)
    assert signed_in.headers["Location"] == "/console/?status=open&query=%C3%A9+%26"


@pytest.mark.parametrize(
    "onward",
    [
        "",
        "//evil.test",
        "https://evil.test",
        "/\\evil.test",
        "..//evil.test",
        "cases/acme/1/../../evil",
        "cases/acme/one",
        "sign-out",
        "\r\nSet-Cookie: a=b",
        "x" * 10_000,
    ],
)
def test_nobody_is_led_anywhere_but_to_a_page_of_the_console(app, support_key, onward):
    signed_in = Agent(app).post("/sign-in", key=support_key, next=onward)
    assert signed_in.headers["Location"] == "/console/"


def test_the_cookie_is_for_the_console_alone_and_no_script_reads_it(app, support_key):
    signed_in = Agent(app).post("/sign-in", key=f"  {support_key}\r\n")
    assert cookie_of(signed_in) == ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Lax"]
    assert list(signed_in.cookies) == ["supportcases"]


def test_over_https_the_cookie_is_secure_and_says_so_in_its_name(app, support_key):
    answer = Agent(app).client.simulate_post(
        "/console/sign-in",
        protocol="https",
        body=f"key={support_key}",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"},
    )
    assert cookie_of(answer) == ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Lax", "Secure"]
    ((name, cookie),) = answer.cookies.items()
    assert name == "__Secure-supportcases"
    for scheme, sent_as, status in (("https", name, 200), ("http", name, 303), ("https", "supportcases", 303)):
        headers = {"Cookie": f"{sent_as}={cookie.value}"}
        assert Agent(app).client.simulate_get("/console/", protocol=scheme, headers=headers).status_code == status


def test_below_a_mount_the_cookie_is_for_the_mount_alone(app, support_key):
    browser = Agent(mount(shop, app, at="/help/désk"), at="/help/désk")
    sent = browser.get("/numbers")
    assert sent.headers["Location"] == "/help/d%C3%A9sk/console/sign-in?next=numbers"
    signed_in = browser.post("/sign-in", key=support_key)
    assert "Path=/help/d%C3%A9sk" in cookie_of(signed_in)
    assert signed_in.headers["Location"] == "/help/d%C3%A9sk/console/"
    page = browser.get()
    assert page.status_code == 200
    assert 'href="/help/d%C3%A9sk/console/?status=open"' in page.text


@pytest.mark.parametrize("key", ["", WRONG, "x" * 1_000, "' OR 1=1 --"])
def test_what_is_no_support_key_is_refused_with_a_sentence_and_gives_no_cookie(app, key):
    answer = Agent(app).post("/sign-in", key=key, next="cases/acme/1")
    assert answer.status_code == 403
    assert REFUSED in answer.text
    assert 'value="cases/acme/1"' in answer.text
    assert (key not in answer.text) or not key
    assert answer.cookies == {}


def test_a_merchants_key_does_not_come_in(app, support_desk):
    answer = Agent(app).post("/sign-in", key=support_desk.key("acme"))
    assert (answer.status_code, answer.cookies) == (403, {})


def test_each_sign_in_has_a_new_token_and_ends_the_session_before(app, support_key):
    browser = Agent(app, support_key)
    before = dict(browser.cookies)
    browser.post("/sign-in", key=support_key)
    assert browser.cookies != before
    assert browser.get().status_code == 200
    browser.cookies = before
    assert browser.get().status_code == 303


def test_a_token_that_somebody_else_has_set_is_not_taken_over(app, support_key):
    browser = Agent(app)
    browser.cookies = {"supportcases": "A" * 43}
    browser.post("/sign-in", key=support_key)
    assert browser.cookies["supportcases"] != "A" * 43


def test_of_several_cookies_that_of_this_desk_counts(app, support_key):
    browser = Agent(app, support_key)
    token = browser.cookies["supportcases"]
    headers = {"Cookie": f"supportcases={'A' * 43}; supportcases={token}"}
    assert browser.client.simulate_get("/console/", headers=headers).status_code == 200


def test_to_sign_out_ends_the_session_and_takes_the_cookie(agent):
    token = dict(agent.cookies)
    out = agent.post("/sign-out")
    assert (out.status_code, out.headers["Location"]) == (303, "/console/sign-in")
    assert agent.cookies == {}
    agent.cookies = token
    assert agent.get().status_code == 303


def test_to_revoke_the_key_ends_the_session_at_once(app, agent, support_desk):
    (key,) = support_desk.keys.all()
    assert agent.get().status_code == 200
    support_desk.keys.revoke(key.id)
    assert agent.get().status_code == 303


def test_a_session_ends_after_twelve_hours(agent, clock):
    clock.advance(hours=12, seconds=-1)
    assert agent.get().status_code == 200
    clock.advance(seconds=1)
    assert agent.get().status_code == 303


def test_an_address_may_fail_twenty_times_a_minute_and_a_right_key_always_comes_in(app, support_key):
    browser = Agent(app)
    statuses = [browser.post("/sign-in", key=WRONG).status_code for _ in range(22)]
    assert statuses == [403] * 20 + [429] * 2
    limited = browser.post("/sign-in", key=WRONG)
    assert int(limited.headers["Retry-After"]) in range(1, 61)
    assert "for requests without valid credentials" in limited.text
    assert browser.post("/sign-in", key=support_key).status_code == 303


def test_a_token_lets_nobody_into_the_api(agent):
    cookie = f"supportcases={agent.cookies['supportcases']}"
    headers = {"Cookie": cookie, "Authorization": f"Bearer {agent.cookies['supportcases']}"}
    assert agent.client.simulate_get("/api/v1/support/cases", headers=headers).status_code == 401


def test_an_api_key_in_a_header_is_no_session(app, support_key):
    answer = Agent(app).get("/", Authorization=f"Bearer {support_key}")
    assert answer.status_code == 303


def test_no_key_and_no_token_stands_in_a_page_or_in_the_log(app, support_key, caplog):
    with caplog.at_level(0):
        browser = Agent(app, support_key)
        pages = [browser.get(path).text for path in ("/", "/sign-in", "/nothing")]
    for text in (caplog.text, *pages):
        assert support_key not in text
        assert browser.cookies["supportcases"] not in text


def test_the_requests_of_a_key_are_limited_as_those_to_the_api_are(repository, support_key):
    browser = Agent(create_app(repository, console=True, rate_limit="2/minute"), support_key)
    assert [browser.get().status_code for _ in range(3)] == [200, 200, 429]


def test_whoever_sent_something_after_their_session_ended_is_told_that_it_did_not_arrive(app, desk, support_key):
    before = everything(desk)
    sent = Agent(app).post("/new", store="acme", body="The printer says PC LOAD LETTER.")
    assert sent.headers["Location"] == "/console/sign-in?next=new&lost=yes"
    assert "You were signed out, and nothing was sent." in Agent(app).get("/sign-in?next=new&lost=yes").text
    assert "You were signed out" not in Agent(app).get("/sign-in?next=new").text
    assert everything(desk) == before
