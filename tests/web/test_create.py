"""POST /support-cases: the new case, its first message, the subject, what each field allows."""

import json
import threading

import pytest
from falcon.testing import TestClient

from supportcases import create_app
from supportcases.testing import numbered_ids
from tests.conftest import CASES, client_of

BODY = "The checkout shows a blank page."
CASE_KEYS = ["id", "number", "subject", "category", "severity", "status", "createdAt", "lastActivityAt", "closedAt"]
ID_1 = "0191abc0-0000-7000-8000-000000000001"
TEXT_FIELDS = ["body", "subject", "author"]


def create(client, **fields):
    document = json.dumps({"body": BODY, **fields})  # all ASCII: a lone surrogate travels as its escape
    return client.simulate_post(CASES, body=document, headers={"Content-Type": "application/json"})


def created(client, **fields):
    answer = create(client, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json


def thread(client, number=1):
    return client.simulate_get(f"{CASES}/{number}").json["messages"]


def refusal(answer):
    assert answer.status_code == 400, answer.text
    assert answer.json["code"] == "validation_failed"
    return {d["field"]: d["message"] for d in answer.json["details"]}


def count(client):
    return client.simulate_get(CASES).json["meta"]["count"]


def test_a_new_case_comes_back_in_the_reference_page_s_shape_and_order(client):
    answer = create(client, subject="Blank page", category="orders_payments", severity="high")
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == (
        '{"id":"0191abc0-0000-7000-8000-000000000001","number":1,"subject":"Blank page",'
        '"category":"orders_payments","severity":"high","status":"open","createdAt":"2024-06-15T10:30:00.000Z",'
        '"lastActivityAt":"2024-06-15T10:30:00.000Z","closedAt":null}'
    )
    assert list(answer.json) == CASE_KEYS


def test_what_is_left_out_gets_its_default(client):
    case = created(client)
    assert case == {
        "id": ID_1,
        "number": 1,
        "subject": "The checkout shows a blank page",
        "category": "other",
        "severity": "normal",
        "status": "open",
        "createdAt": "2024-06-15T10:30:00.000Z",
        "lastActivityAt": "2024-06-15T10:30:00.000Z",
        "closedAt": None,
    }
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


def test_location_is_the_absolute_path_of_the_case_by_uuid(client):
    answer = create(client)
    assert answer.headers["Location"] == f"{CASES}/{ID_1}"
    assert client.simulate_get(answer.headers["Location"]).json["number"] == 1


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
    assert count(client) == 2


def test_real_ids_are_uuids_of_version_7_and_sort_as_they_were_made():
    client = client_of(create_app(":memory:"), "acme")
    ids = [created(client)["id"] for _ in range(20)]
    ids += [message["id"] for message in thread(client)]
    assert len(set(ids)) == 21
    for case_id in ids:
        assert len(case_id) == 36
        assert case_id == case_id.lower()
        assert case_id[14] == "7"
        assert case_id[19] in "89ab"
    assert [case_id[:13] for case_id in ids[:20]] == sorted(case_id[:13] for case_id in ids[:20])


def test_times_are_utc_and_cut_to_three_decimals(client, clock):
    clock.advance(microseconds=987_999)
    case = created(client)
    assert case["createdAt"] == case["lastActivityAt"] == "2024-06-15T10:30:00.987Z"


@pytest.mark.parametrize(
    "category", ["orders_payments", "products_catalog", "domains_setup", "billing_plans", "store_builder", "other"]
)
def test_every_category_is_kept(client, category):
    assert created(client, category=category)["category"] == category


@pytest.mark.parametrize("severity", ["critical", "high", "normal", "low"])
def test_every_severity_is_kept(client, severity):
    assert created(client, severity=severity)["severity"] == severity


CHOICES = {
    "category": "Must be orders_payments, products_catalog, domains_setup, billing_plans, store_builder or other.",
    "severity": "Must be critical, high, normal or low.",
}


@pytest.mark.parametrize("field", CHOICES)
@pytest.mark.parametrize("value", ["", " ", "HIGH", "Other", " high", "other ", "all", "none", "high\n", "ｏther"])
def test_an_unknown_choice_is_400_with_the_choices(client, field, value):
    assert refusal(create(client, **{field: value})) == {field: CHOICES[field]}


@pytest.mark.parametrize("field", ["body", "subject", "category", "severity", "author"])
@pytest.mark.parametrize("value", [0, 1, -1.5, True, False, [], ["x" * 20], {}, {"a": "b"}, 10**30])
def test_a_wrong_type_is_400_and_named(client, field, value):
    told = refusal(create(client, **{field: value}))
    assert told == {field: CHOICES.get(field, "Must be a string.")}


@pytest.mark.parametrize("field", ["body", "subject", "category", "severity", "author"])
def test_null_is_400_and_named(client, field):
    assert refusal(create(client, **{field: None})) == {field: "Must not be null."}


@pytest.mark.parametrize(
    "field", ["severty", "Body", "status", "number", "id", "store", "attachments", "", " body", "🛒"]
)
def test_an_unknown_field_is_400_and_named(client, field):
    assert refusal(create(client, **{field: "x"})) == {field: "Is not a known field."}
    assert count(client) == 0


def test_a_missing_body_is_400_and_named(client):
    assert refusal(client.simulate_post(CASES, json={})) == {"body": "Is required."}


def test_every_faulty_field_is_named_at_once(client):
    answer = create(client, body="short", subject="ab", author="", severity="bad", category="bad", extra=1)
    assert set(refusal(answer)) == {"body", "subject", "author", "severity", "category", "extra"}
    assert isinstance(answer.json["error"], str)


LENGTHS = {"body": (10, 10_000), "subject": (3, 200), "author": (1, 120)}


@pytest.mark.parametrize("letter", ["a", "ä", "🛒", "\U0010ffff"])
@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_the_shortest_and_longest_texts_are_allowed_and_measured_in_code_points(client, field, letter):
    shortest, longest = LENGTHS[field]
    for length in {shortest, shortest + 1, longest - 1, longest}:
        assert create(client, **{field: letter * length}).status_code == 201
    for length in (shortest - 1, longest + 1):
        told = refusal(create(client, **{field: letter * length}))
        assert told == {field: f"Must be {shortest:,} to {longest:,} characters long, not {length:,}."}


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_a_joined_emoji_counts_each_of_its_code_points(client, field):
    longest = LENGTHS[field][1]
    family = "👩\u200d👩\u200d👧\u200d👦"  # 7 code points
    assert create(client, **{field: "a" * (longest - 7) + family}).status_code == 201
    assert create(client, **{field: "a" * (longest - 6) + family}).status_code == 400


@pytest.mark.parametrize("space", [" ", "\t", "\r\n", "\n", "\u00a0", "\u2003", "\u3000", "\x85", "\u2028", "\x1f"])
@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_texts_are_trimmed_before_they_are_measured(client, field, space):
    shortest, longest = LENGTHS[field]
    for length in (shortest, longest):
        text = "a" * length
        case = created(client, **{field: space * 3 + text + space * 3})
        message = thread(client, case["number"])[0]
        assert {"body": message["body"], "subject": case["subject"], "author": message["authorLabel"]}[field] == text
    told = refusal(create(client, **{field: space * 30 + "a" * (shortest - 1) + space}))
    assert list(told) == [field]


@pytest.mark.parametrize("text", ["\u200bx\u200b", "\ufeff\ufeffx"])
def test_what_str_strip_leaves_counts(client, text):
    assert created(client, subject=text)["subject"] == text


@pytest.mark.parametrize("fault", ["\0", chr(0xD800), chr(0xDFFF), chr(0xDC00) + chr(0xD800)], ids=ascii)
@pytest.mark.parametrize("field", ["body", "subject", "author", "category", "severity"])
def test_nul_and_lone_surrogates_are_400_in_every_field(client, field, fault):
    assert list(refusal(create(client, **{field: f"twelve {fault} chars"}))) == [field]
    assert count(client) == 0


def test_a_surrogate_pair_is_one_proper_character(client):
    raw = '{"body": "' + "\\ud83d\\uded2" * 10 + '"}'
    answer = client.simulate_post(CASES, body=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    assert thread(client)[0]["body"] == "🛒" * 10


CONTROLS = [chr(c) for c in (*range(1, 32), *range(0x7F, 0xA0))]


@pytest.mark.parametrize("field", ["subject", "author"])
@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_a_one_line_field_takes_no_control_character(client, field, control):
    assert refusal(create(client, **{field: f"one{control}two"})) == {
        field: "Must be one line without control characters."
    }


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_a_body_takes_control_characters(client, control):
    body = f"A terminal {control}[31mlog"
    created(client, body=body)
    assert thread(client)[0]["body"] == body


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> & \"quotes\" 'single'",
        "e\u0301 is not \u00e9 and \ufb01 is not fi",
        "\\u0041 \\n %00 {{7*7}} ${x}",
        "'; DROP TABLE supportcases_cases; --",
        "\u202eright to left\u202c, 注文できない, שלום",
        "a line\u2028and a paragraph\u2029\ufeff\ufffe\uffff",
        "😀 \U000e0041 \U0010fffd at the end",
    ],
)
def test_text_comes_back_as_it_was_stored(client, text):
    case = created(client, body=text, subject=text, author=text)
    message = thread(client)[0]
    assert (case["subject"], message["body"], message["authorLabel"]) == (text, text, text)
    assert client.simulate_get(CASES).json["data"][0]["subject"] == text


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ("Hi there! The checkout shows a blank page. It began today.", "The checkout shows a blank page"),
        ("Hello,\n\n**Refund** pending for `order #1042`\nmore", "Refund pending for order #1042"),
        ("# My domain does not resolve\n\nSince Monday.", "My domain does not resolve"),
        ("<p>Payment <b>failed</b> twice</p>", "Payment failed twice"),
        ("!!!!!!!!!!!!", "Support request"),
        ("word " * 400, "Word" + " word" * 15 + "…"),
    ],
)
def test_a_missing_subject_is_made_from_the_body(client, body, subject):
    case = created(client, body=body)
    assert case["subject"] == subject
    assert len(subject) <= 80


