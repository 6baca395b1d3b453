"""How many requests a key may send, how many open cases a store may have, and whom an address is believed to be."""

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import pytest

from supportcases import Actor, TooManyCases, create_app
from supportcases.web.addresses import last_forwarded
from supportcases.web.rate_limit import MOST, RateLimit, Windows
from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT, call, serving
from tests.support.answers import checked

BODY = b'{"body": "The checkout shows a blank page."}'
GIVEN = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(BODY))}


def bearer(key):
    return {"HTTP_AUTHORIZATION": f"Bearer {key}"}


def from_address(app, address, **environ):
    return call(app, "GET", CASES, REMOTE_ADDR=address, **environ)


@pytest.fixture
def limited():
    """An app that takes three requests an hour of each."""
    return create_app(":memory:", rate_limit="3/hour")


@pytest.fixture
def key(limited):
    return limited.keys.create("acme")[0]


# the rate


def test_each_key_may_send_so_many_and_is_told_how_many_more(limited, key):
    answers = [call(limited, "GET", CASES, **bearer(key)) for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["ratelimit-policy"] for answer in answers] == ['"requests";q=3;w=3600'] * 5
    assert [answer.headers["ratelimit"] for answer in answers] == [
        f'"requests";r={left};t=3600' for left in (2, 1, 0, 0, 0)
    ]
    assert [answer.headers.get("retry-after") for answer in answers] == [None] * 3 + ["3600"] * 2
    body = checked(answers[3], 429, "too_many_requests")
    assert body["error"] == "The rate limit of 3/hour is used up; come again in 3,600 seconds."


def test_every_request_of_a_key_counts_whatever_comes_of_it(limited, key):
    assert call(limited, "GET", f"{CASES}/7", **bearer(key)).status == 404
    assert call(limited, "DELETE", CASES, **bearer(key)).status == 405
    assert call(limited, "POST", CASES, BODY, **GIVEN, **bearer(key)).status == 201
    assert call(limited, "POST", CASES, BODY, **GIVEN, **bearer(key)).status == 429
    assert limited.desk.list(ACME).count == 1


def test_each_key_has_a_limit_of_its_own_also_of_one_store_and_label(limited, key):
    other, _ = limited.keys.create("acme")
    ada, _ = limited.keys.create_support(label="Ada")
    assert [call(limited, "GET", CASES, **bearer(key)).status for _ in range(4)] == [200, 200, 200, 429]
    assert call(limited, "GET", CASES, **bearer(other)).status == 200
    assert call(limited, "GET", f"{SUPPORT}/stores", **bearer(ada)).status == 200


def test_each_actor_of_the_host_has_a_limit_of_its_own():
    app = create_app(":memory:", rate_limit="1/day", authenticate=lambda req: Actor.merchant(req.env["STORE"]))
    assert [call(app, "GET", CASES, STORE=store).status for store in ("acme", "acme", "globex")] == [200, 429, 200]


def test_an_address_may_fail_so_often_and_whoever_has_a_key_comes_in_from_there_all_the_same(limited, key):
    answers = [from_address(limited, "192.0.2.7", **bearer("wrong")) for _ in range(4)]
    assert [answer.status for answer in answers] == [401, 401, 401, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [
        f'"failures";r={left};t=3600' for left in (2, 1, 0, 0)
    ]
    assert checked(answers[3], 429, "too_many_requests")["error"] == (
        "The rate limit of 3/hour for requests without valid credentials is used up; come again in 3,600 seconds."
    )
    assert from_address(limited, "192.0.2.7", **bearer(key)).status == 200
    assert from_address(limited, "192.0.2.8").status == 401


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),  # of one customer
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("", "unix:", True),
    ],
)
def test_addresses_of_one_customer_are_one(limited, one, other, same):
    assert [from_address(limited, one).status for _ in range(4)] == [401, 401, 401, 429]
    assert from_address(limited, other).status == (429 if same else 401)


def test_a_forwarded_address_is_believed_of_nobody(limited):
    forged = [{"HTTP_X_FORWARDED_FOR": f"198.51.100.{n}", "HTTP_FORWARDED": f"for=198.51.100.{n}"} for n in range(4)]
    assert [from_address(limited, "192.0.2.7", **headers).status for headers in forged] == [401, 401, 401, 429]


