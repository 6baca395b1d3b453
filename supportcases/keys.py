"""API keys: made, recognised, revoked. A key is shown once; only its SHA-256 is kept."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from supportcases import times
from supportcases.actors import Actor
from supportcases.errors import KeyNotFound
from supportcases.fields import AUTHOR, DEFAULT_AUTHOR, STORE, checking
from supportcases.repository import ApiKey, Repository

PREFIX: Final = "sck_"  # lets a secret scanner recognise a leaked key
RANDOM_BYTES: Final = 24  # 192 random bits: no slow hash is needed against guessing
KEY: Final = re.compile(rf"{PREFIX}[0-9a-f]{{{2 * RANDOM_BYTES}}}")
ID_LENGTH: Final = 12


class KeyRing:
    """The API keys of a repository."""

    def __init__(self, repository: Repository, *, clock: times.Clock = times.now) -> None:
        """Keep the keys in `repository`; `clock` tells when a key has expired."""
        self._repository = repository
        self._clock = clock

    def create(
        self, store: str, *, label: str = DEFAULT_AUTHOR, lifetime: timedelta | None = None
    ) -> tuple[str, ApiKey]:
        """Make a key for the merchant of `store`; return it, this once, and what is kept of it.

        Raises:
            InvalidInput: No store or nobody can be called that, or the lifetime is not a positive one that ends
                before the year 10000.
        """
        with checking() as check:
            store = check("store", STORE, store)
            label = check("label", AUTHOR, label)
            now = times.whole_milliseconds(self._clock())
            expires_at = check("lifetime", _LifetimeRule(now), lifetime) if lifetime is not None else None
        key = PREFIX + secrets.token_hex(RANDOM_BYTES)
        key_hash = hash_of(key)
        kept = ApiKey(key_hash[:ID_LENGTH], store, label, now, expires_at)
        with self._repository.write() as transaction:
            transaction.keys.add(kept, key_hash)
        return key, kept

    def recognise(self, key: str) -> Actor | None:
        """Return whose key that is, or None if it is malformed, unknown, expired or revoked."""
        if not KEY.fullmatch(key):
            return None
        with self._repository.read() as transaction:
            kept = transaction.keys.find(hash_of(key))
        if kept is None or not self.is_valid(kept):
            return None
        return Actor.merchant(kept.store, kept.label)

    def is_valid(self, key: ApiKey) -> bool:
        """Tell whether the key is neither revoked nor expired."""
        return key.revoked_at is None and (key.expires_at is None or self._clock() < key.expires_at)

    def all(self) -> tuple[ApiKey, ...]:
        """Return every key, oldest first."""
        with self._repository.read() as transaction:
            return transaction.keys.all()

    def revoke(self, key_id: str) -> None:
        """Revoke a key, at once and in every process.

        Raises:
            KeyNotFound: There is none with that id.
        """
        with self._repository.write() as transaction:
            if not transaction.keys.revoke(key_id, times.whole_milliseconds(self._clock())):
                raise KeyNotFound()  # without what was asked for: it may have been the key itself


class _LifetimeRule:
    """How long a key may be valid, as the moment at which it ends."""

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


def hash_of(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal; its first 12 digits are the key's id."""
    return hashlib.sha256(key.encode()).hexdigest()
