"""Canned texts: who reads and who writes them, what may stand in them, and how many there may be."""

import pytest

from supportcases import Actor, InvalidInput, NotPermitted
from supportcases.domain.errors import TextNotFound, TooManyTexts
from tests.conftest import ACME, ADA
from tests.support.desks import everything, problems

ADMIN = Actor.support("Grace", admin=True)
BODY = "Hello {author},\nwe are looking into it."
TAKEN = {"name": "Must not be the name of another text."}


@pytest.fixture
def text(desk):
    return desk.add_text(ADMIN, name=" Looking into it ", body=BODY)


def test_a_text_is_kept_as_it_is_given_and_found_in_the_order_of_the_names(desk, text):
    other = desk.add_text(ADMIN, name="Ask for a number", body="Which order?")
    assert (text.name, text.body) == ("Looking into it", BODY)
    assert desk.texts(ADA) == (other, text)
    assert desk.text(ADA, text.id) == text


def test_all_of_the_team_read_them_and_no_merchant_does(desk, text):
    assert desk.texts(Actor.support("Bob", stores=["globex"])) == (text,)
    for use in (desk.texts, lambda actor: desk.text(actor, text.id)):
        with pytest.raises(NotPermitted):
            use(ACME)


@pytest.mark.parametrize("actor", [ADA, ACME], ids=["support", "merchant"])
def test_only_an_admin_writes_them(desk, text, actor):
    before = everything(desk)
    for use in (
        lambda: desk.add_text(actor, name="Mine", body=BODY),
        lambda: desk.change_text(actor, text.id, body="Mine"),
        lambda: desk.remove_text(actor, text.id),
    ):
        with pytest.raises(NotPermitted):
            use()
    assert everything(desk) == before


def test_what_is_given_of_a_text_is_changed_and_the_rest_stays(desk, text):
    assert desk.change_text(ADMIN, text.id, name="On it") == text._replace(name="On it")
    assert desk.change_text(ADMIN, text.id, body="We know.") == text._replace(name="On it", body="We know.")
    assert desk.texts(ADA) == (text._replace(name="On it", body="We know."),)


def test_a_text_is_removed_once(desk, text):
    desk.remove_text(ADMIN, text.id)
    assert desk.texts(ADA) == ()
    with pytest.raises(TextNotFound):
        desk.remove_text(ADMIN, text.id)


@pytest.mark.parametrize("text_id", ["", "x", "0191abc0-0000-7000-8000-00000000ffff", "\ud800" * 36])
def test_a_text_that_is_not_there_is_not_found(desk, text, text_id):
    for use in (lambda: desk.text(ADA, text_id), lambda: desk.change_text(ADMIN, text_id, body="x")):
        with pytest.raises(TextNotFound):
            use()


def test_what_may_not_stand_in_one_is_told_for_each_field(desk):
    assert problems(desk.add_text, ADMIN, name="two\nlines", body=" ") == {
        "name": "Must be one line without control characters.",
        "body": "Must be 1 to 10,000 characters long, not 0.",
    }


def test_no_two_have_one_name(desk, text):
    other = desk.add_text(ADMIN, name="Other", body=BODY)
    assert problems(desk.add_text, ADMIN, name="Looking into it", body=BODY) == TAKEN
    assert problems(desk.change_text, ADMIN, other.id, name="Looking into it") == TAKEN
    assert desk.change_text(ADMIN, text.id, name="Looking into it") == text


def test_there_are_two_hundred_at_the_most(desk):
    with desk.repository.write():
        for number in range(200):
            desk.add_text(ADMIN, name=f"Text {number}", body=BODY)
    with pytest.raises(TooManyTexts):
        desk.add_text(ADMIN, name="One more", body=BODY)
    assert len(desk.texts(ADA)) == 200


def test_only_one_of_the_support_team_can_be_an_admin():
    assert ADMIN.admin is True
    assert ADA.admin is False
    with pytest.raises(InvalidInput):
        Actor(ACME.kind, "API", ACME.stores, admin=True)


def test_a_key_keeps_the_right(support_desk):
    key, kept = support_desk.keys.create_support(label="Grace", admin=True)
    other, _ = support_desk.keys.create_support(label="Ada")
    assert support_desk.keys.recognise(key) == kept.actor
    assert (kept.actor.admin, support_desk.keys.recognise(other).admin) == (True, False)
