"""GET and PATCH /support/cases/{id}: the names of a case, its tag, and what may be changed."""

import pytest

from tests.conftest import ADA, SUPPORT, support_client_of

PATH = f"{SUPPORT}/cases/acme:1"
BODY = "The checkout shows a blank page."
CASE_ID = "0191abc0-0000-7000-8000-000000000001"
AT_1030, AT_1031, AT_1032 = (f"2024-06-15T10:{minute}:00.000Z" for minute in (30, 31, 32))
CASE = {
    "id": CASE_ID,
    "number": 1,
    "subject": "Blank page",
    "category": "other",
    "severity": "normal",
    "status": "open",
    "createdAt": AT_1030,
    "lastActivityAt": AT_1030,
    "closedAt": None,
    "store": "acme",
    "assignee": None,
    "waitingSince": AT_1030,
}


pytestmark = pytest.mark.usefixtures("blank_pages")


@pytest.fixture
def patch(ada):
    """Change case 1."""
    return lambda **fields: ada.simulate_patch(PATH, json=fields)


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_case_comes_with_its_thread_notes_and_tag_to_the_byte(app, get_queued):
    app.desk.note(ADA, "acme:1", body="Known bug.")
    answer = get_queued()
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == (
        f'{{"id":"{CASE_ID}","number":1,"subject":"Blank page","category":"other","severity":"normal",'
        f'"status":"open","createdAt":"{AT_1030}","lastActivityAt":"{AT_1030}","closedAt":null,"store":"acme",'
        f'"assignee":null,"waitingSince":"{AT_1030}","messages":['
        '{"id":"0191abc0-0000-7000-8000-000000000002","authorKind":"merchant","authorLabel":"Grace",'
        f'"body":"{BODY}","attachments":[],"createdAt":"{AT_1030}","internal":false}},'
        '{"id":"0191abc0-0000-7000-8000-000000000005","authorKind":"support","authorLabel":"Ada",'
        f'"body":"Known bug.","attachments":[],"createdAt":"{AT_1031}","internal":true}}]}}'
    )


# -- changing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({"severity": "critical"}, {}),
        ({"category": "billing_plans"}, {}),
        ({"subject": "  Straße 🛒 \u202e ok  "}, {"subject": "Straße 🛒 \u202e ok"}),
        ({"subject": "abc"}, {}),
        ({"subject": "x" * 200}, {}),
        ({"assignee": "Bob"}, {}),
        ({"assignee": " Zoë 🐙 "}, {"assignee": "Zoë 🐙"}),
        ({"assignee": "🐙" * 120}, {}),
        ({"assignee": "me"}, {"assignee": "Ada"}),
        ({"assignee": " me "}, {"assignee": "Ada"}),
        ({"assignee": "Me"}, {}),
        ({"assignee": "None"}, {}),
        ({"status": "closed"}, {"closedAt": AT_1031, "lastActivityAt": AT_1031, "waitingSince": None}),
        ({"status": "answered"}, {"lastActivityAt": AT_1031, "waitingSince": None}),
        ({"severity": "low", "category": "domains_setup", "assignee": "me", "subject": "All"}, {"assignee": "Ada"}),
        ({"status": "answered", "severity": "low"}, {"lastActivityAt": AT_1031, "waitingSince": None}),
    ],
)
def test_each_field_can_be_changed_and_only_a_status_is_activity(get_queued, patch, fields, changed):
    answer = patch(**fields)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert list(answer.json) == list(CASE)
    assert answer.json == {**CASE, **fields, **changed}
    read = get_queued()
    assert (read.headers["ETag"], {k: v for k, v in read.json.items() if k != "messages"}) == ('"2"', answer.json)
    assert len(read.json["messages"]) == 1


def test_null_clears_the_assignee(patch, get_queued):
    patch(assignee="Bob")
    assert patch(assignee=None).json["assignee"] is None
    assert get_queued().json["assignee"] is None


FROM = {"open": [], "answered": ["answered"], "closed": ["closed"]}


@pytest.mark.parametrize("to", FROM)
@pytest.mark.parametrize("start", FROM)
def test_every_status_can_become_every_status(patch, get_queued, clock, start, to):
    for status in FROM[start]:
        patch(status=status)
    tag = get_queued().headers["ETag"]
    clock.advance(minutes=1)
    answer = patch(status=to)
    case = answer.json
    began = {"open": AT_1030}.get(start, AT_1031)
    at = began if to == start else AT_1032
    waiting = {"open": AT_1032 if start == "answered" else AT_1030}.get(to)  # closing was no answer
    assert (case["status"], case["lastActivityAt"], case["waitingSince"]) == (to, at, waiting)
    assert case["closedAt"] == (at if to == "closed" else None)
    assert (answer.headers["ETag"] == tag) == (to == start)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "open"},
        {"severity": "normal"},
        {"category": "other"},
        {"subject": " Blank page "},
        {"assignee": None},
        {"status": "open", "severity": "normal", "category": "other", "subject": "Blank page", "assignee": None},
    ],
)
def test_what_the_case_has_already_changes_nothing_and_keeps_the_tag(ada, patch, get_queued, fields):
    before = get_queued()
    answer = patch(**fields)
    assert (answer.status_code, answer.json, answer.headers["ETag"]) == (200, CASE, '"1"')
    assert get_queued().content == before.content
    assert ada.simulate_get(f"{PATH}/history").json["meta"]["count"] == 1


def test_assigning_to_me_twice_is_one_change(patch):
    assert [patch(assignee=a).headers["ETag"] for a in ("me", "me", "Ada", "Bob", "me")] == ['"2"'] * 3 + ['"3"', '"4"']


def test_me_is_whoever_asks(app, patch):
    patch(assignee="me")
    answer = support_client_of(app, "Bob").simulate_patch(PATH, json={"assignee": "me"})
    assert answer.json["assignee"] == "Bob"


def test_time_does_not_go_backwards(patch, clock):
    patch(status="answered")
    clock.advance(hours=-1)
    case = patch(status="closed").json
    assert (case["lastActivityAt"], case["closedAt"]) == (AT_1031, AT_1031)
