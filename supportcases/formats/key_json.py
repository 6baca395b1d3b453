"""What is kept of API keys as JSON text, for the support team."""

from collections.abc import Callable
from typing import Any

from supportcases.domain.actors import ActorKind
from supportcases.domain.times import to_text
from supportcases.formats.case_json import to_json
from supportcases.storage.protocol import ApiKey, KeyPage

IsValid = Callable[[ApiKey], bool]


def keys_text(page: KeyPage, is_valid: IsValid) -> str:
    """Write some of the keys."""
    meta = {"count": page.count, "offset": page.offset, "limit": page.limit, "countIsExact": True}
    return to_json({"data": [_members(key, is_valid) for key in page.keys], "meta": meta})


def key_text(key: ApiKey, is_valid: IsValid, secret: str | None = None) -> str:
    """Write a key, with its secret where it has just been made."""
    return to_json({**({"key": secret} if secret else {}), **_members(key, is_valid)})


def _members(key: ApiKey, is_valid: IsValid) -> dict[str, Any]:
    of_merchant = key.actor.kind is ActorKind.MERCHANT
    served = key.actor.stores
    return {
        "id": key.id,
        "kind": key.actor.kind,
        "store": key.actor.store if of_merchant else None,
        "stores": None if of_merchant or served is None else sorted(served),
        "label": key.actor.label,
        "admin": key.actor.admin,
        "state": "revoked" if key.revoked_at else "valid" if is_valid(key) else "expired",
        "createdAt": to_text(key.created_at),
        "expiresAt": to_text(key.expires_at) if key.expires_at else None,
        "revokedAt": to_text(key.revoked_at) if key.revoked_at else None,
    }
