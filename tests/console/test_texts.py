"""The canned texts in the console: read by all, written by admins, and filled in for the case that is answered."""

import re
from html import unescape

import pytest

from supportcases import Actor
from tests.conftest import ADA
from tests.support.console import Agent, noticed, text_of
from tests.support.desks import everything

GRACE = Actor.support("Grace", admin=True)
NEW = {"id": "", "name": "On it", "body": "Hello {author},\r\nwe are."}


@pytest.fixture
def admin(app, support_desk):
    return Agent(app, support_desk.keys.create_support(label="Grace", admin=True)[0])


@pytest.fixture
def text(desk):
    return desk.add_text(
        GRACE, name="Looking into it", body="Hello {author},\n{number} {subject} {tomorrow} {agent} {x} {"
    )


def test_an_admin_adds_changes_and_removes_a_text(admin, desk):
    sent = admin.post("/texts", **NEW)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/console/texts")
    assert noticed(admin, "/texts") == "The text is added."
    (text,) = desk.texts(ADA)
    assert (text.name, text.body) == ("On it", "Hello {author},\nwe are.")
    admin.post("/texts", id=text.id, name="We are on it", body="We are.", do="save")
    assert noticed(admin, "/texts") == "The text is saved."
    assert desk.texts(ADA) == (text._replace(name="We are on it", body="We are."),)
    assert "We are on it" in admin.get("/texts").text
    admin.post("/texts", id=text.id, do="remove")
    assert noticed(admin, "/texts") == "The text is removed."
    assert desk.texts(ADA) == ()
    assert "There are none." in admin.get("/texts").text


def test_anybody_else_reads_them_and_finds_no_form(agent, desk, text):
    html = agent.get("/texts").text
    assert "Hello {author}," in html
    assert html.count("<textarea") == 0
    before = everything(desk)
    for refused in (agent.post("/texts", **NEW), agent.post("/texts", id=text.id, do="remove")):
        assert refused.status_code == 403
        assert "This is for those of the support team who have the right admin." in refused.text
    assert everything(desk) == before


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": " "}, "Name must be 1 to 120 characters long, not 0"),
        ({"body": "x" * 10_001}, "Body must be 1 to 10,000 characters long, not 10,001"),
        ({"name": "Looking into it"}, "Name must not be the name of another text."),
    ],
)
def test_what_is_refused_is_told_and_kept_in_its_form(admin, desk, text, wrong, sentence):
    before = everything(desk)
    refused = admin.post("/texts", **NEW | wrong)
    assert refused.status_code == 422
    assert sentence in text_of(refused.text)
    assert f'value="{(NEW | wrong)["name"]}"' in refused.text
    assert everything(desk) == before


def test_a_text_that_is_gone_is_not_found(admin, text, desk):
    desk.remove_text(GRACE, text.id)
    assert admin.post("/texts", id=text.id, name="x", body="y").status_code == 404


def test_the_composer_offers_them_filled_in_for_the_case(agent, blank_pages, text):
    html = agent.get("/cases/acme/1").text
    (value, name) = re.search(r'<option value="([^"]*Hello[^"]*)">(.*?)</option>', html).groups()
    assert name == "Looking into it"
    assert unescape(value) == "Hello Grace,\n#000001 Blank page Sunday Ada {x} {"


def test_without_texts_the_composer_offers_none(agent, blank_pages):
    assert "Insert a text" not in agent.get("/cases/acme/1").text
