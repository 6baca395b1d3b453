"""What goes out of API keys, as `openapi_answers` has the rest."""

from marshmallow import Schema, fields

from dev.tools.openapi_answers import SupportPageMeta, Timestamp, described
from supportcases.domain.actors import ActorKind


class Key(Schema):
    """What is kept of an API key: all but the key."""

    id = fields.String(metadata=described("Its name, safe to show", pattern="^[0-9a-f]{12}$"))
    kind = fields.Enum(ActorKind, by_value=True, metadata=described("Which side it opens"))
    store = fields.String(allow_none=True, metadata=described("The merchant's store; null for one of the team"))
    stores = fields.List(
        fields.String(),
        allow_none=True,
        metadata=described("The stores that one of the team serves with it; null is all, and for a merchant's key"),
    )
    label = fields.String(metadata=described("Who uses it"))
    admin = fields.Boolean(metadata=described("Whether one may write the canned texts, and make and revoke keys"))
    state = fields.String(metadata=described("Whether it opens anything", enum=["valid", "expired", "revoked"]))
    createdAt = Timestamp(metadata=described("When it was made"))
    expiresAt = Timestamp(allow_none=True, metadata=described("When it ends; null is never"))
    revokedAt = Timestamp(allow_none=True, metadata=described("When it was revoked; null unless it was"))


class MadeKey(Key):
    """An API key that has just been made."""

    key = fields.String(metadata=described("The key, told only this once"))


class KeyList(Schema):
    """Some of the API keys."""

    data = fields.List(fields.Nested(Key), metadata=described("Oldest first"))
    meta = fields.Nested(SupportPageMeta)
