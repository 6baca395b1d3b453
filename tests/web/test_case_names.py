"""What names a case in a path, on both sides; everything else is one and the same 404, whatever is asked of it."""

import pytest

from supportcases.domain.errors import CaseNotFound
from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT

QUEUE = f"{SUPPORT}/cases"
NOT_FOUND = {"error": "There is no such support case.", "code": "not_found", "requestId": "test"}
THEIRS, OURS, A_MESSAGE = (f"0191abc0-0000-7000-8000-00000000000{n}" for n in (1, 7, 8))
NUMBERS = ["1", "01", "000001", "#1", "#000001", "0" * 19 + "1", "#" + "0" * 19 + "1"]
UUIDS = [OURS, OURS.upper(), OURS.title()]
NO_NUMBERS = [
    *(
        "0",
        "000",
        "#0",
        "-1",
        "+1",
        "1_0",
        "%201",
        "1%20",
        "1.0",
        "1e0",
        "0x1",
        "１",
        "٣",
        "²",
        "#",
        "##1",
        "1#",
        "# 1",
    ),
    *("2", "9223372036854775807", "9223372036854775808", "99999999999999999999", "9" * 40, "0" * 20 + "1"),
    *("1" * 5000, "%00", "1%00", "%0A1", "1%0A", "%FF", "%ED%A0%80", "1%ED%A0%80", "1:1", ":1", "ä", "*", "%25"),
]
NO_UUIDS = [
    *(OURS.replace("-", ""), f"{{{OURS}}}", f"urn:uuid:{OURS}", f"{OURS}%20", f"{OURS}%00", f"#{OURS}", f":{OURS}"),
    *(OURS[:-1] + "７", A_MESSAGE, "0191abc0-0000-7000-8000-0000000000ff", "00000000-0000-0000-0000-000000000000"),
    *("null", "messages", "all", f"acme:{OURS}"),
]
MERCHANTS = [*NO_NUMBERS, *NO_UUIDS, THEIRS, ".", "..", "acme:1", "globex:1"]
SUPPORTS = [
    *(f"acme:{number}" for number in NO_NUMBERS),
    *NO_UUIDS,
    *("1", "000001", "#1", "acme:", "acme", " acme:1", "ACME:1", "nosuch:1", "é:1", "*:1", "%00:1", "acme%00:1"),
    *("%ED%A0%80:1", "none:1", "x" * 3000 + ":1"),
]


@pytest.fixture(autouse=True)
def case(app):
    """Case 1 of acme, beside three of globex."""
    for _ in range(3):
        app.desk.open(GLOBEX, body="The checkout shows a blank page.", subject="theirs")
    return app.desk.open(ACME, body="The checkout shows a blank page.")


def said(asker, path):
    """Return every answer to a request of the case at `path`."""
    return [
        asker.simulate_get(path),
        asker.simulate_patch(path, json={"status": "closed"}),
        asker.simulate_post(f"{path}/messages", json={"body": "hello"}),
        asker.simulate_post(f"{path}/messages", json={"body": "hello"}, headers={"Idempotency-Key": "k"}),
    ]


@pytest.mark.parametrize("ref", [*NUMBERS, *UUIDS])
def test_a_number_or_a_uuid_names_a_merchant_s_case(client, ref):
    answers = said(client, f"{CASES}/{ref.replace('#', '%23')}")
    assert [answer.status_code for answer in answers] == [200, 200, 201, 201]
    assert answers[0].json["id"] == OURS


@pytest.mark.parametrize("ref", [*(f"acme:{number}" for number in NUMBERS), *UUIDS])
def test_a_store_with_a_number_or_a_uuid_names_a_case_for_the_support_team(ada, ref):
    path = f"{QUEUE}/{ref.replace('#', '%23')}"
    answers = [*said(ada, path), ada.simulate_get(f"{path}/history")]
    assert [answer.status_code for answer in answers] == [200, 200, 201, 201, 200]
    assert answers[0].json["id"] == OURS


@pytest.mark.parametrize("ref", MERCHANTS)
def test_everything_else_names_no_case_of_a_merchant(app, client, ref):
    path = f"{CASES}/{ref.replace('#', '%23')}"
    assert [(answer.status_code, answer.json) for answer in said(client, path)] == [(404, NOT_FOUND)] * 4
    assert client.simulate_head(path).status_code == 404
    assert app.desk.revision(ADA, "acme:1") == 1


@pytest.mark.parametrize("ref", SUPPORTS)
def test_everything_else_names_no_case_for_the_support_team(app, ada, ref):
    path = f"{QUEUE}/{ref.replace('#', '%23')}"
    answers = [*said(ada, path), ada.simulate_get(f"{path}/history")]
    answers.append(ada.simulate_patch(path, json={"status": "closed"}, headers={"If-Match": '"1"'}))
    assert [(answer.status_code, answer.json) for answer in answers] == [(404, NOT_FOUND)] * 6
    assert ada.simulate_head(path).status_code == 404
    assert app.desk.revision(ADA, "acme:1") == 1


@pytest.mark.parametrize("ref", ["\ud800:1", "acme\udcff:1", "\0:1", "acme:\ud800", "\ud800", "é:1"])
def test_a_name_that_cannot_be_kept_names_no_case_from_python_either(app, ref):
    with pytest.raises(CaseNotFound):
        app.desk.get(ADA, ref)
    with pytest.raises(CaseNotFound):
        app.desk.answer(ADA, ref, body="hello")
