"""What the change feed answers, as marshmallow schemas, from which the OpenAPI document is made."""

from collections.abc import Iterable
from typing import Any

from marshmallow import Schema, fields

from dev.tools.openapi_answers import Timestamp, described
from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import CHANGEABLE
from supportcases.domain.events import SEEN, EventKind

TYPES = [f"support_case.{kind}" for kind in EventKind]
SEEN_TYPES = [name for name in TYPES if name != f"support_case.{EventKind.NOTED}"]


class FeedCase(Schema):
    """To which case something happened."""

    id = fields.String(metadata=described("UUID of the case", format="uuid"))
    number = fields.Integer(metadata=described("Number within the store, from 1", minimum=1))


class FeedActor(Schema):
    """Who did it."""

    kind = fields.Enum(ActorKind, by_value=True, metadata=described("Which side did it"))
    label = fields.String(metadata=described("Who it was; to merchants only what the thread shows"))


FeedChange = Schema.from_dict(
    {
        "from": fields.String(allow_none=True, metadata=described("The old value")),
        "to": fields.String(allow_none=True, metadata=described("The new value")),
    },  # not a class, since `from` is a word of Python's
    name="FeedChange",
)


def change_of(names: Iterable[str]) -> fields.Field[Any]:
    told = described("The fields that changed, with what they were and are", names=names)
    return fields.Dict(fields.String(), fields.Nested(FeedChange), metadata=told)


class Happening(Schema):
    """What the feed and webhooks tell alike of something that happened to a case, as merchants see it."""

    id = fields.String(metadata=described("The same wherever and whenever it is told", pattern="^evt_[0-9a-f]{32}_"))
    type = fields.String(metadata=described("What happened", enum=SEEN_TYPES))
    sequence = fields.Integer(metadata=described("Number among the events of the store, from 1, no gap", minimum=1))
    timestamp = Timestamp(metadata=described("When"))


class SupportHappening(Happening):
    """The same, as the support team sees it."""

    type = fields.String(metadata=described("What happened", enum=TYPES))
    sequence = fields.Integer(
        allow_none=True,
        metadata=described("As merchants see it; null for what they do not see, which has none", minimum=1),
    )


class FeedEvent(Happening):
    """Something that happened to a case, as merchants see it."""

    case = fields.Nested(FeedCase)
    actor = fields.Nested(FeedActor)
    change = change_of(sorted(SEEN))
    messageId = fields.String(metadata=described("UUID of the message that came with it", format="uuid"))


class SupportFeedEvent(SupportHappening, FeedEvent):
    """Something that happened to a case, as the support team sees it."""

    store = fields.String(metadata=described("The store whose case it is"))
    change = change_of(CHANGEABLE)


class FeedMeta(Schema):
    """How one goes on."""

    next = fields.String(metadata=described("What `after` takes to go on"))
    end = fields.Boolean(metadata=described("Whether there are no more yet"))


class Feed(Schema):
    """Some of what happened to the cases of a store."""

    data = fields.List(fields.Nested(FeedEvent), metadata=described("Oldest first"))
    meta = fields.Nested(FeedMeta)


class SupportFeed(Schema):
    """Some of what happened to the cases of all stores."""

    data = fields.List(fields.Nested(SupportFeedEvent), metadata=described("In the order in which it was kept"))
    meta = fields.Nested(FeedMeta)
