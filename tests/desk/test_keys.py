import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from supportcases import Actor, ActorKind, InvalidInput, KeyNotFound, KeyRing
from tests.support.engines import rows_of

T0 = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)


@pytest.fixture
def ring(repository, clock):
    return KeyRing(repository, clock=clock)


@pytest.fixture(params=["merchant", "support"])
def create(request, ring):
    """Make a key of either side."""
    if request.param == "merchant":
        return partial(ring.create, "acme")
    return partial(ring.create_support, label="Ada", stores=["acme"])


def everything_kept(repository) -> str:
    return "\n".join(rows_of(repository))


def test_a_key_has_192_random_bits_behind_its_mark(ring):
    keys = [ring.create("acme")[0] for _ in range(50)]
    assert all(re.fullmatch(r"sck_[0-9a-f]{48}", key) for key in keys)
    assert len(set(keys)) == 50
    for position in range(4, 52):
        assert len({key[position] for key in keys}) > 5


def test_a_key_is_recognised_as_the_merchant_of_its_store(ring):
    key, kept = ring.create("acme", label=" Zoë ")
    other, other_kept = ring.create("globex")
    assert ring.recognise(key) == Actor.merchant("acme", "Zoë", id=kept.id)
    assert ring.recognise(other) == Actor.merchant("globex", "API", id=other_kept.id)
    assert kept.actor == Actor.merchant("acme", "Zoë", id=kept.id)


def test_what_is_returned_is_what_is_kept(ring, clock):
    clock.now = T0.replace(microsecond=123_999)
    _, kept = ring.create("acme", label="Till", lifetime=timedelta(days=1, microseconds=500))
    assert ring.all() == (kept,)
    assert kept.actor == Actor.merchant("acme", "Till", id=kept.id)
    assert kept.created_at == T0.replace(microsecond=123_000)
    assert kept.expires_at == kept.created_at + timedelta(days=1)
    assert kept.revoked_at is None


def test_only_the_hash_is_kept_and_nothing_secret_is_shown(ring, create, repository, caplog):
    with caplog.at_level(0):
        key, kept = create()
        actor = ring.recognise(key)
    secret = key.removeprefix("sck_")
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert digest in everything_kept(repository)
    assert secret not in everything_kept(repository)
    assert kept.id == digest[:12]
    for shown in (repr(ring), repr(kept), repr(ring.all()), repr(actor), caplog.text):
        assert secret not in shown
        assert digest not in shown


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: "",
        lambda key: key[:-1],
        lambda key: key + "0",
        lambda key: key + "\n",
        lambda key: " " + key,
        lambda key: key.upper(),
        lambda key: key.replace("sck_", ""),
        lambda key: key.replace("sck_", "SCK_"),
        lambda key: key[:-1] + ("1" if key[-1] == "0" else "0"),
        lambda key: "sck_" + "0" * 48,
        lambda key: "sck_" + "٠" * 48,
        lambda key: "sck_" + hashlib.sha256(key.encode()).hexdigest()[:48],
        lambda key: hashlib.sha256(key.encode()).hexdigest(),
        lambda key: "\ud800" * 52,
        lambda key: "x" * 100_000,
    ],
)
def test_what_is_not_the_key_is_not_recognised(ring, spoil):
    key, _ = ring.create("acme")
    assert ring.recognise(spoil(key)) is None
    assert ring.recognise(key) is not None


def test_a_key_expires_at_its_moment_and_not_before(ring, create, clock):
    key, kept = create(lifetime=timedelta(hours=1))
    lasting, lasting_kept = create()
    clock.now = T0 + timedelta(hours=1, microseconds=-1)
    assert ring.recognise(key) == kept.actor
    assert ring.is_valid(kept) is True
    clock.now = T0 + timedelta(hours=1)
    assert ring.recognise(key) is None
    assert ring.is_valid(kept) is False
    clock.advance(days=365_000)
    assert ring.recognise(lasting) == lasting_kept.actor


def test_a_revoked_key_is_recognised_no_more_and_the_others_still_are(ring, create, clock):
    key, kept = create()
    other, other_kept = create()
    clock.advance(minutes=1)
    assert ring.revoke(kept.id) is None
    clock.advance(minutes=1)
    ring.revoke(kept.id)
    assert ring.recognise(key) is None
    assert ring.recognise(other) == other_kept.actor
    revoked = {listed.id: listed.revoked_at for listed in ring.all()}
    assert revoked == {kept.id: T0 + timedelta(minutes=1), other_kept.id: None}
    assert [ring.is_valid(listed) for listed in ring.all()] == [listed.id == other_kept.id for listed in ring.all()]


@pytest.mark.parametrize("key_id", ["", "0" * 12, "%", "' OR 1=1 --", "caf\udce9"])
def test_a_key_that_never_was_cannot_be_revoked(ring, key_id):
    key, kept = ring.create("acme")
    for unknown in (key_id, kept.id.upper() + "x", kept.id[:-1], key):
        with pytest.raises(KeyNotFound):
            ring.revoke(unknown)
    assert ring.recognise(key) is not None


