"""Many cases at once over HTTP: changed, noted, and those that are not there passed over."""

import pytest

from tests.conftest import ADA, SUPPORT
from tests.support.desks import everything

QUEUE = f"{SUPPORT}/cases"


def test_many_are_changed_and_noted_at_once_and_told_as_they_are_then(ada, desk, blank_pages):
    other = desk.find(ADA, "globex:1")
    change = {
        "cases": ["acme:1", other.id, "acme:#000001"],
        "assignee": "me",
        "severity": "high",
        "note": "Ein Fehler – für alle 💥",
    }
    answer = ada.simulate_patch(QUEUE, json=change)
    assert answer.status_code == 200
    told = [(case["store"], case["number"], case["assignee"], case["severity"]) for case in answer.json["data"]]
    assert told == [("acme", 1, "Ada", "high"), ("globex", 1, "Ada", "high")]
    for ref in ("acme:1", "globex:1"):
        last = desk.get(ADA, ref).messages[-1]
        assert (last.body, last.internal, last.author_label) == ("Ein Fehler – für alle 💥", True, "Ada")
        assert [entry.kind for entry in desk.history(ADA, ref).entries] == ["opened", "changed", "noted"]


def test_a_case_that_the_asker_does_not_serve_is_passed_over_as_one_that_never_was(support_desk, desk, blank_pages):
    bob = support_desk.support_client("Bob", ["globex"])
    foreign = desk.find(ADA, "acme:1")
    answer = bob.simulate_patch(
        QUEUE, json={"cases": ["acme:1", foreign.id, "globex:99", "globex:1"], "status": "closed"}
    )
    assert [case["store"] for case in answer.json["data"]] == ["globex"]
    assert desk.find(ADA, "acme:1") == foreign
    assert desk.find(ADA, "globex:1").status == "closed"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "closed"}, "cases"),
        ({"cases": [], "status": "closed"}, "cases"),
        ({"cases": "acme:1", "status": "closed"}, "cases"),
        ({"cases": ["acme:1", "1"], "status": "closed"}, "cases"),
        ({"cases": ["acme:1", 1], "status": "closed"}, "cases"),
        ({"cases": ["acme:1"] * 101, "status": "closed"}, "cases"),
        ({"cases": ["acme:1"]}, "request body"),
        ({"cases": ["acme:1"], "status": "new"}, "status"),
        ({"cases": ["acme:1"], "note": " "}, "note"),
        ({"cases": ["acme:1"], "subject": "The same"}, "subject"),
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_is_not_allowed_names_its_field_and_changes_no_case(ada, desk, blank_pages, change, field):
    before = everything(desk)
    answer = ada.simulate_patch(QUEUE, json=change)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json["details"]] == [field]
    assert everything(desk) == before
