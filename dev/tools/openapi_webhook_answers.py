"""What goes out of webhooks, as marshmallow schemas, from which the OpenAPI document is made."""

from marshmallow import Schema, fields

from dev.tools.openapi_answers import (
    Attachment,
    Case,
    Message,
    PageMeta,
    SupportCase,
    SupportMessage,
    SupportPageMeta,
    Timestamp,
)
from dev.tools.openapi_answers import described as told
from dev.tools.openapi_feed_answers import FeedActor, Happening, SupportHappening, change_of
from supportcases.domain import endpoints
from supportcases.domain.cases import CHANGEABLE
from supportcases.domain.events import SEEN

STATES = ["waiting", "delivered", "failed", "told"]
KINDS = [endpoints.EVENT, endpoints.TESTED, endpoints.BY_HAND, endpoints.OF_THE_DESK]


class Webhook(Schema):
    """A webhook of the store: where it is told what happens."""

    id = fields.String(metadata=told("UUID of the webhook", format="uuid"))
    url = fields.String(metadata=told("Where it is"))
    types = fields.List(
        fields.String(metadata={"enum": list(endpoints.OF_MERCHANTS)}),
        allow_none=True,
        metadata=told("Which types of events it is told; null is all"),
    )
    description = fields.String(allow_none=True, metadata=told("What it is called"))
    enabled = fields.Boolean(metadata=told("Whether it is told anything"))
    disabledBecause = fields.String(allow_none=True, metadata=told("Why the desk has disabled it; null if it has not"))
    createdAt = Timestamp(metadata=told("When it was made"))
    failingSince = Timestamp(
        allow_none=True, metadata=told("When the first of the failures was since which nothing has succeeded")
    )


class MadeWebhook(Webhook):
    """A webhook with its secret."""

    secret = fields.String(metadata=told("What signs its deliveries, told only this once", pattern="^whsec_"))


class WebhookList(Schema):
    """Some of the store's webhooks."""

    data = fields.List(fields.Nested(Webhook), metadata=told("Oldest first"))
    meta = fields.Nested(PageMeta)


class SupportWebhook(Webhook):
    """A webhook of a store, or of the whole desk."""

    store = fields.String(allow_none=True, metadata=told("The store whose it is; null is the whole desk"))
    types = fields.List(
        fields.String(metadata={"enum": list(endpoints.OF_THE_TEAM)}),
        allow_none=True,
        metadata=told("Which types of events it is told; null is all"),
    )


class MadeSupportWebhook(SupportWebhook):
    """A webhook with its secret."""

    secret = fields.String(metadata=told("What signs its deliveries, told only this once", pattern="^whsec_"))


class SupportWebhookList(Schema):
    """Some of the webhooks of the stores and of the desk."""

    data = fields.List(fields.Nested(SupportWebhook), metadata=told("Oldest first"))
    meta = fields.Nested(SupportPageMeta)


class Delivery(Schema):
    """An attempt to tell a webhook of something, or one that is still to come."""

    id = fields.Integer(metadata=told("Number among those of the webhook, from 1", minimum=1))
    kind = fields.String(metadata=told("Why it is; system is what the desk tells the webhook's owner", enum=KINDS))
    state = fields.String(metadata=told("What came of it; told is of the kind system", enum=STATES))
    eventId = fields.String(
        allow_none=True, metadata=told("The webhook-id that every attempt to tell of it has; null for the kind system")
    )
    type = fields.String(metadata=told("The type of the event"))
    attempt = fields.Integer(metadata=told("Which attempt it is, from 1", minimum=1))
    dueAt = Timestamp(metadata=told("When it is to be made"))
    finishedAt = Timestamp(allow_none=True, metadata=told("When it was made; null while it is still to come"))
    status = fields.Integer(
        allow_none=True, metadata=told("Status of the receiver's answer; null where there was none")
    )
    problem = fields.String(allow_none=True, metadata=told("Why there was none, or what the desk tells"))
    milliseconds = fields.Integer(allow_none=True, metadata=told("How long it took", minimum=0))


class DeliveryMeta(Schema):
    """Where the next page begins."""

    next = fields.Integer(allow_none=True, metadata=told("What `before` takes to go on; null on the last page"))


class DeliveryList(Schema):
    """Some of the deliveries of a webhook."""

    data = fields.List(fields.Nested(Delivery), metadata=told("Newest first"))
    meta = fields.Nested(DeliveryMeta)


NO_URL = told("Null: the URL that the API gives is good for an hour or two")
NO_BODY = told("Text; null where it is too long for a webhook")
FILES = told("The files that came with it")


class ToldFile(Attachment):
    """A file that came with a message, as a webhook is told of it."""

    url = fields.String(allow_none=True, metadata=NO_URL)


class ToldMessage(Message):
    """A message, as a webhook is told of it."""

    body = fields.String(allow_none=True, metadata=NO_BODY)
    attachments = fields.List(fields.Nested(ToldFile), metadata=FILES)


class ToldSupportMessage(SupportMessage):
    """A message or a note, as a webhook of the whole desk is told of it."""

    body = fields.String(allow_none=True, metadata=NO_BODY)
    attachments = fields.List(fields.Nested(ToldFile), metadata=FILES)


class ToldCase(Schema):
    """To which case something happened, as it is when it is told, and what that was."""

    store = fields.String(metadata=told("The store whose case it is"))
    case = fields.Nested(Case)
    actor = fields.Nested(FeedActor)
    message = fields.Nested(ToldMessage)
    change = change_of(sorted(SEEN))
    link = fields.String(metadata=told("Where to read the case, below the path of the API"))


class ToldSupportCase(ToldCase):
    """To which case something happened, as it is when it is told, and what that was."""

    case = fields.Nested(SupportCase)
    message = fields.Nested(ToldSupportMessage)
    change = change_of(CHANGEABLE)


class ToldEvent(Happening):
    """What a webhook of a store is told of a case."""

    data = fields.Nested(ToldCase)


class ToldSupportEvent(SupportHappening):
    """What a webhook of the whole desk is told of a case."""

    data = fields.Nested(ToldSupportCase)


class ToldTestData(Schema):
    """What a test tells."""

    store = fields.String(metadata=told("The store whose webhook it is; missing where that is of the whole desk"))


class ToldTest(Schema):
    """What a webhook is told where somebody tests it."""

    id = fields.String(metadata=told("The webhook-id", pattern="^test_[0-9a-f]{32}$"))
    type = fields.String(metadata=told("What it is", enum=[endpoints.TEST]))
    timestamp = Timestamp(metadata=told("When it was told"))
    sequence = fields.Integer(allow_none=True, metadata=told("Null"))
    data = fields.Nested(ToldTestData)
