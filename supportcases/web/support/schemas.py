"""JSON in, JSON out on the support team's side; what it shares with the merchants' stands in `schemas`."""

from typing import Any

from marshmallow import Schema, fields

from supportcases.domain import fields as rules
from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import Status
from supportcases.domain.events import EventKind
from supportcases.web.schemas import (
    CaseOut,
    Input,
    MessageOut,
    NewCase,
    PageMeta,
    Query,
    Ruled,
    RuledParameter,
    Timestamp,
    described,
)


class NewSupportCase(NewCase):
    """A case to be opened on a store's behalf."""

    store = Ruled(rules.STORE, "The store whose case it is", required=True)


class SupportCaseChange(Input):
    """What of a case is to be changed; at least one of these."""

    status = Ruled(rules.ANY_STATUS, "The status wanted")
    severity = Ruled(rules.SEVERITY, "How badly the store is hurt")
    category = Ruled(rules.CATEGORY, "What the case is about")
    assignee = Ruled(rules.ASSIGNEE, "Label of whoever takes care of it; me is the asker, null nobody", allow_none=True)
    subject = Ruled(rules.SUBJECT, "Title of the case")


class NewSupportMessage(Input):
    """A public answer, or an internal note."""

    body = Ruled(rules.REPLY_BODY, "Text", required=True)
    author = Ruled(rules.AUTHOR, "Author's label in the thread; the key's label unless given")
    kind = Ruled(
        rules.SUPPORT_KIND,
        "Whose words they are: the team's, the assistant's (elliot) or the desk's own (system)",
        load_default=rules.DEFAULT_SUPPORT_KIND,
    )
    internal = Ruled(rules.INTERNAL, "Whether it is a note, of which a merchant notices nothing", load_default=False)
    close = Ruled(rules.CLOSE, "Whether the case is closed with it; not with a note", load_default=False)


class SupportStoreQuery(Query):
    """Which stores a list shall have."""

    limit = RuledParameter(rules.LIMIT, "Stores per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Stores to skip", load_default=0)


