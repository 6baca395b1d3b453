"""What every repository must do of its sessions: found for as long as they and their keys are good, and no longer."""

from datetime import timedelta

import pytest

from supportcases import Actor, ApiKey
from supportcases.domain.errors import AlreadyThere
from supportcases.storage.protocol.sessions import Session
from tests.support.rows import T0, a_key, hash_of

ENDS = T0 + timedelta(hours=12)


def a_support_key(number: int = 1, **changes) -> ApiKey:
    name = f"{number:012x}"
    key = ApiKey(name, Actor.support("Zoë", ["acme", "globex"], id=name), T0)
    return key._replace(**changes)


def with_keys(repository, *keys: ApiKey) -> None:
    with repository.write() as transaction:
        for number, key in enumerate(keys):
            transaction.keys.add(key, hash_of(100 + number))


def begun(repository, *numbers: int, key: int = 1, ends=ENDS) -> None:
    """Keep sessions of a key, by the numbers of their tokens."""
    with repository.write() as transaction:
        for number in numbers:
            transaction.sessions.add(hash_of(number), a_support_key(key).id, T0, ends)


def session(repository, number: int = 1, now=T0) -> Session | None:
    with repository.read() as transaction:
        return transaction.sessions.find(hash_of(number), now)


def there(repository, *numbers: int) -> list[int]:
    return [number for number in numbers if session(repository, number)]


class SessionContract:
    """Subclasses give the fixture `repository` and the exception of their engine for broken invariants."""

    refused: type[Exception]

    def test_a_session_is_found_by_its_hash_alone_until_it_ends(self, repository):
        with_keys(repository, a_support_key())
        begun(repository, 1)
        assert session(repository) == Session(a_support_key().actor, ENDS)
        assert session(repository, 2) is None
        assert session(repository, now=ENDS - timedelta(milliseconds=1)) is not None
        assert session(repository, now=ENDS) is None

    def test_a_session_is_good_for_no_longer_than_its_key(self, repository):
        with_keys(repository, a_support_key(1, expires_at=T0 + timedelta(hours=1)), a_support_key(2))
        begun(repository, 1)
        begun(repository, 2, key=2)
        assert session(repository, 1, T0 + timedelta(minutes=59)) is not None
        assert session(repository, 1, T0 + timedelta(hours=1)) is None
        with repository.write() as transaction:
            transaction.keys.revoke(a_support_key(2).id, T0)
        assert session(repository, 2) is None

    def test_a_merchants_key_has_no_session(self, repository):
        with_keys(repository, a_key(1))
        begun(repository, 1)
        assert session(repository) is None

    def test_a_session_needs_a_key_that_is_there(self, repository):
        with pytest.raises(self.refused):
            begun(repository, 1)

    def test_a_second_session_of_the_same_hash_is_refused(self, repository):
        with_keys(repository, a_support_key(1), a_support_key(2))
        begun(repository, 1)
        with pytest.raises(AlreadyThere):
            begun(repository, 1, key=2)

    def test_a_session_is_removed_alone(self, repository):
        with_keys(repository, a_support_key())
        begun(repository, 1, 2)
        with repository.write() as transaction:
            transaction.sessions.remove(hash_of(1))
            transaction.sessions.remove(hash_of(3))
        assert there(repository, 1, 2) == [2]

    @pytest.mark.parametrize(("limit", "left"), [(0, [1, 2, 3, 4]), (1, [2, 3, 4]), (9, [3, 4])])
    def test_sessions_that_have_expired_are_dropped_the_oldest_first(self, repository, limit, left):
        with_keys(repository, a_support_key())
        for number in (3, 1, 2, 4):
            begun(repository, number, ends=T0 + timedelta(hours=number))
        with repository.write() as transaction:
            transaction.sessions.remove_expired(T0 + timedelta(hours=2), limit=limit)
        assert there(repository, 1, 2, 3, 4) == left

    @pytest.mark.parametrize(("most", "left"), [(0, []), (1, [2]), (2, [1, 2]), (3, [3, 1, 2])])
    def test_a_key_keeps_its_newest_sessions_and_no_other_keys_are_touched(self, repository, most, left):
        with_keys(repository, a_support_key(1), a_support_key(2))
        begun(repository, 3, 1)
        begun(repository, 7, 8, 9, key=2)
        begun(repository, 2)
        with repository.write() as transaction:
            transaction.sessions.remove_oldest(a_support_key(1).id, most=most)
        assert there(repository, 3, 1, 2, 7, 8, 9) == [*left, 7, 8, 9]

    def test_the_labels_of_the_team_are_told_for_the_stores_that_its_keys_are_good_for(self, repository):
        def key(number, label, stores=None, **changes):
            name = f"{number:012x}"
            return ApiKey(name, Actor.support(label, stores, id=name), T0)._replace(**changes)

        with_keys(
            repository,
            key(1, "Zoë"),
            key(2, "Ada", ["acme"]),
            key(3, "Ada", ["globex", "initech"]),
            key(4, "Bob", ["globex"]),
            key(5, "Gone", expires_at=T0 + timedelta(hours=1)),
            key(6, "Nobody", []),
            a_key(7, label="Mara"),
        )
        with repository.write() as transaction:
            transaction.keys.add(key(8, "Lost"), hash_of(8))
            transaction.keys.revoke(key(8, "Lost").id, T0)
        with repository.read() as transaction:
            labels, late = transaction.keys.labels, T0 + timedelta(hours=1)
            assert labels(None, T0, limit=9) == ("Ada", "Bob", "Gone", "Nobody", "Zoë")
            assert labels(None, late, limit=9) == ("Ada", "Bob", "Nobody", "Zoë")
            assert labels(None, late, limit=2) == ("Ada", "Bob")
            assert labels(frozenset({"acme"}), late, limit=9) == ("Ada", "Zoë")
            assert labels(frozenset({"globex"}), late, limit=9) == ("Ada", "Bob", "Zoë")
            assert labels(frozenset(), late, limit=9) == ("Zoë",)

    def test_what_is_kept_of_a_key_is_found_by_its_id(self, repository):
        with_keys(repository, a_key(1), a_support_key(2))
        with repository.read() as transaction:
            assert transaction.keys.named(a_key(1).id) == a_key(1)
            assert transaction.keys.named(a_support_key(2).id) == a_support_key(2)
            assert transaction.keys.named(a_key(3).id) is None
