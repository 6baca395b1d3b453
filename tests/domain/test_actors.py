"""Who acts at a desk: what stores and people may be called."""

import pytest

from supportcases import Actor, InvalidInput
from tests.support.desks import problems


@pytest.mark.parametrize("store", ["", ".a", "-a", "_a", "a b", "a/b", "a:b", "ä", "x" * 65, "a\n", None, 42])
def test_no_store_can_be_called_that(store):
    assert list(problems(Actor.merchant, store)) == ["store"]
    with pytest.raises(InvalidInput):
        Actor.support("Ada", [store])


@pytest.mark.parametrize("label", ["", "  ", "x" * 121, "a\nb", "\0", "\ud800", None])
def test_nobody_can_be_called_that(label):
    assert list(problems(Actor.merchant, "acme", label)) == list(problems(Actor.support, label)) == ["label"]


def test_one_name_is_not_taken_for_a_list_of_one_letter_stores():
    with pytest.raises((InvalidInput, TypeError)):
        Actor.support("Ada", "acme")


def test_an_actors_name_is_trimmed_as_an_authors_is():
    assert Actor.support(" Ada ").label == "Ada"
    assert Actor.merchant("acme", " Zoë ") == Actor.merchant("acme", "Zoë")