@pytest.mark.parametrize(
    "body", ["x" * 10_000, "🛒" * 10, "\x07" * 12 + "a", "1 2 3 4 5 6", "." * 10, "<" * 50, "é" * 99]
)
def test_a_made_subject_is_always_one_proper_line_and_always_the_same(client, body):
    subjects = {created(client, body=body)["subject"] for _ in range(2)}
    assert len(subjects) == 1
    (subject,) = subjects
    assert 3 <= len(subject) <= 80
    assert created(client, subject=subject)["subject"] == subject


def test_the_host_s_own_function_makes_the_subject(repository, clock):
    client = client_of(create_app(repository, clock=clock, make_subject=lambda body: f"  About {len(body)}  "), "acme")
    assert created(client)["subject"] == "About 32"
    assert created(client, subject="Mine")["subject"] == "Mine"


@pytest.mark.parametrize(
    "bad", ["", "ab", "   ", "x" * 201, "two\nlines", "nul\0nul", "\ud800\ud800\ud800", None, 42, b"bytes", ["list"]]
)
def test_a_bad_subject_of_the_host_s_function_is_replaced_by_ours(repository, bad):
    client = client_of(create_app(repository, make_subject=lambda _: bad), "acme")
    assert created(client)["subject"] == "The checkout shows a blank page"