def test_a_page_of_keys_is_of_1_to_1000(ring):
    with pytest.raises(InvalidInput) as refused:
        ring.page(limit=1_001, offset=-1)
    assert set(refused.value.problems) == {"limit", "offset"}
    assert refused.value.problems["limit"] == "Must be a whole number from 1 to 1000."


def test_however_many_keys_there_are_all_are_read_a_thousand_at_a_time(ring, monkeypatch):
    monkeypatch.setattr("supportcases.desk.keys.MOST_LISTED", 2)
    ids = {ring.create("acme")[1].id for _ in range(5)}
    assert {key.id for key in ring.all()} == ids


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(microseconds=-1), timedelta(days=-1), timedelta.max])
def test_a_lifetime_must_be_longer_than_nothing_and_end_in_this_calendar(ring, lifetime):
    with pytest.raises(InvalidInput) as refused:
        ring.create("acme", lifetime=lifetime)
    assert refused.value.problems == {"lifetime": "Must be at least a millisecond and end before the year 10000."}
    assert ring.all() == ()


def test_a_key_may_live_to_the_end_of_the_calendar(ring, clock):
    longest = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC) - T0
    key, kept = ring.create("acme", lifetime=longest)
    assert kept.expires_at.year == 9999
    assert ring.recognise(key) is not None
    assert ring.all() == (kept,)


@pytest.mark.parametrize("side", [("create", {"store": "a b"}), ("create_support", {"stores": ["a b"]})])
def test_all_faulty_fields_are_told_at_once_and_no_key_is_made(ring, side):
    use, store = side
    with pytest.raises(InvalidInput) as refused:
        getattr(ring, use)(**store, label="", lifetime=timedelta(0))
    assert set(refused.value.problems) == {"store", "label", "lifetime"}
    assert ring.all() == ()


# support keys


def test_a_support_key_is_recognised_as_somebody_of_the_team(ring):
    key, kept = ring.create_support(label=" Ada ")
    actor = ring.recognise(key)
    assert actor == kept.actor == Actor.support("Ada", id=kept.id)
    assert (actor.kind, actor.label, actor.stores) == (ActorKind.SUPPORT, "Ada", None)
    assert re.fullmatch(r"sck_[0-9a-f]{48}", key)


@pytest.mark.parametrize(
    ("stores", "seen"),
    [
        (["globex", "acme", "globex"], {"acme", "globex"}),
        (("A.b_c-9",), {"A.b_c-9"}),
        (iter(["acme"]), {"acme"}),
        ([], set()),
    ],
)
def test_a_support_key_for_some_stores_serves_those_alone(ring, stores, seen):
    key, kept = ring.create_support(label="Ada", stores=stores)
    assert ring.recognise(key) == kept.actor
    assert ring.recognise(key).stores == frozenset(seen)
    assert not ring.recognise(key).may_enter("initech")
    assert ring.all() == (kept,)


def test_keys_of_both_sides_are_listed_oldest_first_as_they_were_returned(ring, clock):
    kept = []
    for create in (
        lambda: ring.create("acme"),
        lambda: ring.create_support(label="Ada", stores=["acme"], lifetime=timedelta(days=1)),
        lambda: ring.create("globex", label="Till"),
        lambda: ring.create_support(label="Bob"),
    ):
        kept.append(create()[1])
        clock.advance(seconds=1)
    assert ring.all() == tuple(kept)
    assert ring.page(limit=2, offset=2) == tuple(kept[2:])
    assert ring.page(offset=4) == ()


@pytest.mark.parametrize(
    ("faulty", "problems"),
    [
        ({"label": "me"}, {"label": "Must not be 'me', which is reserved."}),
        ({"stores": "acme"}, {"stores": "Must be a list of names, such as ['acme']."}),
        ({"lifetime": timedelta(0)}, {"lifetime": "Must be at least a millisecond and end before the year 10000."}),
    ],
    ids=str,
)
def test_a_faulty_support_key_is_refused_and_none_is_made(ring, faulty, problems):
    with pytest.raises(InvalidInput) as refused:
        ring.create_support(**{"label": "Ada"} | faulty)
    assert refused.value.problems == problems
    assert ring.all() == ()


def test_a_case_can_be_given_to_who_has_a_support_key_that_is_good(ring, desk, clock):
    ring.create_support(label="Bob")
    ring.create_support(label="Cleo", lifetime=timedelta(hours=1))
    _, lost = ring.create_support(label="Dora")
    ring.create("acme", label="Mara")
    assert desk.assignees(Actor.support("Ada")) == ("Ada", "Bob", "Cleo", "Dora")
    ring.revoke(lost.id)
    clock.advance(hours=1)
    assert desk.assignees(Actor.support("Ada")) == ("Ada", "Bob")
