"""The change feed over HTTP: what each side is told, and how whoever follows it goes on."""

import pytest

from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT

OURS, THEIRS = f"{CASES}/events", f"{SUPPORT}/events"
CASE = "0191abc0-0000-7000-8000-000000000001"


@pytest.fixture
def told(support_desk):
    """What happened to two cases; return the ids that the first has, as a case and in the ids of its events."""
    desk, clock = support_desk.desk, support_desk.clock
    case = desk.open(ACME, body="The checkout shows a blank page.", author="Grace")
    clock.advance(minutes=1)
    desk.note(ADA, "acme:1", body="A secret")
    desk.open(GLOBEX, body="Theirs is blank, too.")
    desk.answer(ADA, "acme:1", body="Which browser?", author="The team")
    desk.change(ADA, "acme:1", assignee="Ada")
    desk.change(ADA, "acme:1", assignee="Zoë", severity="high")
    return case.id, case.id.replace("-", "")


def test_a_merchant_is_told_what_merchants_see(client, told, support_desk):
    case, name = told
    answer = client.simulate_get(OURS)
    messages = [message.id for message in support_desk.desk.get(ACME, 1).messages]
    assert answer.json["data"] == [
        {
            "id": f"evt_{name}_1",
            "type": "support_case.opened",
            "sequence": 1,
            "timestamp": "2024-06-15T10:30:00.000Z",
            "case": {"id": case, "number": 1},
            "actor": {"kind": "merchant", "label": "Grace"},
            "change": {"status": {"from": None, "to": "open"}},
            "messageId": messages[0],
        },
        {
            "id": f"evt_{name}_2",
            "type": "support_case.answered",
            "sequence": 2,
            "timestamp": "2024-06-15T10:31:00.000Z",
            "case": {"id": case, "number": 1},
            "actor": {"kind": "support", "label": "The team"},
            "change": {"status": {"from": "open", "to": "answered"}},
            "messageId": messages[1],
        },
        {
            "id": f"evt_{name}_3",
            "type": "support_case.changed",
            "sequence": 3,
            "timestamp": "2024-06-15T10:31:00.000Z",
            "case": {"id": case, "number": 1},
            "actor": {"kind": "support"},
            "change": {"severity": {"from": "normal", "to": "high"}},
        },
    ]
    assert answer.json["meta"]["end"] is True


def test_the_team_is_told_all_of_it(ada, told, support_desk):
    case, name = told
    events = ada.simulate_get(THEIRS).json["data"]
    assert [(event["type"].partition(".")[2], event["store"], event["sequence"]) for event in events] == [
        ("opened", "acme", 1),
        ("noted", "acme", None),
        ("opened", "globex", 1),
        ("answered", "acme", 2),
        ("changed", "acme", None),
        ("changed", "acme", 3),
    ]
    note = next(message for message in support_desk.desk.get(ADA, "acme:1").messages if message.internal)
    assert events[1] == {
        "id": f"evt_{name}_n2",
        "type": "support_case.noted",
        "sequence": None,
        "timestamp": "2024-06-15T10:31:00.000Z",
        "store": "acme",
        "case": {"id": case, "number": 1},
        "actor": {"kind": "support", "label": "Ada"},
        "change": {},
        "messageId": note.id,
    }
    assert events[5]["change"] == {
        "assignee": {"from": "Ada", "to": "Zoë"},
        "severity": {"from": "normal", "to": "high"},
    }
    assert ada.simulate_get(THEIRS, params={"store": "globex"}).json["data"] == events[2:3]


@pytest.mark.parametrize(("path", "limit"), [(OURS, 1), (OURS, 2), (THEIRS, 1), (THEIRS, 4)])
def test_with_next_one_goes_on_and_at_the_end_one_waits_a_little(client, ada, told, support_desk, path, limit):
    who = client if path == OURS else ada
    whole = who.simulate_get(path).json["data"]
    seen, params = [], {"limit": limit}
    while True:
        answer = who.simulate_get(path, params=params)
        seen += answer.json["data"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert ("Retry-After" in answer.headers) is answer.json["meta"]["end"]
        params["after"] = answer.json["meta"]["next"]
        if answer.json["meta"]["end"]:
            break
    assert seen == whole
    assert answer.headers["Retry-After"] == "2"
    assert who.simulate_get(path, params=params).json == {"data": [], "meta": {"next": params["after"], "end": True}}
    support_desk.desk.reply(ACME, 1, body="All of them.")
    (event,) = who.simulate_get(path, params=params).json["data"]
    assert (event["type"], event["sequence"]) == ("support_case.replied", 4)


def test_latest_is_the_end(client, ada, told):
    for who, path in ((client, OURS), (ada, THEIRS)):
        latest = who.simulate_get(path, params={"after": "latest"}).json
        assert latest == {"data": [], "meta": {"next": who.simulate_get(path).json["meta"]["next"], "end": True}}


def test_a_cursor_that_is_unknown_says_what_to_do(client, ada, told):
    notes = ada.simulate_get(THEIRS, params={"limit": 2}).json["meta"]["next"]
    for who, path, after in ((client, OURS, "abc"), (ada, THEIRS, "abc"), (client, OURS, notes)):
        answer = who.simulate_get(path, params={"after": after})
        assert answer.status_code == 410
        assert answer.json["code"] == "cursor_expired"
        assert answer.json["error"] == (
            "This cursor is unknown or too old; begin again without after, or with after=latest, and read the cases "
            "anew."
        )


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"limit": "0"}, {"limit": "Must be a whole number from 1 to 1000."}),
        ({"limit": "1001"}, {"limit": "Must be a whole number from 1 to 1000."}),
        ({"after": "a.b"}, {"after": "Must be the meta.next of a page, or latest."}),
        ({"after": ["a", "b"]}, {"after": "Must not appear twice."}),
    ],
)
def test_what_no_page_is_asked_for_by_is_refused(client, params, problem):
    answer = client.simulate_get(OURS, params=params, params_csv=False)
    assert answer.status_code == 400
    assert {detail["field"]: detail["message"] for detail in answer.json["details"]} == problem


def test_each_side_has_its_own(client, ada, told):
    assert client.simulate_get(THEIRS).status_code == 404
    assert ada.simulate_get(OURS).status_code == 403
    assert client.simulate_post(OURS).status_code == 405
    assert client.simulate_head(OURS).headers["Content-Type"] == "application/json"
    assert client.simulate_get(OURS, params={"store": "globex"}).json == client.simulate_get(OURS).json
