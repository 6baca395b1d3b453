"""What the desk needs from a database to know whose an API key is."""

from datetime import datetime
from typing import NamedTuple, Protocol

from supportcases.domain.actors import Actor
from supportcases.domain.cases import Stores


class ApiKey(NamedTuple):
    """What is kept of an API key: everything but the key.

    `id` is the start of its hash, safe to show; `actor` is who sends it, a store's merchant or one of the support team.
    """

    id: str
    actor: Actor
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class KeyPage(NamedTuple):
    """Some of the API keys, oldest first; `count` is how many there are in all."""

    keys: tuple[ApiKey, ...]
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    offset: int
    limit: int


class Keys(Protocol):
    """The API keys, by the SHA-256 of each."""

    def add(self, key: ApiKey, key_hash: str) -> None:
        """Keep a new key.

        Raises:
            AlreadyThere: Another key has its hash, or its id.
        """

    def find(self, key_hash: str, now: datetime) -> ApiKey | None:
        """Return the key with that hash, or None where there is none, or it is revoked or expired.

        How long it takes is to tell nothing of which it was.
        """

    def page(self, *, stores: Stores = None, store: str | None = None, limit: int, offset: int) -> tuple[ApiKey, ...]:
        """Return some of the keys, oldest first: those that are good for none but `stores`, and of `store`'s merchant.

        None is any, of both.
        """

    def count(self, *, stores: Stores = None, store: str | None = None) -> int:
        """Return how many keys `page` would have without a limit."""

    def labels(self, stores: Stores, now: datetime, *, limit: int) -> tuple[str, ...]:
        """Return the labels of support keys that are good for one of these stores, each once, in their order."""

    def named(self, key_id: str) -> ApiKey | None:
        """Return the key with that id, valid or not, or None."""

    def revoke(self, key_id: str, now: datetime) -> bool:
        """Revoke a key for good; return False if there is none with that id. A second time changes nothing."""
