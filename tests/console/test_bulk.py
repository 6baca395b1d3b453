"""Many cases at once: ticked in the queue, and taken, unassigned, closed or noted together."""

import re

import pytest

from tests.conftest import ADA
from tests.support.console import Agent, noticed
from tests.support.desks import everything

TICKED = [("case", "acme:2"), ("case", "globex:1")]


def told(desk, *refs):
    return [desk.find(ADA, ref).assignee or str(desk.find(ADA, ref).status) for ref in refs]


def test_those_that_are_ticked_are_taken_given_back_and_closed(agent, queue, desk):
    assert agent.post("/", TICKED, do="take").status_code == 303
    assert told(desk, "acme:2", "globex:1", "acme:1") == ["Ada", "Ada", "open"]
    agent.post("/", TICKED[:1], do="unassign")
    assert told(desk, "acme:2", "globex:1") == ["open", "Ada"]
    agent.post("/", TICKED[:1], do="close")
    assert told(desk, "acme:2", "acme:1") == ["closed", "open"]


def test_those_that_are_ticked_are_given_to_another_of_the_team(agent, queue, desk, support_desk):
    assert "Assign to" not in agent.get().text.replace("Assign to me", "")  # there is nobody else
    support_desk.support_key("Bob")
    assert re.findall("<option>(.*?)</option>", agent.get().text) == ["Bob"]
    agent.post("/", TICKED, do="assign", assignee="Bob")
    assert told(desk, "acme:2", "globex:1", "acme:1") == ["Bob", "Bob", "open"]


def test_a_note_is_added_to_each_of_them(agent, queue, desk):
    agent.post("/", TICKED, do="note", body="The same fault.\r\n")
    for ref in ("acme:2", "globex:1"):
        message = desk.get(ADA, ref).messages[-1]
        assert (message.body, message.internal, message.author_label) == ("The same fault.", True, "Ada")
    assert len(desk.get(ADA, "acme:1").messages) == 1


def test_the_queue_is_shown_as_it_was_asked_for(agent, queue):
    sent = agent.post("/?store=globex&sort=age", TICKED, do="take")
    assert sent.headers["Location"] == "/console/?store=globex&sort=age"
    assert 'action="/console/?store=globex&amp;sort=age"' in agent.get("/?store=globex&sort=age").text


@pytest.mark.parametrize(
    ("fields", "named", "sentence"),
    [
        (TICKED, {"do": "delete"}, "Do must be take, unassign, close, assign or note"),
        (TICKED, {}, "Do must be take, unassign, close, assign or note"),
        (TICKED, {"do": "assign"}, "Assignee must be 1 to 120 characters long"),
        (TICKED, {"do": "note", "body": " "}, "Note must be 1 to 10,000 characters long"),
        (
            [("case", f"acme:{n}") for n in range(1, 102)],
            {"do": "close"},
            "Cases must be a list of 1 to 100 cases",
        ),
    ],
)
def test_what_cannot_be_done_changes_nothing_at_all(agent, queue, desk, fields, named, sentence):
    before = everything(desk)
    refused = agent.post("/", fields, **named)
    assert refused.status_code == 422
    assert sentence in refused.text
    assert everything(desk) == before


def test_a_case_that_is_not_there_is_passed_over_and_the_page_says_so(app, queue, desk, support_desk):
    bob = Agent(app, support_desk.support_key("Bob", ["globex"]))
    assert bob.post("/", [*TICKED, ("case", "globex:99")], do="take").status_code == 303
    assert told(desk, "acme:2", "globex:1") == ["open", "Bob"]
    assert noticed(bob) == (
        "1 case is yours now. 2 were passed over: they are not there any more, or of a store that you do not serve."
    )


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"do": "take"}, "2 cases are yours now."),
        ({"do": "assign", "assignee": "Bob"}, "2 cases assigned."),
        ({"do": "unassign"}, "2 cases are nobody's now."),
        ({"do": "close"}, "2 cases closed."),
        ({"do": "note", "body": "The same fault."}, "2 notes added."),
    ],
    ids=str,
)
def test_the_next_page_says_once_what_was_done(agent, queue, form, sentence):
    agent.post("/", TICKED, **form)
    assert agent.get("/?status=open", **{"X-Part": "1"}).status_code == 200  # the queue that keeps itself fresh
    assert noticed(agent) == sentence
    assert noticed(agent) is None


@pytest.mark.parametrize("left", ["close.1", "close.1.1.1", "close.1000.0", "<b>.1.0", "close.-1.0", "other.1.0", ""])
def test_what_nobody_left_is_not_told(agent, left):
    agent.cookies["supportcases-notice"] = left
    assert noticed(agent) is None


def test_nothing_ticked_is_nothing_done(agent, queue, desk):
    before = everything(desk)
    assert agent.post("/", do="close").status_code == 303
    assert everything(desk) == before
    assert noticed(agent) == "No case was ticked, and nothing was done."