def test_health_and_the_document_are_not_counted(limited):
    for path in ("/healthz", "/readyz", "/openapi.json") * 3:
        answer = call(limited, "GET", path)
        assert (answer.status, answer.headers.get("ratelimit")) == (200, None)


def test_without_a_rate_nothing_is_counted(client):
    assert "ratelimit" not in {name.lower() for name in client.simulate_get(CASES).headers}


def test_of_many_threads_exactly_so_many_requests_are_let_through(tmp_path):
    app = create_app(tmp_path / "cases.db", rate_limit="500/hour", authenticate=lambda req: ACME)
    together = threading.Barrier(16)

    def send(_):
        together.wait(10)
        return [call(app, "GET", f"{CASES}/7").status for _ in range(60)]

    with ThreadPoolExecutor(16) as pool:
        statuses = [status for some in pool.map(send, range(16)) for status in some]
    assert (statuses.count(404), statuses.count(429)) == (500, 460)
    app.desk.repository.close()


# the windows


def test_a_window_begins_with_the_first_request_and_all_is_new_behind_it():
    now = [1_000.0]
    windows = Windows(RateLimit(2, "minute"), lambda: now[0])
    assert windows.count("a") == (True, 1, 60)
    now[0] += 59.5
    assert [windows.count("a"), windows.count("a")] == [(True, 0, 1), (False, 0, 1)]
    assert windows.count("b") == (True, 1, 60)
    now[0] += 0.5
    assert windows.count("a") == (True, 1, 60)


def test_nobody_is_told_to_come_again_at_once():
    now = [0.0]
    windows = Windows(RateLimit(1, "second"), lambda: now[0])
    windows.count("a")
    now[0] = 0.9999999
    assert windows.count("a") == (False, 0, 1)


def test_what_is_turned_away_does_not_make_anybody_wait_longer():
    now = [0.0]
    windows = Windows(RateLimit(1, "second"), lambda: now[0])
    for at, within in ((0.0, True), (0.4, False), (0.9, False), (1.0, True)):
        now[0] = at
        assert windows.count("a").within is within


def test_a_hundred_thousand_addresses_take_no_more_memory_than_ten_thousand():
    windows = Windows(RateLimit(2, "day"), lambda: 0.0)
    windows.count("busy")
    for number in range(100_000):
        windows.count(number)
        if number % 5_000 == 0:
            windows.count("busy")
    assert len(windows._counted) == MOST == 10_000
    assert windows.count("busy").within is False  # whoever goes on asking is not forgotten
    assert windows.count(0).within is True


def test_after_a_fork_a_child_counts_on_by_itself():
    windows = Windows(RateLimit(1, "day"), lambda: 0.0)
    with windows._lock():
        child = os.fork()
        if child == 0:
            os._exit(0 if windows.count("a").within else 1)
        _, status = os.waitpid(child, 0)
    assert status == 0
    assert windows.count("a").within is True


@pytest.mark.parametrize("rate", ["", "120", "120/fortnight", "0/minute", "-1/minute", "1.5/minute", "٣/minute", 120])
def test_a_rate_that_is_none_is_refused_with_a_sentence(rate):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the sentence is compared whole
        create_app(":memory:", rate_limit=rate)
    assert str(refused.value) == (
        "rate_limit: Must be a number of requests, 1 to 999999999, in a second, minute, hour or day, "
        f"such as 120/minute, not {rate!r}."
    )


# served


def test_serve_believes_the_proxy_that_it_is_told_of_and_nobody_else(tmp_path):
    import requests

    def failing(server, number):
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        return requests.get(f"{server.url}{CASES}", headers=headers, timeout=10).status_code

    limits = ("--rate-limit", "2/hour")
    with serving(tmp_path / "cases.db", *limits) as server:
        assert [failing(server, number) for number in range(3)] == [401, 401, 429]
    with serving(tmp_path / "cases.db", *limits, "--trusted-proxy", "127.0.0.1") as server:
        assert [failing(server, number) for number in (1, 2, 3, 1, 1)] == [401, 401, 401, 401, 429]
    with serving(tmp_path / "cases.db", *limits, "--trusted-proxy", "192.0.2.1") as server:
        assert [failing(server, number) for number in range(3)] == [401, 401, 429]


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1,203.0.113.7:4711", "203.0.113.7"),
        ("203.0.113.7, unix:", "203.0.113.7"),
        ("203.0.113.7, ", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::FFFF:cb00:7107", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:4711", "203.0.113.7"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("203.0.113.7, unknown", None),  # what stands before it, the client may have written
        ("unix:", None),
        ("", None),
    ],
)
def test_the_last_forwarded_address_is_the_client_s_however_it_is_written(header, client):
    assert last_forwarded(header) == (client and ip_address(client))


