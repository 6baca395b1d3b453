"""What each field of a body allows, on both sides of the desk; whatever is refused is named and changes nothing."""

import json

import pytest

from supportcases.web.shapes import CaseChange, NewCase, NewReply, NewSupportCase, NewSupportMessage, SupportCaseChange
from tests.conftest import ADA, CASES, SUPPORT
from tests.support.answers import checked

QUEUE = f"{SUPPORT}/cases"
BODY = "The checkout shows a blank page."
WRITES = {  # by method and path: a body that is taken
    ("POST", CASES): {"body": BODY},
    ("POST", f"{CASES}/1/messages"): {"body": "More."},
    ("PATCH", f"{CASES}/1"): {"status": "closed"},
    ("POST", QUEUE): {"store": "acme", "body": BODY},
    ("POST", f"{QUEUE}/acme:1/messages"): {"body": "More."},
    ("PATCH", f"{QUEUE}/acme:1"): {"severity": "low"},
}
NEW, REPLY, STATUS, OPENING, ANSWER, CHANGE = WRITES
TEXTS = [  # the shortest and the longest
    *((NEW, "body", 10, 10_000), (NEW, "subject", 3, 200), (NEW, "author", 1, 120)),
    *((REPLY, "body", 1, 10_000), (REPLY, "author", 1, 120)),
    *((OPENING, "body", 10, 10_000), (OPENING, "subject", 3, 200), (OPENING, "author", 1, 120)),
    *((ANSWER, "body", 1, 10_000), (ANSWER, "author", 1, 120)),
    *((CHANGE, "subject", 3, 200), (CHANGE, "assignee", 1, 120)),
]
CATEGORIES = "orders_payments, products_catalog, domains_setup, billing_plans, store_builder or other"
SEVERITIES = "critical, high, normal or low"
CHOICES = [
    *((NEW, "category", CATEGORIES, ""), (NEW, "severity", SEVERITIES, "")),
    *((OPENING, "category", CATEGORIES, ""), (OPENING, "severity", SEVERITIES, "")),
    (STATUS, "status", "open or closed", " (answered is set by support only)"),
    (ANSWER, "kind", "support, elliot or system", " (merchant is for what merchants write themselves)"),
    *((CHANGE, "category", CATEGORIES, ""), (CHANGE, "severity", SEVERITIES, "")),
    (CHANGE, "status", "open, answered or closed", ""),
]
FLAGS = [(ANSWER, "internal"), (ANSWER, "close")]
FILES = [(where, "attachments") for where in (NEW, REPLY, OPENING, ANSWER)]
FIELDS = [*TEXTS, *CHOICES, *FLAGS, *FILES, (OPENING, "store")]
FAMILY = "👩\u200d👩\u200d👧\u200d👦"  # 7 code points
CONTROLS = [chr(c) for c in (*range(1, 32), *range(0x7F, 0xA0))]
UNSEEN = "Must have a visible character, not only spaces, control and format characters."


@pytest.fixture
def write(send):
    """Write with some fields changed; a lone surrogate travels as its escape."""
    return lambda where, **fields: send(*where, json.dumps(WRITES[where] | fields).encode())


@pytest.fixture
def kept(send, write):
    """Write a text, which has to be taken; return it as it is read afterwards."""

    def kept(where, field, text):
        answer = write(where, **{field: text})
        assert answer.status in (200, 201), answer
        case = send("GET", f"{QUEUE}/acme:{answer.json.get('number', 1)}").json
        return {**case, **case["messages"][-1], "author": case["messages"][-1]["authorLabel"]}[field]

    return kept


@pytest.fixture
def refuse(app, write):
    """Write what has to be refused and to change nothing; return what is said of each field, in its order."""

    def refuse(where, **fields):
        before = app.desk.queue(ADA).count, app.desk.revision(ADA, "acme:1")
        body = checked(write(where, **fields), 400, "validation_failed")
        assert (app.desk.queue(ADA).count, app.desk.revision(ADA, "acme:1")) == before
        return {detail["field"]: detail["message"] for detail in body["details"]}

    return refuse


@pytest.mark.parametrize(("where", "field", "shortest", "longest"), TEXTS)
def test_a_text_is_trimmed_and_then_measured_in_code_points(kept, refuse, where, field, shortest, longest):
    for letters in ("a", "🛒", "\U0010ffff", "e\u0301", FAMILY):
        for length in (shortest, longest):
            text = (letters * length)[:length]
            assert kept(where, field, f" \t\u3000{text}\r\n") == text
        for length in (shortest - 1, longest + 1):
            sentence = f"Must be {shortest:,} to {longest:,} characters long, not {length:,}."
            assert refuse(where, **{field: f"\n{(letters * length)[:length]}   "}) == {field: sentence}


@pytest.mark.parametrize("space", [" ", "\t", "\r\n", "\n", "\u00a0", "\u2003", "\u3000", "\x85", "\u2028", "\x1f"])
def test_every_space_of_unicode_is_trimmed(kept, space):
    assert kept(NEW, "subject", f"{space * 3}a b{space * 3}") == "a b"


@pytest.mark.parametrize("text", ["\u200bx\u200b", "\ufeff\ufeffx"])
def test_what_str_strip_leaves_counts(kept, text):
    assert kept(NEW, "subject", text) == text


