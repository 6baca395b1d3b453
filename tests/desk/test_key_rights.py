"""What an admin may do with keys: within their own stores, and never with more rights than they have."""

import pytest

from supportcases import Actor, KeyNotFound, NotPermitted
from supportcases.desk.key_rights import KeysOfTeam
from supportcases.storage.protocol import KeyPage
from tests.conftest import ACME, ADA

ALL = Actor.support("Grace", admin=True)
SOME = Actor.support("Heidi", ["acme", "globex"], admin=True)


@pytest.fixture
def ring(support_desk):
    return support_desk.keys


@pytest.fixture
def some(ring):
    return KeysOfTeam(ring, SOME)


def test_nobody_else_comes_near_the_keys(ring):
    with pytest.raises(NotPermitted):
        KeysOfTeam(ring, ACME)
    adas = KeysOfTeam(ring, ADA)
    for use in (
        lambda: adas.page(),
        lambda: adas.named("0" * 12),
        lambda: adas.create("acme"),
        lambda: adas.create_support(label="Bob"),
        lambda: adas.revoke("0" * 12),
    ):
        with pytest.raises(NotPermitted):
            use()


def test_all_of_the_team_see_the_keys_of_the_merchants_whom_they_serve(ring):
    _, till = ring.create("acme")
    _, shop = ring.create("acme")
    ring.create("globex")
    ring.create_support(label="Cleo", stores=["acme"])
    bobs = KeysOfTeam(ring, Actor.support("Bob", ["acme"]))
    assert bobs.of_store("acme") == KeyPage((till, shop), 2, 0, 10)
    assert bobs.of_store("acme", limit=1, offset=1) == KeyPage((shop,), 2, 1, 1)
    assert bobs.of_store("globex") == bobs.of_store("none") == KeyPage((), 0, 0, 10)


def test_keys_are_made_within_the_own_stores_and_with_no_more_rights(ring, some):
    assert some.create("acme")[1].actor.store == "acme"
    kept = some.create_support(label="Ada", stores=["globex"], admin=True)[1]
    assert (kept.actor.stores, kept.actor.admin) == ({"globex"}, True)
    before = ring.all()
    for use in (
        lambda: some.create("initech"),
        lambda: some.create_support(label="Ada"),
        lambda: some.create_support(label="Ada", stores=["acme", "initech"]),
    ):
        with pytest.raises(NotPermitted):
            use()
    assert ring.all() == before


def test_one_who_serves_all_stores_makes_keys_for_any(ring):
    everybody = KeysOfTeam(ring, ALL)
    assert everybody.create("initech")[1].actor.store == "initech"
    assert everybody.create_support(label="Ada")[1].actor.stores is None


def test_only_keys_of_the_own_stores_are_listed_and_revoked(ring, some):
    _, acmes = ring.create("acme")
    _, foreign = ring.create("initech")
    _, everybodys = ring.create_support(label="Ada")
    _, mixed = ring.create_support(label="Bob", stores=["acme", "initech"])
    _, own = ring.create_support(label="Cleo", stores=["acme"])
    assert some.page() == KeyPage(tuple(key for key in ring.all() if key in (acmes, own)), 2, 0, 10)
    assert some.page(limit=1, offset=1).keys == some.page().keys[1:]
    assert KeysOfTeam(ring, ALL).page().keys == ring.all()
    for key in (foreign, everybodys, mixed):
        with pytest.raises(NotPermitted):
            some.revoke(key.id)
    for key in (acmes, own):
        some.revoke(key.id)
    assert {key.id for key in ring.all() if key.revoked_at} == {acmes.id, own.id}


@pytest.mark.parametrize("key_id", ["", "0" * 12, "x", "sck_" + "0" * 48])
def test_a_key_that_is_not_there_is_not_found(some, key_id):
    with pytest.raises(KeyNotFound):
        some.revoke(key_id)
