"""The keys in the console: for admins alone, shown once, and ended at once."""

import re
from datetime import timedelta

import pytest

from supportcases import Actor
from tests.support.console import Agent, noticed, text_of
from tests.support.desks import everything

KEY = re.compile(r"<code>(sck_[0-9a-f]{48})</code>")


@pytest.fixture
def admin(app, support_desk):
    return Agent(app, support_desk.keys.create_support(label="Grace", admin=True)[0])


@pytest.fixture
def heidi(app, support_desk):
    """An admin for acme alone."""
    return Agent(app, support_desk.keys.create_support(label="Heidi", stores=["acme"], admin=True)[0])


def test_a_stores_key_is_made_and_shown_once(admin, app, clock):
    made = admin.post("/keys", kind="merchant", store=" acme ", label="Till", days="90")
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    key = KEY.search(made.text)[1]
    (kept,) = app.keys.within(["acme"], store="acme").keys
    assert app.keys.recognise(key) == Actor.merchant("acme", "Till", id=kept.id)
    assert kept.expires_at == clock.now + timedelta(days=90)
    assert key not in admin.get("/keys").text


def test_a_key_of_the_team_is_made_with_its_rights(admin, app):
    made = admin.post("/keys", kind="support", label="Bob", stores="acme, globex", admin="yes")
    actor = app.keys.recognise(KEY.search(made.text)[1])
    assert (actor.label, actor.stores, actor.admin) == ("Bob", {"acme", "globex"}, True)
    made = admin.post("/keys", kind="support", label="Cleo", stores=" ")
    actor = app.keys.recognise(KEY.search(made.text)[1])
    assert (actor.label, actor.stores, actor.admin) == ("Cleo", None, False)


def test_the_keys_are_listed_with_their_states_and_revoked_at_once(admin, app, support_desk):
    key, kept = support_desk.keys.create_support(label="Bob")
    bob = Agent(app, key)
    assert f"{kept.id} Team: all stores Bob Valid" in text_of(admin.get("/keys").text)
    assert admin.post("/keys", revoke=kept.id).status_code == 303
    assert noticed(admin, "/keys") == "The key is revoked, and opens nothing any more."
    assert f"{kept.id} Team: all stores Bob Revoked" in text_of(admin.get("/keys").text)
    assert bob.get().status_code == 303


def test_before_a_key_is_revoked_the_page_says_what_that_means_and_of_ones_own_that_it_is(admin, app, support_desk):
    _, other = support_desk.keys.create_support(label="Bob")
    (own,) = [key for key in app.keys.all() if key.actor.label == "Grace"]
    asked = '<details class="ask">.*?<p>([^.:]*).*?name="revoke" value="(.*?)"'
    asks = {key_id: words for words, key_id in re.findall(asked, admin.get("/keys").text, re.DOTALL)}
    assert asks == {
        other.id: "Whoever uses it is locked out at once, for ever",
        own.id: "You are signed in with this very key",
    }
    assert admin.post("/keys", revoke=own.id).headers["Location"] == "/console/keys"
    assert admin.get("/keys").headers["Location"] == "/console/sign-in?next=keys"


def test_whoever_is_no_admin_finds_no_keys(agent, desk):
    before = everything(desk)
    for answer in (agent.get("/keys"), agent.post("/keys", kind="merchant", store="acme")):
        assert answer.status_code == 403
        assert "This is for those of the support team who have the right admin." in answer.text
    assert "/console/keys" not in agent.get().text
    assert everything(desk) == before


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "merchant", "store": "globex"},
        {"kind": "support", "label": "Bob"},
        {"kind": "support", "label": "Bob", "stores": "acme globex"},
    ],
    ids=str,
)
def test_an_admin_of_some_stores_gives_no_more_than_they_have(heidi, desk, form):
    before = everything(desk)
    assert heidi.post("/keys", **form).status_code == 403
    assert everything(desk) == before


def test_an_admin_of_some_stores_sees_and_revokes_no_others(heidi, desk, support_desk):
    _, foreign = support_desk.keys.create("globex")
    _, own = support_desk.keys.create("acme")
    html = heidi.get("/keys").text
    assert (own.id in html, foreign.id in html) == (True, False)
    before = everything(desk)
    assert heidi.post("/keys", revoke=foreign.id).status_code == 403
    assert heidi.post("/keys", revoke="0" * 12).status_code == 404
    assert everything(desk) == before


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"kind": "merchant", "store": "a b", "label": "Till"}, "Store must be 1 to 64 ASCII letters"),
        ({"kind": "support", "label": "me"}, "Label must not be 'me'"),
        ({"kind": "support", "label": "", "stores": "acme"}, "Label must be 1 to 120 characters long"),
    ],
    ids=str,
)
def test_what_is_refused_is_told_and_kept_in_the_form(admin, desk, form, sentence):
    before = everything(desk)
    refused = admin.post("/keys", **form)
    assert refused.status_code == 422
    assert sentence.replace("'", "&#39;") in refused.text
    assert f'value="{form["label"]}"' in refused.text
    assert everything(desk) == before


def test_very_many_keys_are_listed_two_hundred_at_a_time(admin, support_desk):
    for _ in range(202):
        support_desk.keys.create("acme")
    html = admin.get("/keys").text
    assert html.count("<tr><td><code>") == 200
    assert 'rel="next" href="/console/keys?offset=200"' in html
    assert admin.get("/keys?offset=200").text.count("<tr><td><code>") == 3
