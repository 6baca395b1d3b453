"""What an admin of the support team may do with API keys: within their own stores, with no more rights than theirs."""

from collections.abc import Iterable
from datetime import timedelta

from supportcases.desk.keys import MOST_LISTED, KeyRing
from supportcases.domain.actors import Actor
from supportcases.domain.errors import NotPermitted
from supportcases.domain.fields import DEFAULT_AUTHOR
from supportcases.storage.protocol import ApiKey


class KeysOfAdmin:
    """The API keys as an admin sees and changes them; all else about them is as in `KeyRing`."""

    def __init__(self, keys: KeyRing, actor: Actor) -> None:
        """Act as `actor`.

        Raises:
            NotPermitted: It has not the right admin.
        """
        actor.must_be_admin()
        self._keys = keys
        self._actor = actor

    def page(self, *, limit: int = MOST_LISTED, offset: int = 0) -> tuple[ApiKey, ...]:
        """Return those of a page of all keys, oldest first, that the admin may revoke."""
        return tuple(key for key in self._keys.page(limit=limit, offset=offset) if self._may_have(key.actor.stores))

    def create(
        self, store: str, *, label: str = DEFAULT_AUTHOR, lifetime: timedelta | None = None
    ) -> tuple[str, ApiKey]:
        """Make a key for the merchant of a store that the admin serves.

        Raises:
            NotPermitted: They do not serve it.
        """
        self._must_have((store,))
        return self._keys.create(store, label=label, lifetime=lifetime)

    def create_support(
        self,
        *,
        label: str,
        stores: Iterable[str] | None = None,
        lifetime: timedelta | None = None,
        admin: bool = False,
    ) -> tuple[str, ApiKey]:
        """Make a key for somebody of the support team, for stores that the admin serves.

        Raises:
            NotPermitted: They do not serve one of them, or not all where `stores` is None.
        """
        named = None if stores is None else tuple(stores)
        self._must_have(named)
        return self._keys.create_support(label=label, stores=named, lifetime=lifetime, admin=admin)

    def revoke(self, key_id: str) -> None:
        """Revoke a key.

        Raises:
            KeyNotFound: There is none with that id.
            NotPermitted: It is good for a store that the admin does not serve.
        """
        self._must_have(self._keys.named(key_id).actor.stores)
        self._keys.revoke(key_id)

    def _must_have(self, stores: Iterable[str] | None) -> None:
        if not self._may_have(stores):
            raise NotPermitted("This is good for stores that you do not serve.")

    def _may_have(self, stores: Iterable[str] | None) -> bool:
        """Tell whether the admin serves all these stores; None is every store."""
        if self._actor.stores is None:
            return True
        return stores is not None and self._actor.stores.issuperset(stores)
