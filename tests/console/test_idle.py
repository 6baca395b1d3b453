"""Quiet cases in the console: a preview of what `close-idle` would close, and closing what is ticked."""

import re
from urllib.parse import quote

import pytest

from tests.conftest import ACME, ADA, GLOBEX
from tests.support.console import Agent, noticed, text_of
from tests.support.desks import everything


@pytest.fixture
def quiet(desk, clock):
    """acme:1 has been quiet for 20 days, globex:1 for 15; acme:2 was answered today."""
    for actor, ref, days in ((ACME, "acme:1", 5), (GLOBEX, "globex:1", 15), (ACME, "acme:2", 0)):
        desk.open(actor, body="The checkout shows a blank page.", subject=f"Blank {ref}")
        desk.answer(ADA, ref, body="Try again.")
        clock.advance(days=days)
    return desk


def ticked(html: str) -> list[str]:
    return re.findall('name="case" value="(.*?)" checked', html)


def test_the_view_answered_leads_to_those_that_went_quiet_and_nothing_is_closed(quiet, agent):
    before = everything(quiet)
    assert 'href="/console/idle"' in agent.get("/?status=answered&sort=activity").text
    assert 'href="/console/idle"' not in agent.get("/?status=open").text
    page = agent.get("/idle").text
    assert ticked(page) == ["acme:1", "globex:1"]
    assert "Blank acme:1 acme #000001 quiet for 20 d" in text_of(page)
    assert "nobody has written for 14 days since it was answered" in text_of(page)
    assert ticked(agent.get("/idle?days=16").text) == ["acme:1"]
    assert "No answered case has been quiet for so long." in agent.get("/idle?days=21").text
    assert everything(quiet) == before


def test_what_is_ticked_is_closed_unless_it_moved_meanwhile(quiet, agent):
    quiet.reply(ACME, 1, body="It is not mended.")
    sent = agent.post("/idle", [("case", "acme:1"), ("case", "globex:1"), ("case", "acme:2")], days="14")
    assert sent.headers["Location"] == "/console/idle?days=14"
    assert [quiet.find(ADA, ref).status for ref in ("acme:1", "globex:1", "acme:2")] == ["open", "closed", "answered"]
    word = quiet.get(ADA, "globex:1").messages[-1]
    assert (word.author_kind, word.author_label) == ("system", "Ada")
    assert noticed(agent, "/idle?days=14") == "1 case closed. 2 had moved meanwhile, and stay."
    agent.post("/idle", days="14")
    assert noticed(agent, "/idle?days=14") == "No case was ticked, and nothing was done."


def test_at_most_a_hundred_are_listed_and_closed_at_once(quiet, app, support_key, clock):
    for number in range(3, 103):
        quiet.open(ACME, body="The checkout shows a blank page.")
        quiet.answer(ADA, f"acme:{number}", body="Try again.")
    clock.advance(days=20)
    agent = Agent(app, support_key)
    page = agent.get("/idle").text
    refs = ticked(page)
    assert (len(refs), refs[:3]) == (100, ["acme:1", "globex:1", "acme:2"])
    assert "There are more" in page
    agent.post("/idle", [("case", ref) for ref in refs], days="14")
    assert len(ticked(agent.get("/idle").text)) == 3
    too_many = agent.post("/idle", [("case", f"acme:{number}") for number in range(101)], days="14")
    assert (too_many.status_code, "Cases must be a list of 1 to 100 cases" in too_many.text) == (422, True)


@pytest.mark.parametrize("days", ["0", "3651", "-1", "x", "1.5", "9" * 30, "１４"])
def test_what_is_no_number_of_days_is_told_and_kept_in_the_form(quiet, agent, days):
    before = everything(quiet)
    for answer, status in (
        (agent.get(f"/idle?days={quote(days)}"), 400),
        (agent.post("/idle", [("case", "acme:1")], days=days), 422),
    ):
        assert answer.status_code == status
        assert "Days must be a whole number from 1 to 3650" in answer.text
        assert f'value="{days}"' in answer.text
    assert everything(quiet) == before


def test_one_who_serves_some_stores_sees_and_closes_those_alone(quiet, app, support_desk):
    bob = Agent(app, support_desk.support_key("Bob", ["globex"]))
    assert ticked(bob.get("/idle").text) == ["globex:1"]
    bob.post("/idle", [("case", "acme:1")], days="14")
    assert quiet.find(ADA, "acme:1").status == "answered"
