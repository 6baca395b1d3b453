import re
from datetime import timedelta

import pytest

from supportcases import Actor
from supportcases.desk.sessions import SignIns
from tests.support.desks import everything


@pytest.fixture
def sign_ins(repository, clock):
    return SignIns(repository, clock=clock)


@pytest.fixture
def keys(support_desk):
    return support_desk.keys


def test_a_support_key_gives_a_session_of_whoever_has_it(sign_ins, keys):
    key, kept = keys.create_support(label="Ada", stores=["acme"])
    token = sign_ins.sign_in(key)
    assert re.fullmatch("[A-Za-z0-9_-]{43}", token)
    assert sign_ins.recognise(token) == Actor.support("Ada", ["acme"], id=kept.id)


def test_each_sign_in_has_a_token_of_its_own_that_nobody_guesses(sign_ins, keys):
    key, _ = keys.create_support(label="Ada")
    tokens = [sign_ins.sign_in(key) for _ in range(10)]
    assert len(set(tokens)) == 10
    assert all(len({token[position] for token in tokens}) > 1 for position in range(42))


def test_only_the_hash_of_a_token_is_kept(sign_ins, keys, desk):
    token = sign_ins.sign_in(keys.create_support(label="Ada")[0])
    assert token not in "\n".join(everything(desk))


@pytest.mark.parametrize("spoil", [str.upper, lambda key: key[:-1], lambda key: "", lambda key: f" {key}"])
def test_what_is_no_key_begins_no_session(sign_ins, keys, desk, spoil):
    key, _ = keys.create_support(label="Ada")
    before = everything(desk)
    assert sign_ins.sign_in(spoil(key)) is None
    assert everything(desk) == before


def test_a_merchants_key_begins_no_session(sign_ins, keys, desk):
    key, _ = keys.create("acme")
    before = everything(desk)
    assert sign_ins.sign_in(key) is None
    assert everything(desk) == before


@pytest.mark.parametrize(
    "spoil",
    [str.swapcase, lambda token: token[:-1], lambda token: "", lambda token: "é" * 43, lambda token: "x" * 999],
)
def test_what_is_not_the_token_is_not_recognised(sign_ins, keys, spoil):
    token = sign_ins.sign_in(keys.create_support(label="Ada")[0])
    assert sign_ins.recognise(spoil(token)) is None


def test_a_session_lasts_twelve_hours_and_not_a_moment_longer(sign_ins, keys, clock):
    token = sign_ins.sign_in(keys.create_support(label="Ada")[0])
    clock.advance(hours=12, microseconds=-1)
    assert sign_ins.recognise(token) is not None
    clock.advance(microseconds=1)
    assert sign_ins.recognise(token) is None


def test_a_session_lasts_no_longer_than_its_key(sign_ins, keys, clock):
    token = sign_ins.sign_in(keys.create_support(label="Ada", lifetime=timedelta(hours=1))[0])
    clock.advance(hours=1)
    assert sign_ins.recognise(token) is None


def test_to_revoke_a_key_ends_its_sessions_and_no_others(sign_ins, keys):
    key, kept = keys.create_support(label="Ada")
    mine, again, other = (sign_ins.sign_in(of) for of in (key, key, keys.create_support(label="Bob")[0]))
    keys.revoke(kept.id)
    assert sign_ins.recognise(mine) is sign_ins.recognise(again) is None
    assert sign_ins.recognise(other).label == "Bob"


def test_to_sign_out_ends_that_session_alone(sign_ins, keys):
    key, _ = keys.create_support(label="Ada")
    here, elsewhere = sign_ins.sign_in(key), sign_ins.sign_in(key)
    sign_ins.sign_out(here)
    assert sign_ins.recognise(here) is None
    assert sign_ins.recognise(elsewhere) is not None


def test_to_sign_in_anew_ends_the_session_before(sign_ins, keys):
    key, _ = keys.create_support(label="Ada")
    before = sign_ins.sign_in(key)
    after = sign_ins.sign_in(key, instead_of=before)
    assert sign_ins.recognise(before) is None
    assert sign_ins.recognise(after) is not None


def test_a_key_that_fails_ends_no_session(sign_ins, keys):
    token = sign_ins.sign_in(keys.create_support(label="Ada")[0])
    assert sign_ins.sign_in("sck_" + "0" * 48, instead_of=token) is None
    assert sign_ins.recognise(token) is not None


def test_a_key_has_twenty_sessions_at_the_most_the_newest(sign_ins, keys):
    key, _ = keys.create_support(label="Ada")
    other = sign_ins.sign_in(keys.create_support(label="Bob")[0])
    tokens = [sign_ins.sign_in(key) for _ in range(22)]
    assert [token for token in tokens if sign_ins.recognise(token)] == tokens[2:]
    assert sign_ins.recognise(other) is not None


def test_sessions_that_have_ended_do_not_stay(sign_ins, keys, clock, repository):
    for label in ("Ada", "Bob"):
        sign_ins.sign_in(keys.create_support(label=label)[0])
    clock.advance(hours=12)
    token = sign_ins.sign_in(keys.create_support(label="Cleo")[0])
    with repository.read() as transaction:
        rows = transaction.connection.execute("SELECT count(*) FROM supportcases_sessions").fetchone()
    assert rows == (1,)
    assert sign_ins.recognise(token).label == "Cleo"
