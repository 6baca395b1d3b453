"""Who is asking: a store's merchant or somebody of the support team."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from supportcases.domain.checking import checking
from supportcases.domain.errors import InvalidInput, NotPermitted
from supportcases.domain.fields import AUTHOR, DEFAULT_AUTHOR, STORE, SUPPORT_LABEL


class ActorKind(StrEnum):
    """The sides of the desk."""

    MERCHANT = "merchant"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who may do something; made by `Actor.merchant` or `Actor.support`.

    `stores` are the stores whose cases the actor may see: exactly one for a merchant, None for a member of the
    support team who may see them all. `label` names the actor in the history of a case. `id` tells apart those who
    have one label, as the ids of their API keys do: each has a rate limit of its own, and for the support team the
    Idempotency-Keys are kept for each id, or else for each label. `admin` is the right of some of the support team to
    write the canned texts, and to make and revoke keys in the console and the API.
    """

    kind: ActorKind
    label: str
    stores: frozenset[str] | None
    id: str | None = None
    admin: bool = False

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            InvalidInput: No store or nobody can be called that, or a merchant has not exactly one store.
        """
        with checking() as check:
            rule = AUTHOR if self.kind is ActorKind.MERCHANT else SUPPORT_LABEL
            kept = rule._replace(visible=False)  # an old API key may have a label of which nothing shows
            object.__setattr__(self, "label", check("label", kept, self.label))
            for store in self.stores or ():
                check("store", STORE, store)
        if self.kind is ActorKind.MERCHANT and len(self.stores or ()) != 1:
            raise InvalidInput({"stores": "Must be exactly one for a merchant."})
        if self.admin and self.kind is ActorKind.MERCHANT:
            raise InvalidInput({"admin": "Must be left out for a merchant."})

    @classmethod
    def merchant(cls, store: str, label: str = DEFAULT_AUTHOR, *, id: str | None = None) -> "Actor":
        """Return an actor who sees the cases of `store` and no others; `id` tells apart equal labels.

        Raises:
            InvalidInput: No store or nobody can be called that.
        """
        return cls(ActorKind.MERCHANT, label, frozenset((store,)), id)._visible()

    @classmethod
    def support(
        cls, label: str, stores: Iterable[str] | None = None, *, id: str | None = None, admin: bool = False
    ) -> "Actor":
        """Return a member of the support team, for all stores or only for `stores`; `id` tells apart equal labels.

        With `admin` it may write the canned texts, and make and revoke keys in the console and the API.

        Raises:
            InvalidInput: No store or nobody can be called that.
        """
        if isinstance(stores, str):
            raise InvalidInput({"stores": f"Must be a list of names, such as [{stores!r}]."})
        served = None if stores is None else frozenset(stores)
        return cls(ActorKind.SUPPORT, label, served, id, admin)._visible()

    def _visible(self) -> "Actor":
        with checking() as check:
            check("label", AUTHOR, self.label)
        return self

    @property
    def store(self) -> str:
        """The merchant's store.

        Raises:
            NotPermitted: The actor is not a merchant.
        """
        self.must_be(ActorKind.MERCHANT)
        return next(iter(self.stores or ()))

    @property
    def scope(self) -> str:
        """Who shares what somebody has begun: all of a merchant's store; of the team, each id or else each label.

        Of a label it has the hash alone: it is kept where nobody looks for labels.
        """
        if self.kind is ActorKind.MERCHANT:
            return f"store:{self.store}"
        return f"support:{self.id}" if self.id else scope_of_label(self.label)

    def may_enter(self, store: str) -> bool:
        """Tell whether the actor may see the cases of `store`."""
        return self.stores is None or store in self.stores

    def must_enter(self, store: str) -> None:
        """Raise `NotPermitted` unless the actor may see the cases of `store`."""
        if not self.may_enter(store):
            raise NotPermitted(f"You do not serve the store {store}.")

    def must_be(self, kind: ActorKind) -> None:
        """Raise `NotPermitted` unless the actor is of that kind."""
        if self.kind is not kind:
            raise NotPermitted(FOR_ONLY[kind])

    def must_be_admin(self) -> None:
        """Raise `NotPermitted` unless the actor is one of the support team with the right `admin`."""
        self.must_be(ActorKind.SUPPORT)
        if not self.admin:
            raise NotPermitted(FOR_ADMINS)


def scope_of_label(label: str) -> str:
    """Return what those of the team share who have one label and no id."""
    return f"support-label:{hashlib.sha256(label.encode()).hexdigest()}"


FOR_ADMINS: Final = "This is for those of the support team who have the right admin."
FOR_ONLY: Final = {
    ActorKind.MERCHANT: "This is for merchants only; the support team's side is below /support.",
    ActorKind.SUPPORT: "This is for the support team only.",
}
