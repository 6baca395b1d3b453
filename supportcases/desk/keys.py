"""API keys: made, recognised, revoked. A key is shown once; only its SHA-256 is kept."""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from supportcases.domain import times
from supportcases.domain.actors import Actor
from supportcases.domain.checking import Checker, checking
from supportcases.domain.errors import KeyNotFound
from supportcases.domain.fields import (
    API_KEY,
    AUTHOR,
    DEFAULT_AUTHOR,
    DEFAULT_LIMIT,
    KEY_BYTES,
    KEY_PREFIX,
    OFFSET,
    STORE,
    SUPPORT_LABEL,
    NumberRule,
)
from supportcases.storage.protocol import ApiKey, KeyPage, Repository

ID_LENGTH: Final = 12
MOST_LISTED: Final = 1_000
LISTED: Final = NumberRule(1, MOST_LISTED)
KEY_ID: Final = re.compile(f"[0-9a-f]{{{ID_LENGTH}}}")


def random_key() -> str:
    """Return a new key that nobody guesses."""
    return KEY_PREFIX + secrets.token_hex(KEY_BYTES)


class KeyRing:
    """The API keys of a repository."""

    def __init__(
        self, repository: Repository, *, clock: times.Clock = times.now, new_key: Callable[[], str] = random_key
    ) -> None:
        """Keep the keys in `repository`; `clock` tells when one has expired, `new_key` makes what nobody guesses."""
        self._repository = repository
        self._clock = clock
        self._new_key = new_key

    def create(
        self, store: str, *, label: str = DEFAULT_AUTHOR, lifetime: timedelta | None = None
    ) -> tuple[str, ApiKey]:
        """Make a key for the merchant of `store`; return it, this once, and what is kept of it.

        Raises:
            InvalidInput: No store or nobody can be called that, or the lifetime is not a positive one that ends
                before the year 10000.
        """
        with checking() as check:
            check("store", STORE, store)
            check("label", AUTHOR, label)
            now, expires_at = self._life(lifetime, check)
        return self._keep(Actor.merchant(store, label), now, expires_at)

    def create_support(
        self,
        *,
        label: str,
        stores: Iterable[str] | None = None,
        lifetime: timedelta | None = None,
        admin: bool = False,
    ) -> tuple[str, ApiKey]:
        """Make a key for somebody of the support team, for all stores or only for `stores`.

        With `admin` it has the right to write the canned texts, and to make and revoke keys in the console and the API.

        Raises:
            InvalidInput: As for `create`.
        """
        named = stores if stores is None or isinstance(stores, str) else tuple(stores)
        with checking() as check:
            check("label", SUPPORT_LABEL, label)
            for store in () if isinstance(named, str) else named or ():
                check("store", STORE, store)
            now, expires_at = self._life(lifetime, check)
        return self._keep(Actor.support(label, named, admin=admin), now, expires_at)

    def _life(self, lifetime: timedelta | None, check: Checker) -> tuple[datetime, datetime | None]:
        """Return when a key made now begins and when it ends."""
        now = times.whole_milliseconds(self._clock())
        return now, check("lifetime", _LifetimeRule(now), lifetime) if lifetime is not None else None

    def _keep(self, actor: Actor, now: datetime, expires_at: datetime | None) -> tuple[str, ApiKey]:
        key = self._new_key()
        key_hash = hash_of(key)
        key_id = key_hash[:ID_LENGTH]
        kept = ApiKey(key_id, replace(actor, id=key_id), now, expires_at)
        with self._repository.write() as transaction:
            transaction.keys.add(kept, key_hash)
        return key, kept

    def recognise(self, key: str) -> Actor | None:
        """Return whose key that is, or None if it is malformed, unknown, expired or revoked."""
        if not API_KEY.fullmatch(key):
            return None
        with self._repository.read(once=True) as transaction:
            kept = transaction.keys.find(hash_of(key), self._clock())
        return kept.actor if kept else None

    def is_valid(self, key: ApiKey) -> bool:
        """Tell whether the key is neither revoked nor expired."""
        return key.revoked_at is None and (key.expires_at is None or self._clock() < key.expires_at)

    def page(self, *, limit: int = MOST_LISTED, offset: int = 0) -> tuple[ApiKey, ...]:
        """Return at most `limit` keys, 1 to 1,000, oldest first, without the first `offset`."""
        with checking() as check:
            check("limit", LISTED, limit)
            check("offset", OFFSET, offset)
        with self._repository.read() as transaction:
            return transaction.keys.page(limit=limit, offset=offset)

    def within(
        self, stores: Iterable[str] | None, *, store: str | None = None, limit: int = DEFAULT_LIMIT, offset: int = 0
    ) -> KeyPage:
        """Return some of the keys that are good for none but `stores` (None is all), oldest first.

        Args:
            stores: The stores.
            store: Only keys of that store's merchant.
            limit: How many at the most, 1 to 1,000.
            offset: How many to pass over first.
        """
        with checking() as check:
            if store is not None:
                check("store", STORE, store)
            check("limit", LISTED, limit)
            check("offset", OFFSET, offset)
        within = None if stores is None else frozenset(stores)
        with self._repository.read() as transaction:
            keys = transaction.keys.page(stores=within, store=store, limit=limit, offset=offset)
            return KeyPage(keys, transaction.keys.count(stores=within, store=store), offset, limit)

    def named(self, key_id: str) -> ApiKey:
        """Return what is kept of the key with that id, valid or not, or raise `KeyNotFound`."""
        with self._repository.read() as transaction:
            key = transaction.keys.named(key_id) if KEY_ID.fullmatch(key_id) else None
        if key is None:
            raise KeyNotFound()
        return key

    def all(self) -> tuple[ApiKey, ...]:
        """Return every key, oldest first; `page` returns some, where there may be many."""
        keys: list[ApiKey] = []
        with self._repository.read() as transaction:
            while page := transaction.keys.page(limit=MOST_LISTED, offset=len(keys)):
                keys += page
        return tuple(keys)

    def revoke(self, key_id: str) -> None:
        """Revoke a key, at once and in every process.

        Raises:
            KeyNotFound: There is none with that id.
        """
        with self._repository.write() as transaction:
            now = times.whole_milliseconds(self._clock())
            if not (KEY_ID.fullmatch(key_id) and transaction.keys.revoke(key_id, now)):
                raise KeyNotFound()  # without what was asked for: it may have been the key itself


class _LifetimeRule:
    """How long a key may be valid, as the time at which it ends."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def clean(self, value: timedelta) -> datetime:
        try:
            ends = times.whole_milliseconds(self._now + value)
        except OverflowError:
            ends = self._now
        if ends <= self._now:
            raise ValueError("Must be at least a millisecond and end before the year 10000.")
        return ends


def without_keys(text: str) -> str:
    """Return the text with what may be a key left out."""
    return API_KEY.sub(f"{KEY_PREFIX}...", text)


def hash_of(key: str) -> str:
    """Return the SHA-256 of a key or a token in hexadecimal; the first 12 digits of a key's are its id."""
    return hashlib.sha256(key.encode()).hexdigest()