class HistoryQuery(Query):
    """Which part of a case's history is wanted."""

    limit = RuledParameter(rules.LIMIT, "Entries per page", load_default=rules.DEFAULT_HISTORY_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Entries to skip", load_default=0)


class WindowQuery(Query):
    """Which cases are meant: of which store, and opened when."""

    store = Ruled(rules.STORE, "Only cases of this store")
    createdAfter = Ruled(rules.TIMESTAMP_FILTER, "Only cases opened then or later", attribute="created_after")
    createdBefore = Ruled(rules.TIMESTAMP_FILTER, "Only cases opened before", attribute="created_before")


class StatisticsQuery(WindowQuery):
    """Which cases are to be counted."""


class QueueQuery(WindowQuery):
    """Which cases the queue shall have."""

    limit = RuledParameter(rules.LIMIT, "Cases per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Cases to skip", load_default=0)
    cursor = Ruled(
        rules.CURSOR, "The nextCursor of a page with the same filters and sort: go on behind it, without offset"
    )
    sort = Ruled(
        rules.QUEUE_SORT,
        "What comes first: those who wait, critical ones before the longest wait; the newest activity; the oldest "
        "case; the worst hurt",
        load_default=rules.DEFAULT_QUEUE_SORT,
    )
    status = Ruled(rules.STATUS_FILTER, "Only cases of this status")
    severity = Ruled(rules.SEVERITY_FILTER, "Only cases of this severity")
    category = Ruled(rules.CATEGORY_FILTER, "Only cases of this category")
    assignee = Ruled(rules.ASSIGNEE_FILTER, "Only cases of this assignee; me is the asker, none is nobody")
    query = Ruled(
        rules.QUERY,
        "A part of the subject, of a message or note, in any letter case, or a case number; a blank one is none",
    )
    activeAfter = Ruled(rules.TIMESTAMP_FILTER, "Only cases active then or later", attribute="active_after")
    activeBefore = Ruled(rules.TIMESTAMP_FILTER, "Only cases last active before", attribute="active_before")


class SupportCaseOut(CaseOut):
    """A support case, as the support team sees it."""

    store = fields.String(metadata=described("The store whose case it is"))
    assignee = fields.String(allow_none=True, metadata=described("Label of whoever takes care of it; null is nobody"))
    waitingSince = Timestamp(
        attribute="waiting_since",
        allow_none=True,
        metadata=described("Since when the merchant has waited for an answer; null unless the case is open"),
    )


class SupportMessageOut(MessageOut):
    """A message of a case's thread, or a note that only the support team sees."""

    internal = fields.Boolean(metadata=described("Whether it is a note, of which a merchant notices nothing"))


class SupportThreadOut(SupportCaseOut):
    """A support case with its messages and notes."""

    messages = fields.List(fields.Nested(SupportMessageOut), metadata=described("The thread, oldest first"))


class QueueMeta(PageMeta):
    """Where the page lies among the cases that match."""

    nextCursor = fields.String(
        attribute="next_cursor", allow_none=True, metadata=described("Where the next page begins; null on the last")
    )


class QueueOut(Schema):
    """Some of the cases of all stores that match."""

    data = fields.List(fields.Nested(SupportCaseOut), attribute="cases", metadata=described("The page, sorted"))
    meta = fields.Nested(QueueMeta)


class SupportReplyOut(Schema):
    """The message as it was added, and the status that the case has since."""

    message = fields.Nested(SupportMessageOut)
    status = fields.Enum(Status, by_value=True, metadata=described("The status of the case"))


def _values(attribute: str, description: str) -> fields.Field[Any]:
    value = fields.String(allow_none=True)
    return fields.Dict(fields.String(), value, attribute=attribute, metadata=described(description))


HistoryEntryOut = Schema.from_dict(
    {
        "at": Timestamp(metadata=described("When")),
        "kind": fields.Enum(EventKind, by_value=True, metadata=described("What happened")),
        "actorKind": fields.Enum(
            ActorKind, by_value=True, attribute="actor_kind", metadata=described("Which side did it")
        ),
        "actorLabel": fields.String(attribute="actor_label", metadata=described("Who did it")),
        "from": _values("was", "The fields that changed, with their old values"),
        "to": _values("became", "The fields that changed, with their new values"),
    },  # not a class, since `from` is a word of Python's
    name="HistoryEntryOut",
)


class HistoryOut(Schema):
    """Some of the history of a case."""

    data = fields.List(fields.Nested(HistoryEntryOut), attribute="entries", metadata=described("Oldest first"))
    meta = fields.Nested(PageMeta)


class StoreCountsOut(Schema):
    """A store with how many of its cases have each status."""

    store = fields.String(metadata=described("Name"))
    open = fields.Integer(metadata=described("How many cases are open", minimum=0))
    answered = fields.Integer(metadata=described("How many cases are answered", minimum=0))
    closed = fields.Integer(metadata=described("How many cases are closed", minimum=0))
    lastActivityAt = Timestamp(attribute="last_activity_at", metadata=described("When something last happened there"))


class StoreList(Schema):
    """Some of the stores that have cases."""

    data = fields.List(fields.Nested(StoreCountsOut), attribute="stores", metadata=described("Newest activity first"))
    meta = fields.Nested(PageMeta)


class SeverityCounts(Schema):
    """How many cases have each severity."""

    critical = fields.Integer(metadata=described("Critical ones", minimum=0))
    high = fields.Integer(metadata=described("High ones", minimum=0))
    normal = fields.Integer(metadata=described("Normal ones", minimum=0))
    low = fields.Integer(metadata=described("Low ones", minimum=0))


class StatusCounts(Schema):
    """How many cases have each status, by severity."""

    open = fields.Nested(SeverityCounts)
    answered = fields.Nested(SeverityCounts)
    closed = fields.Nested(SeverityCounts)


class SpreadOut(Schema):
    """How long something takes, in seconds."""

    count = fields.Integer(metadata=described("Of how many cases", minimum=0))
    median = fields.Float(allow_none=True, metadata=described("Half take no longer; null where there are none"))
    p90 = fields.Float(allow_none=True, metadata=described("Nine of ten take no longer; null where there are none"))


class StatisticsOut(Schema):
    """What there is to count of the cases opened in the window."""

    counts = fields.Nested(StatusCounts)
    oldestUnanswered = fields.Nested(
        SupportCaseOut,
        attribute="oldest_unanswered",
        allow_none=True,
        metadata=described("The case whose merchant has waited longest; null where nobody waits"),
    )
    firstAnswer = fields.Nested(
        SpreadOut, attribute="first_answer", metadata=described("From the opening to the first public answer")
    )
    timeToClose = fields.Nested(
        SpreadOut, attribute="time_to_close", metadata=described("From the opening to the closing, of closed cases")
    )
