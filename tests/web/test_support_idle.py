"""GET and POST /support/idle: which answered cases went quiet, and closing them."""

import pytest

from tests.conftest import ACME, ADA, GLOBEX, SUPPORT, support_client_of
from tests.support.desks import everything

IDLE = f"{SUPPORT}/idle"


@pytest.fixture
def quiet(app, clock):
    """acme:1 has been quiet for 20 days, globex:1 for 15, acme:2 for 14; acme:3 still waits."""
    for number, (actor, ref, days) in enumerate(((ACME, "acme:1", 5), (GLOBEX, "globex:1", 1), (ACME, "acme:2", 14))):
        app.desk.open(actor, body="The checkout shows a blank page.", subject=f"Quiet {number}")
        app.desk.answer(ADA, ref, body="Try again.")
        clock.advance(days=days)
    app.desk.open(ACME, body="The checkout shows a blank page.")
    return app.desk


def named(answer) -> list[str]:
    assert answer.status_code == 200
    return [f"{case['store']}:{case['number']}" for case in answer.json["data"]]


def test_the_idle_cases_are_listed_the_longest_quiet_first(ada, quiet):
    assert named(ada.simulate_get(IDLE)) == ["acme:1", "globex:1", "acme:2"]
    assert named(ada.simulate_get(IDLE, params={"days": 15})) == ["acme:1", "globex:1"]
    assert named(ada.simulate_get(IDLE, params={"limit": 1, "offset": 1})) == ["globex:1"]
    assert ada.simulate_get(IDLE, params={"days": 3650}).text == '{"data":[]}'
    listed = ada.simulate_get(IDLE, params={"limit": 1}).json["data"][0]
    assert listed == ada.simulate_get(f"{SUPPORT}/cases", params={"query": "Quiet 0"}).json["data"][0]


def test_they_are_closed_with_a_word_that_says_so_and_once(ada, quiet):
    assert named(ada.simulate_post(IDLE, json={"days": 15})) == ["acme:1", "globex:1"]
    case = ada.simulate_get(f"{SUPPORT}/cases/globex:1").json
    assert (case["status"], case["messages"][-1]["authorKind"]) == ("closed", "system")
    assert "nobody has written for 15 days" in case["messages"][-1]["body"]
    assert named(ada.simulate_post(IDLE, json={"days": 15.0})) == []


def test_of_those_that_are_named_only_the_idle_ones_are_closed(ada, quiet):
    names = ["acme:2", "acme:3", "acme:99", f"acme:{'9' * 20}", "acme:0", quiet.find(ADA, "acme:1").id, "acme:2"]
    assert named(ada.simulate_post(IDLE, json={"days": 14, "cases": names})) == ["acme:2", "acme:1"]
    assert named(ada.simulate_get(IDLE)) == ["globex:1"]


def test_of_other_stores_nothing_is_listed_or_closed(app, quiet):
    bob = support_client_of(app, "Bob", ["globex"])
    assert named(bob.simulate_get(IDLE)) == ["globex:1"]
    assert named(bob.simulate_post(IDLE, json={"days": 14, "cases": ["acme:1", "globex:1"]})) == ["globex:1"]


@pytest.mark.parametrize(
    ("sent", "field", "sentence"),
    [
        ({}, "days", "Is required."),
        ({"days": 0}, "days", "Must be a whole number from 1 to 3650."),
        ({"days": 14.5}, "days", "Must be a whole number from 1 to 3650."),
        ({"days": "14"}, "days", "Must be a whole number from 1 to 3650."),
        *(
            (
                {"days": 14, "cases": cases},
                "cases",
                "Must be a list of 1 to 100 cases, each a UUID or as STORE:NUMBER.",
            )
            for cases in ("acme:1", [1], {"acme:1": 1}, ["acme:1"] * 101, [None], [], ["1"])
        ),
        ({"days": 14, "limit": 5}, "limit", "Is not a known field."),
    ],
)
def test_what_cannot_be_closed_is_named_and_nothing_is_closed(ada, quiet, sent, field, sentence):
    before = everything(quiet)
    answer = ada.simulate_post(IDLE, json=sent)
    assert answer.status_code == 400
    assert answer.json["details"] == [{"field": field, "message": sentence}]
    assert everything(quiet) == before
