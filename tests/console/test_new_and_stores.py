"""A case opened on a store's behalf, and the page of a store."""

import re
from datetime import timedelta

import pytest

from supportcases.console import store
from tests.conftest import ADA
from tests.support.console import Agent, text_of
from tests.support.desks import everything

GIVEN = {
    "store": "initech",
    "author": "Peter",
    "subject": "The printer says PC LOAD LETTER",
    "body": "It says PC LOAD LETTER.\r\nWhat does that mean?",
    "severity": "high",
    "category": "domains_setup",
}


def test_a_case_is_opened_for_a_store_and_shown(agent, desk):
    assert "Open a case for a store" in agent.get("/new").text
    sent = agent.post("/new", **GIVEN)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/console/cases/initech/1")
    case = desk.find(ADA, "initech:1")
    assert (case.subject, case.severity, case.category) == (GIVEN["subject"], "high", "domains_setup")
    (message,) = desk.get(ADA, "initech:1").messages
    assert (message.author_label, message.body) == ("Peter", "It says PC LOAD LETTER.\nWhat does that mean?")


def test_what_is_left_out_is_made_up(agent, desk):
    agent.post("/new", **GIVEN | {"author": "", "subject": " ", "severity": ""})
    case = desk.find(ADA, "initech:1")
    assert (case.subject, case.severity) == ("It says PC LOAD LETTER", "normal")
    assert desk.get(ADA, "initech:1").messages[0].author_label == "API"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"store": ""}, "Store must be 1 to 64 ASCII letters"),
        ({"store": "a b"}, "Store must be 1 to 64 ASCII letters"),
        ({"body": "short"}, "Body must be 10 to 10,000 characters long"),
        ({"severity": "worst"}, "Severity must be critical, high, normal or low"),
    ],
)
def test_what_is_refused_is_told_and_all_is_kept_in_the_form(agent, desk, wrong, sentence):
    before = everything(desk)
    refused = agent.post("/new", **GIVEN | wrong)
    assert refused.status_code == 422
    assert sentence in refused.text
    assert 'value="Peter"' in refused.text
    assert f'value="{(GIVEN | wrong)["store"]}"' in refused.text
    assert everything(desk) == before


def test_nobody_opens_one_for_a_store_that_they_do_not_serve(app, desk, support_desk):
    bob = Agent(app, support_desk.support_key("Bob", ["globex"]))
    before = everything(desk)
    refused = bob.post("/new", **GIVEN)
    assert (refused.status_code, "You do not serve the store initech." in refused.text) == (422, True)
    assert everything(desk) == before
    assert bob.post("/new", **GIVEN | {"store": "globex"}).status_code == 303


def test_a_store_has_a_page_with_its_counts_cases_and_keys(app, queue, support_desk, clock, monkeypatch):
    keys = support_desk.keys
    _, till = keys.create("acme", label="Till")
    keys.create("globex", label="Elsewhere")
    clock.advance(minutes=1)
    keys.create("acme", label="Back office", lifetime=timedelta(days=1))
    clock.advance(minutes=1)
    _, lost = keys.create("acme", label="Lost")
    keys.revoke(lost.id)
    clock.advance(days=2)
    html = Agent(app, support_desk.support_key()).get("/stores/acme").text
    figures = re.findall(r"<b>(\d+)</b> (\w+)</a>", html[html.index('class="figures"') :])
    assert figures == [("4", "Open"), ("1", "Answered"), ("0", "Closed")]
    newest = re.findall(r"<a dir=\"auto\" href=\"/console/cases/acme/\d\">(.*?)</a>", html)
    assert newest[0] == "answered critical"
    assert len(newest) == 5
    rows = [text_of(row) for row in html.split("<tr>")[2:]]
    assert [row.split()[1:4] for row in rows] == [
        ["Till", "Valid", "2024-06-15"],
        ["Back", "office", "Expired"],
        ["Lost", "Revoked", "2024-06-15"],
    ]
    assert till.id in rows[0]
    assert "Elsewhere" not in html
    assert "there are" not in html
    monkeypatch.setattr(store, "MOST_KEYS", 1)
    assert "there are 2 more." in Agent(app, support_desk.support_key()).get("/stores/acme").text


def test_where_there_are_many_stores_a_page_has_all_of_them(agent, app, queue, desk, support_desk, monkeypatch):
    assert 'href="/console/stores"' not in agent.get("/").text
    for number in range(12):
        desk.open(ADA, store=f"store-{number}", body="The printer says PC LOAD LETTER.")
    html = agent.get("/").text
    assert 'href="/console/stores"' in html
    assert ('href="/console/?store=globex"' in html, 'href="/console/?store=store-11"' in html) == (False, True)
    html = agent.get("/stores").text
    rows = [text_of(row).split()[:4] for row in html[html.index("<tbody>") :].split("<tr>")[1:]]
    assert (len(rows), rows[0]) == (14, ["store-0", "1", "0", "0"])
    assert ["acme", "4", "1", "0"] in rows
    assert 'rel="next"' not in html
    monkeypatch.setattr(store, "PAGE", 10)
    assert 'rel="next" href="/console/stores?offset=10"' in agent.get("/stores").text
    assert agent.get("/stores?offset=10").text.count("<tr>") == 5
    bob = Agent(app, support_desk.support_key("Bob", ["globex"]))
    assert bob.get("/stores").text.count("<tr>") == 2


def test_a_store_without_anything_says_so(agent):
    html = agent.get("/stores/initech").text
    assert "It has no cases." in html
    assert "It has none." in html
    assert 'href="/console/new?store=initech"' in html


@pytest.mark.parametrize("store", ["acme", "a b", "..", "x" * 65])
def test_a_store_that_is_not_served_or_cannot_be_has_no_page(app, queue, support_desk, store):
    bob = Agent(app, support_desk.support_key("Bob", ["globex"]))
    assert bob.get(f"/stores/{store}").status_code == 404
    assert bob.get("/stores/globex").status_code == 200
