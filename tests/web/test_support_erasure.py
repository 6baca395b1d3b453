"""Redactions and holds over HTTP: what goes and what both sides see of it, and what must stay."""

import pytest

from supportcases.domain.errors import OnHold, VacuumNeeded
from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT, support_client_of

CASE = f"{SUPPORT}/cases/acme:1"
REDACTIONS = f"{CASE}/redactions"
REASON = {"reason": "law"}
ALL = {"subject": "Card", "message": "My card is 4111.", "label": "Mara", "note": "Their card is 4111."}


@pytest.fixture
def case(app, ada, client):
    app.desk.open(ACME, body=ALL["message"], subject=ALL["subject"], author=ALL["label"])
    app.desk.note(ADA, "acme:1", body=ALL["note"])
    return app.desk.get(ADA, "acme:1")


def redacted(ada, **what):
    answer = ada.simulate_post(REDACTIONS, json={**REASON, **what})
    assert answer.status_code == 201, answer.text
    return answer.json


def test_each_thing_goes_for_both_sides_and_the_history_tells_who_and_why(case, ada, client):
    message, note = case.messages
    tag = ada.simulate_get(CASE).headers["etag"]
    for what in ({"subject": True}, {"message": message.id}, {"label": "Mara"}, {"message": note.id.upper()}):
        assert redacted(ada, **what)["gone"] is True
    assert redacted(ada, subject=True)["case"]["subject"] == "[redacted]"  # once more is once
    seen = ada.simulate_get(CASE)
    assert seen.headers["etag"] != tag
    assert [said["body"] for said in seen.json["messages"]] == ["[redacted]"] * 2
    told = client.simulate_get(f"{CASES}/1").json
    assert (told["subject"], told["messages"][0]["authorLabel"]) == ("[redacted]", "[redacted]")
    entries = ada.simulate_get(f"{CASE}/history").json["data"][-4:]
    assert [(entry["kind"], entry["to"]["redacted"], entry["to"]["reason"]) for entry in entries] == [
        ("redacted", what, "law") for what in ("subject", "message", "label", "note")
    ]
    assert [entry["actorLabel"] for entry in entries] == ["Ada"] * 4


def test_merchants_are_told_of_what_they_see_and_of_nothing_else(case, ada, client):
    message, note = case.messages
    redacted(ada, message=note.id)
    redacted(ada, message=message.id)
    feed = client.simulate_get(f"{CASES}/events").json["data"]
    assert [(event["type"], event["sequence"], event["change"]) for event in feed[1:]] == [
        ("support_case.redacted", 2, {})
    ]
    assert feed[1]["messageId"] == message.id
    of_team = ada.simulate_get(f"{SUPPORT}/events").json["data"]
    assert [event["sequence"] for event in of_team] == [1, None, None, 2]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"subject": True}, "reason is required."),
        ({**REASON}, "redact must be one of message, subject, label and attachment."),
        ({**REASON, "subject": True, "label": "Mara"}, "redact must be one of message, subject, label and attachment."),
        ({**REASON, "message": "x"}, "message must be the id of a message of this case."),
        (
            {**REASON, "message": "0191abc0-0000-7000-8000-000000000009"},
            "message must be the id of a message of this case.",
        ),
        (
            {**REASON, "attachment": "0191abc0-0000-7000-8000-000000000009"},
            "attachment must be the id of a file of this case.",
        ),
        ({"reason": "whim", "subject": True}, "reason must be request, law or mistake."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_goes(case, ada, body, said):
    answer = ada.simulate_post(REDACTIONS, json=body)
    assert (answer.status_code, answer.json["error"]) == (400, said)
    assert ada.simulate_get(CASE).json["subject"] == ALL["subject"]


def test_only_the_revision_that_was_read_is_redacted(case, ada):
    stale = ada.simulate_post(REDACTIONS, json={**REASON, "subject": True}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    tag = ada.simulate_get(CASE).headers["etag"]
    right = ada.simulate_post(REDACTIONS, json={**REASON, "subject": True}, headers={"If-Match": tag})
    assert right.status_code == 201


@pytest.mark.parametrize("what", [CASE, f"{SUPPORT}/stores/acme"])
def test_what_is_held_stays_until_it_is_released(case, ada, what):
    held = ada.simulate_put(f"{what}/hold")
    number = 1 if what == CASE else None
    assert held.json == {"store": "acme", "number": number, "heldAt": "2024-06-15T10:30:00.000Z"}
    assert ada.simulate_put(f"{what}/hold").json == held.json
    assert ada.simulate_get(f"{SUPPORT}/holds").json == {"data": [held.json]}
    refused = ada.simulate_post(REDACTIONS, json={**REASON, "subject": True})
    assert (refused.status_code, refused.json["code"], refused.json["error"]) == (409, "on_hold", str(OnHold()))
    for _ in range(2):
        released = ada.simulate_delete(f"{what}/hold")
        assert (released.status_code, released.text) == (204, "")
    assert redacted(ada, subject=True)["case"]["subject"] == "[redacted]"


def test_who_does_not_serve_the_store_holds_and_sees_nothing_of_it(app, case, ada):
    ada.simulate_put(f"{CASE}/hold")
    bob = support_client_of(app, "Bob", stores=["globex"])
    app.desk.open(GLOBEX, body="A long enough body.")
    assert bob.simulate_get(f"{SUPPORT}/holds").json == {"data": []}
    assert bob.simulate_put(f"{CASE}/hold").status_code == 404
    assert bob.simulate_delete(f"{CASE}/hold").status_code == 404
    assert bob.simulate_post(REDACTIONS, json={**REASON, "subject": True}).status_code == 404
    for store in ("acme", "nosuch"):
        for refused in (bob.simulate_put, bob.simulate_delete):
            assert refused(f"{SUPPORT}/stores/{store}/hold").status_code == 403
    assert ada.simulate_put(f"{SUPPORT}/stores/a b/hold").status_code == 400
    assert len(app.desk.holds(ADA)) == 1


def test_a_file_of_an_older_version_is_written_anew_first(case, ada, app):
    with app.desk.repository.write() as transaction:
        if not hasattr(transaction.connection, "iterdump"):
            pytest.skip("PostgreSQL needs none")  # its rows have no such mark to delete
        transaction.connection.execute("DELETE FROM supportcases_overwritten")
    refused = ada.simulate_post(REDACTIONS, json={**REASON, "subject": True})
    assert (refused.status_code, refused.json["code"], refused.json["error"]) == (
        409,
        "vacuum_needed",
        str(VacuumNeeded()),
    )