@pytest.mark.parametrize(("where", "field", "shortest", "longest"), TEXTS)
def test_what_no_text_may_be_or_hold(refuse, where, field, shortest, longest):
    for value in (0, 1, -1.5, True, False, [], ["x" * 20], {}, {"a": "b"}, 10**30):
        assert refuse(where, **{field: value}) == {field: "Must be a string."}
    assert refuse(where, **{field: "twelve \0 chars"}) == {field: "Must not contain a NUL character."}
    for fault in ("\ud800", "\udfff", "\udc00\ud800"):
        assert refuse(where, **{field: f"twelve {fault} chars"}) == {field: "Must not contain a lone surrogate."}
    assert refuse(where, **{field: "\u200b" * 10}) == {field: UNSEEN}
    if field != "assignee":  # which null clears
        assert refuse(where, **{field: None}) == {field: "Must not be null."}


@pytest.mark.parametrize(("where", "field", "shortest", "longest"), TEXTS)
def test_a_body_takes_control_characters_and_a_field_of_one_line_does_not(
    kept, refuse, where, field, shortest, longest
):
    for control in CONTROLS:
        text = f"A terminal {control}[31mlog"
        if field == "body":
            assert kept(where, field, text) == text
        else:
            assert refuse(where, **{field: text}) == {field: "Must be one line without control characters."}


@pytest.mark.parametrize(("where", "field", "names", "reason"), CHOICES)
def test_a_choice_is_one_of_its_words_exactly(write, refuse, where, field, names, reason):
    words = names.replace(" or ", ", ").split(", ")
    for word in words:
        answer = write(where, **{field: word})
        assert answer.status in (200, 201)
        assert (answer.json.get("message", {}).get("authorKind") or answer.json[field]) == word
    others = ["", " ", "x", "all", "none", "merchant", "ｏther", *(word.title() for word in words)]
    for value in (*others, *(f" {word}\n" for word in words), 0, 1, True, [], {}, ["low"]):
        assert refuse(where, **{field: value}) == {field: f"Must be {names}{reason}."}
    assert refuse(where, **{field: None}) == {field: "Must not be null."}


@pytest.mark.parametrize(("where", "field"), FLAGS)
def test_a_flag_is_true_or_false(refuse, where, field):
    for value in (0, 1, "true", "", [], {}):
        assert refuse(where, **{field: value}) == {field: "Must be true or false."}
    assert refuse(where, **{field: None}) == {field: "Must not be null."}


@pytest.mark.parametrize("store", ["", " acme", "a b", "é", "-a", "a" * 65, 1, ["acme"], "a\n"])
def test_a_store_is_a_name_of_64_ascii_characters(refuse, store):
    assert refuse(OPENING, store=store)["store"].startswith("Must be 1 to 64 ASCII letters, digits, dots, ")


@pytest.mark.parametrize(("where", "field"), FILES)
def test_files_are_named_by_their_ids(refuse, where, field):
    for value in ("x", 1, True, {}, [1], ["x"], [None], ["0191abc0-0000-7000-8000-000000000001"] * 101):
        assert refuse(where, **{field: value}) == {field: "Must be a list of the ids of up to 100 files."}
    assert refuse(where, **{field: None}) == {field: "Must not be null."}


def test_every_field_of_every_write_is_tried_here():
    schemas = [NewCase, NewReply, CaseChange, NewSupportCase, NewSupportMessage, SupportCaseChange]
    for where, schema in zip(WRITES, schemas, strict=True):
        assert {field for at, field, *_ in FIELDS if at == where} == schema().fields.keys()


@pytest.mark.parametrize("where", WRITES)
def test_an_unknown_field_is_named_also_where_another_write_knows_it(refuse, where):
    elsewhere = {field for _, field, *_ in FIELDS} - {field for at, field, *_ in FIELDS if at == where}
    for name in {"severty", "Body", "id", "number", "closedAt", "", " body", "🛒", *elsewhere}:
        assert refuse(where, **{name: "x"}) == {name: "Is not a known field."}


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        (NEW, "body is required."),
        (REPLY, "body is required."),
        (STATUS, "status is required."),
        (OPENING, "body is required; store is required."),
        (ANSWER, "body is required."),
        (CHANGE, "request body must have at least one of status, severity, category, assignee, subject."),
    ],
)
def test_what_is_required(send, where, sentence):
    assert checked(send(*where, b"{}"), 400, "validation_failed")["error"] == sentence


def test_every_faulty_field_is_named_at_once(refuse):
    faults = dict.fromkeys(["body", "subject", "author", "severity", "category", "store", "zzz"], "")
    assert set(refuse(OPENING, **faults)) == set(faults)


@pytest.mark.parametrize("label", ["none", " none "])
def test_a_reserved_word_is_no_assignee(refuse, label):
    assert refuse(CHANGE, assignee=label) == {
        "assignee": "Must not be 'none', which is reserved; null clears the assignee."
    }


def test_a_surrogate_pair_is_one_proper_character(send):
    raw = b'{"body": "' + rb"\ud83d\uded2" * 10 + b'"}'
    assert send(*NEW, raw).status == 201
    assert send("GET", f"{CASES}/2").json["messages"][0]["body"] == "🛒" * 10


def test_unicode_is_written_as_it_is_and_not_escaped(send):
    assert "注文 🛒" in send(*NEW, json.dumps({"body": BODY, "subject": "注文 🛒"}).encode()).body.decode()