def test_each_client_of_a_proxy_has_its_own_limit_on_a_socket_for_ipv4_and_ipv6(tmp_path):
    import requests

    limits = ("--rate-limit", "1/hour", "--host", "::", "--trusted-proxy", "127.0.0.1")
    with serving(tmp_path / "cases.db", *limits) as server:
        port = server.url.rpartition(":")[2]
        answers = [
            requests.get(
                f"http://127.0.0.1:{port}{CASES}", headers={"X-Forwarded-For": forwarded}, timeout=10
            ).status_code
            for forwarded in ("::ffff:203.0.113.7", "::ffff:203.0.113.8", "203.0.113.7", "1.2.3.4, ::ffff:203.0.113.9")
        ]
    assert answers == [401, 401, 429, 401]


# the cap of open cases


@pytest.fixture
def capped():
    return create_app(":memory:", authenticate=lambda req: ACME, max_open_cases=2)


def open_one(app, **environ):
    return call(app, "POST", CASES, BODY, **GIVEN, **environ)


def test_a_store_with_as_many_open_cases_as_it_may_have_opens_no_more(capped):
    assert [open_one(capped).status for _ in range(3)] == [201, 201, 409]
    body = checked(open_one(capped), 409, "too_many_cases")
    assert body["error"] == "This store has as many open cases as it may have (2); reply to one, or close one first."
    assert capped.desk.list(ACME).count == 2


def test_closing_or_answering_one_makes_room(capped):
    for _ in range(2):
        open_one(capped)
    capped.desk.close(ACME, 1)
    assert open_one(capped).json["number"] == 3
    capped.desk.answer(ADA, "acme:2", body="Which browser?")
    assert open_one(capped).json["number"] == 4
    assert open_one(capped).status == 409


def test_a_reply_or_a_reopening_is_never_refused(capped):
    for _ in range(2):
        open_one(capped)
    capped.desk.close(ACME, 1)
    open_one(capped)
    reply = json.dumps({"body": "It is back."}).encode()
    answer = call(capped, "POST", f"{CASES}/1/messages", reply, **{**GIVEN, "CONTENT_LENGTH": str(len(reply))})
    assert (answer.status, answer.json["status"]) == (201, "open")
    capped.desk.close(ACME, 1)
    assert capped.desk.reopen(ACME, 1).status == "open"
    assert capped.desk.list(ACME, status="open").count == 3


def test_each_store_has_its_own_and_the_team_is_not_held_up(capped):
    for _ in range(2):
        capped.desk.open(ACME, body="The checkout shows a blank page.")
    with pytest.raises(TooManyCases):
        capped.desk.open(ACME, body="The checkout shows a blank page.")
    assert capped.desk.open(GLOBEX, body="The checkout shows a blank page.").number == 1
    assert capped.desk.open(ADA, store="acme", body="A call by telephone.").number == 3


def test_a_retry_of_a_case_that_was_opened_gets_its_answer_although_there_is_no_more_room(capped):
    first = open_one(capped, HTTP_IDEMPOTENCY_KEY="one")
    open_one(capped)
    again = open_one(capped, HTTP_IDEMPOTENCY_KEY="one")
    assert (again.status, again.body) == (201, first.body)
    assert open_one(capped, HTTP_IDEMPOTENCY_KEY="two").status == 409
    capped.desk.close(ACME, 1)
    assert open_one(capped, HTTP_IDEMPOTENCY_KEY="two").status == 201  # a refusal is not kept


def test_of_many_who_open_at_once_as_many_are_let_through_as_there_is_room(tmp_path):
    app = create_app(tmp_path / "cases.db", authenticate=lambda req: ACME, max_open_cases=5)
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: open_one(app).status, range(40)))
    assert (statuses.count(201), statuses.count(409)) == (5, 35)
    app.desk.repository.close()


@pytest.mark.parametrize("most", [0, -1, "5", True, 1.0])
def test_a_cap_that_is_none_is_refused_with_a_sentence(most):
    with pytest.raises(ValueError, match=f"^max_open_cases must be None or a whole number from 1 on, not {most!r}.$"):
        create_app(":memory:", max_open_cases=most)
