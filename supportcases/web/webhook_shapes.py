"""What may come in of webhooks, as `shapes` has the rest: each field of a body and each parameter of a query string."""

from typing import Final

from supportcases.domain import endpoints
from supportcases.domain import fields as rules
from supportcases.domain.webhooks import UrlRule
from supportcases.web.schemas import Input, LeftToDesk, Query, Ruled, RuledParameter

URL: Final = UrlRule()


class NewWebhook(Input):
    """A webhook of the store to be added."""

    url = LeftToDesk(URL, "Where it is: over https, at a public address", required=True)
    types = LeftToDesk(
        endpoints.TypesRule(endpoints.OF_MERCHANTS),
        "Which types of events it is told; null, as without it, is all",
        allow_none=True,
    )
    description = LeftToDesk(endpoints.DESCRIPTION, "What it is called", allow_none=True)


class NewSupportWebhook(NewWebhook):
    """A webhook of a store, or of the whole desk, to be added."""

    types = LeftToDesk(
        endpoints.TypesRule(endpoints.OF_THE_TEAM),
        "Which types of events it is told; null, as without it, is all; support_case.noted is the desk's own alone",
        allow_none=True,
    )
    store = LeftToDesk(
        rules.STORE,
        "The store whose merchants' events it is told; null, as without it, is all that happens at the desk",
        allow_none=True,
    )


class WebhookChange(Input):
    """What of a webhook is to be changed; at least one of these."""

    url = LeftToDesk(URL, "Where it is: over https, at a public address")
    types = LeftToDesk(
        endpoints.TypesRule(endpoints.OF_MERCHANTS), "Which types of events it is told; null is all", allow_none=True
    )
    description = LeftToDesk(endpoints.DESCRIPTION, "What it is called; null is nothing", allow_none=True)
    enabled = LeftToDesk(endpoints.ENABLED, "Whether it is told anything; enabled again it goes on where it stopped")


class SupportWebhookChange(WebhookChange):
    """What of a store's or the desk's webhook is to be changed; at least one of these."""

    types = LeftToDesk(
        endpoints.TypesRule(endpoints.OF_THE_TEAM),
        "Which types of events it is told; null is all; support_case.noted is the desk's own alone",
        allow_none=True,
    )


class WebhookQuery(Query):
    """Which webhooks a list shall have."""

    limit = RuledParameter(rules.LIMIT, "Webhooks per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Webhooks to skip", load_default=0)


class SupportWebhookQuery(WebhookQuery):
    """Which webhooks a list for the team shall have."""

    store = Ruled(rules.STORE, "Only webhooks of this store")


class DeliveryQuery(Query):
    """Which deliveries a list shall have."""

    limit = RuledParameter(rules.LIMIT, "Deliveries per page", load_default=rules.DEFAULT_HISTORY_LIMIT)
    before = RuledParameter(rules.OFFSET, "The meta.next of the page before: go on with those that are older")
