"""POST /support-cases: the new case, its first message, its number and its subject."""

import pytest

from supportcases import create_app
from tests.conftest import CASES, client_of

BODY = "The checkout shows a blank page."
OURS = "The checkout shows a blank page"  # the subject that we make of it
ID_1 = "0191abc0-0000-7000-8000-000000000001"


def create(client, **fields):
    return client.simulate_post(CASES, json={"body": BODY, **fields})


def created(client, **fields):
    answer = create(client, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json


def thread(client, number=1):
    return client.simulate_get(f"{CASES}/{number}").json["messages"]


def test_a_new_case_comes_back_in_the_reference_page_s_shape_and_order(client):
    answer = create(client, subject="Blank page", category="orders_payments", severity="high")
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Location"] == f"{CASES}/{ID_1}"
    assert answer.text == (
        f'{{"id":"{ID_1}","number":1,"subject":"Blank page",'
        '"category":"orders_payments","severity":"high","status":"open","createdAt":"2024-06-15T10:30:00.000Z",'
        '"lastActivityAt":"2024-06-15T10:30:00.000Z","closedAt":null}'
    )
    assert client.simulate_get(answer.headers["Location"]).json["number"] == 1


def test_what_is_left_out_gets_its_default(client):
    case = created(client)
    assert (case["subject"], case["category"], case["severity"]) == (OURS, "other", "normal")
    assert thread(client)[0]["authorLabel"] == "API"


def test_the_body_is_the_first_message_by_the_same_author(client):
    created(client, author="Grace")
    assert thread(client) == [
        {
            "id": "0191abc0-0000-7000-8000-000000000002",
            "authorKind": "merchant",
            "authorLabel": "Grace",
            "body": BODY,
            "attachments": [],
            "createdAt": "2024-06-15T10:30:00.000Z",
        }
    ]


def test_location_is_a_path_also_where_the_request_s_path_began_with_two_slashes(client):
    answer = client.simulate_post(f"/{CASES}", json={"body": BODY})
    assert answer.status_code == 404 or answer.headers["Location"] == f"{CASES}/{ID_1}"  # "//api/..." names a host


def test_numbers_start_at_1_in_each_store_and_grow_by_one(app, client):
    other = client_of(app, "globex")
    assert [created(client)["number"] for _ in range(3)] == [1, 2, 3]
    assert [created(other)["number"] for _ in range(2)] == [1, 2]
    assert created(client)["number"] == 4


def test_a_refused_case_takes_no_number(client):
    assert created(client)["number"] == 1
    for bad in ({"body": "short"}, {"severity": "urgent"}, {"subject": "\0\0\0"}, {"nonsense": 1}):
        assert create(client, **bad).status_code == 400
    assert created(client)["number"] == 2
    assert client.simulate_get(CASES).json["meta"]["count"] == 2


def test_times_are_utc_and_cut_to_three_decimals(client, clock):
    clock.advance(microseconds=987_999)
    case = created(client)
    assert case["createdAt"] == case["lastActivityAt"] == "2024-06-15T10:30:00.987Z"


# the subject


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ("Hi there! The checkout shows a blank page. It began today.", "The checkout shows a blank page"),
        ("Hello,\n\n**Refund** pending for `order #1042`\nmore", "Refund pending for order #1042"),
        ("<p>Payment <b>failed</b> twice</p>", "Payment failed twice"),
        ("!!!!!!!!!!!!", "Support request"),
        ("word " * 400, "Word" + " word" * 15 + "…"),
    ],
)
def test_a_missing_subject_is_made_from_the_body(client, body, subject):
    assert created(client, body=body)["subject"] == created(client, body=body)["subject"] == subject


def test_the_host_s_own_function_makes_the_subject(repository, clock):
    client = client_of(create_app(repository, clock=clock, make_subject=lambda body: f"  About {len(body)}  "), "acme")
    assert created(client)["subject"] == "About 32"
    assert created(client, subject="Mine")["subject"] == "Mine"


def fails(error):
    def make_subject(_):
        raise error

    return make_subject


@pytest.mark.parametrize(
    "make_subject",
    [
        *(fails(error) for error in (RuntimeError("no model"), TimeoutError(), RecursionError(), KeyError("x"))),
        *(
            lambda _, bad=bad: bad
            for bad in ("", "ab", "   ", "x" * 201, "two\nlines", "nul\0nul", "\ud800\ud800\ud800")
        ),
        *(lambda _, bad=bad: bad for bad in (None, 42, b"bytes", ["list"])),
    ],
)
def test_where_the_host_s_function_fails_or_answers_badly_ours_serves(repository, make_subject):
    client = client_of(create_app(repository, make_subject=make_subject), "acme")
    assert created(client)["subject"] == OURS


def test_the_host_s_function_is_asked_only_for_a_valid_case_without_subject(repository):
    asked = []
    client = client_of(create_app(repository, make_subject=lambda body: asked.append(body) or "A subject"), "acme")
    create(client, body="short")
    create(client, severity="bad")
    create(client, subject="Mine")
    assert asked == []
    create(client, body=f"  {BODY}\n")
    assert asked == [BODY]