@pytest.mark.parametrize("error", [RuntimeError("no model"), TimeoutError(), RecursionError(), KeyError("x")])
def test_a_failure_of_the_host_s_function_does_not_hinder_the_case(repository, error):
    def make_subject(_):
        raise error

    client = client_of(create_app(repository, make_subject=make_subject), "acme")
    assert created(client)["subject"] == "The checkout shows a blank page"


def test_the_host_s_function_is_asked_only_for_a_valid_case_without_subject(repository):
    asked = []
    client = client_of(create_app(repository, make_subject=lambda body: asked.append(body) or "A subject"), "acme")
    create(client, body="short")
    create(client, severity="bad")
    create(client, subject="Mine")
    assert asked == []
    create(client, body=f"  {BODY}\n")
    assert asked == [BODY]


@pytest.mark.parametrize("place", ["memory", "file"])
def test_eight_threads_get_numbers_without_gaps_and_twins(tmp_path, place):
    app = create_app(":memory:" if place == "memory" else tmp_path / "cases.db", new_id=numbered_ids())
    client = client_of(app, "acme")
    numbers, lock = [], threading.Lock()

    def work():
        for _ in range(5):
            number = created(client)["number"]
            with lock:
                numbers.append(number)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    app.desk.repository.close()
    assert sorted(numbers) == list(range(1, 41))


def test_unicode_is_written_as_it_is_and_not_escaped(client):
    answer = create(client, subject="注文 🛒")
    assert "注文 🛒" in answer.content.decode()


def test_json_may_escape_any_character(client):
    raw = json.dumps({"body": "été " * 10, "subject": "été"}, ensure_ascii=True)
    answer = client.simulate_post(CASES, body=raw, headers={"Content-Type": "application/json"})
    assert answer.json["subject"] == "été"


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON; charset=utf-8", "APPLICATION/JSON ; a=b"]
)
def test_media_types_compare_without_case_and_parameters(client, media_type):
    answer = client.simulate_post(CASES, body=json.dumps({"body": BODY}), headers={"Content-Type": media_type})
    assert answer.status_code == 201


def test_a_key_of_the_same_store_sees_the_case(app, client):
    created(client)
    assert client_of(app, "acme").simulate_get(f"{CASES}/1").status_code == 200


def test_a_post_with_a_slash_at_the_end_opens_no_case(client):
    answer = client.simulate_post(f"{CASES}/", json={"body": BODY})
    assert (answer.status_code, answer.json["error"]) == (404, "There is nothing at this path.")
    assert count(client) == 0


def test_a_case_needs_a_key(app):
    answer = TestClient(app).simulate_post(CASES, json={"body": BODY})
    assert answer.status_code == 401
