"""What the support team may do with API keys: admins within their own stores, with no more rights than theirs."""

from collections.abc import Iterable
from datetime import timedelta

from supportcases.desk.keys import KeyRing
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.errors import NotPermitted
from supportcases.domain.fields import DEFAULT_AUTHOR, DEFAULT_LIMIT
from supportcases.storage.protocol import ApiKey, KeyPage


class KeysOfTeam:
    """The API keys as one of the team sees and changes them; all else about them is as in `KeyRing`.

    All but `of_store` raises `NotPermitted` for one without the right admin.
    """

    def __init__(self, keys: KeyRing, actor: Actor) -> None:
        """Act as `actor`.

        Raises:
            NotPermitted: It is not of the support team.
        """
        actor.must_be(ActorKind.SUPPORT)
        self._keys = keys
        self._actor = actor

    def page(self, *, limit: int = DEFAULT_LIMIT, offset: int = 0) -> KeyPage:
        """Return some of the keys that the admin may revoke, oldest first."""
        self._actor.must_be_admin()
        return self._keys.within(self._actor.stores, limit=limit, offset=offset)

    def of_store(self, store: str, *, limit: int = DEFAULT_LIMIT, offset: int = 0) -> KeyPage:
        """Return some of the keys of a store's merchant, oldest first; none where the actor does not serve it."""
        return self._keys.within(self._actor.stores, store=store, limit=limit, offset=offset)

    def named(self, key_id: str) -> ApiKey:
        """Return what is kept of a key.

        Raises:
            KeyNotFound: There is none with that id.
            NotPermitted: It is good for a store that the admin does not serve.
        """
        self._actor.must_be_admin()
        key = self._keys.named(key_id)
        self._must_have(key.actor.stores)
        return key

    def create(
        self, store: str, *, label: str = DEFAULT_AUTHOR, lifetime: timedelta | None = None
    ) -> tuple[str, ApiKey]:
        """Make a key for the merchant of a store that the admin serves.

        Raises:
            NotPermitted: They do not serve it.
        """
        self._actor.must_be_admin()
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
        self._actor.must_be_admin()
        named = None if stores is None else tuple(stores)
        self._must_have(named)
        return self._keys.create_support(label=label, stores=named, lifetime=lifetime, admin=admin)

    def revoke(self, key_id: str) -> None:
        """Revoke a key.

        Raises:
            KeyNotFound: There is none with that id.
            NotPermitted: It is good for a store that the admin does not serve.
        """
        self._keys.revoke(self.named(key_id).id)

    def _must_have(self, stores: Iterable[str] | None) -> None:
        """Refuse what is good for stores that the admin does not serve; None is every store."""
        own = self._actor.stores
        if own is not None and not (stores is not None and own.issuperset(stores)):
            raise NotPermitted("This is good for stores that you do not serve.")
