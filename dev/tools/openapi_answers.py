"""What goes out, as marshmallow schemas, from which the OpenAPI document is made: `supportcases.formats` writes it.

Each class has its name in the document. A test holds what is written to what these schemas make of the same value.
"""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from supportcases.domain import times
from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import AuthorKind, Category, Severity, Status
from supportcases.domain.events import EventKind


class Timestamp(fields.Field[datetime]):
    """A moment, as `supportcases.domain.times` writes it."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return times.to_text(value) if value else None


def described(description: str, **more: Any) -> dict[str, Any]:
    """Return what the OpenAPI document says of a field that goes out."""
    return {"description": description, **more}


class Case(Schema):
    """A support case."""

    id = fields.String(metadata=described("UUID of the case", format="uuid"))
    number = fields.Integer(metadata=described("Number within the store, from 1", minimum=1))
    subject = fields.String(metadata=described("Title"))
    category = fields.Enum(Category, by_value=True, metadata=described("What it is about"))
    severity = fields.Enum(Severity, by_value=True, metadata=described("How badly the store is hurt"))
    status = fields.Enum(Status, by_value=True, metadata=described("Whose turn it is"))
    createdAt = Timestamp(attribute="created_at", metadata=described("When it was opened"))
    lastActivityAt = Timestamp(attribute="last_activity_at", metadata=described("When something last happened to it"))
    closedAt = Timestamp(
        attribute="closed_at", allow_none=True, metadata=described("When it was closed; null unless it is")
    )


class Attachment(Schema):
    """A file that came with a message."""

    url = fields.URL(metadata=described("Where it is, for an hour or two, without a key"))
    contentType = fields.String(attribute="content_type", metadata=described("Its media type, as its sender declared"))
    name = fields.String(metadata=described("Its name"))


class SentFile(Schema):
    """A file whose bytes are there."""

    id = fields.String(metadata=described("UUID of the file, for attachments", format="uuid"))
    name = fields.String(metadata=described("Its name as it is kept"))
    contentType = fields.String(metadata=described("Its media type, as its sender declared"))
    size = fields.Integer(metadata=described("Its size in bytes"))


class AnnouncedFile(SentFile):
    """A file whose bytes are to be sent."""

    uploadUrl = fields.URL(metadata=described("Where to PUT the bytes, without a key"))
    expiresAt = Timestamp(metadata=described("Until when they can be sent"))


class Message(Schema):
    """A message of a case's thread."""

    id = fields.String(metadata=described("UUID of the message", format="uuid"))
    authorKind = fields.Enum(
        AuthorKind,
        by_value=True,
        attribute="author_kind",
        metadata=described("Who wrote it; elliot is the platform's assistant, system the desk itself"),
    )
    authorLabel = fields.String(attribute="author_label", metadata=described("The author's label"))
    body = fields.String(metadata=described("Text"))
    attachments = fields.List(
        fields.Nested(Attachment), dump_default=[], metadata=described("The files that came with it")
    )
    createdAt = Timestamp(attribute="created_at", metadata=described("When it was written"))


class CaseWithMessages(Case):
    """A support case with its messages."""

    messages = fields.List(fields.Nested(Message), metadata=described("The thread, oldest first"))


class PageMeta(Schema):
    """Where the page lies among the cases that match."""

    count = fields.Integer(metadata=described("How many cases match in all", minimum=0))
    offset = fields.Integer(metadata=described("How many were skipped", minimum=0))
    limit = fields.Integer(metadata=described("How many the page may have", minimum=1, maximum=100))


class CaseList(Schema):
    """Some of the cases that match."""

    data = fields.List(fields.Nested(Case), attribute="cases", metadata=described("The page, newest activity first"))
    meta = fields.Nested(PageMeta)


class Reply(Schema):
    """The reply as it was added, and the status that the case has since."""

    message = fields.Nested(Message)
    status = fields.Enum(Status, by_value=True, metadata=described("The status of the case"))


class FieldProblem(Schema):
    """What is wrong with one field."""

    field = fields.String(metadata=described("Name of the field or parameter"))
    message = fields.String(metadata=described("What is allowed"))


class Error(Schema):
    """What went wrong."""

    error = fields.String(metadata=described("One readable sentence"))
    code = fields.String(metadata=described("A stable name for programs"))
    details = fields.List(fields.Nested(FieldProblem), metadata=described("Each faulty field, where there are some"))
    requestId = fields.String(metadata=described("What to quote to support; as in X-Request-Id"))


class Health(Schema):
    """That the service and its database answer."""

    status = fields.String(metadata=described("ok"))
    database = fields.String(metadata=described("ok"))


class Ready(Schema):
    """That this process can write."""

    status = fields.String(metadata=described("ready"))


class SupportCase(Case):
    """A support case, as the support team sees it."""

    store = fields.String(metadata=described("The store whose case it is"))
    assignee = fields.String(allow_none=True, metadata=described("Label of whoever takes care of it; null is nobody"))
    waitingSince = Timestamp(
        attribute="waiting_since",
        allow_none=True,
        metadata=described("Since when the merchant has waited for an answer; null unless the case is open"),
    )


class SupportMessage(Message):
    """A message of a case's thread, or a note that only the support team sees."""

    internal = fields.Boolean(metadata=described("Whether it is a note, of which a merchant notices nothing"))


class SupportCaseWithMessages(SupportCase):
    """A support case with its messages and notes."""

    messages = fields.List(fields.Nested(SupportMessage), metadata=described("The thread, oldest first"))
    history = fields.Nested(lambda: History(), metadata=described("The newest of its history, with `history=true`"))


class SupportPageMeta(PageMeta):
    """Where the page lies among all."""

    countIsExact = fields.Boolean(
        attribute="count_is_exact",
        dump_default=True,
        metadata=described("False where there are more than `count`: what a `query` finds is counted to 10,000"),
    )


class QueueMeta(SupportPageMeta):
    """Where the page lies among the cases that match."""

    nextCursor = fields.String(
        attribute="next_cursor", allow_none=True, metadata=described("Where the next page begins; null on the last")
    )


class Excerpt(Schema):
    """A few words of one message of a case, or of a note."""

    messageId = fields.String(attribute="message_id", metadata=described("UUID of the message", format="uuid"))
    authorKind = fields.Enum(AuthorKind, by_value=True, attribute="author_kind", metadata=described("Who wrote it"))
    authorLabel = fields.String(attribute="author_label", metadata=described("The author's label"))
    text = fields.String(metadata=described("The words, in one line; an ellipsis where something was cut"))
    createdAt = Timestamp(attribute="created_at", metadata=described("When it was written"))
    internal = fields.Boolean(metadata=described("Whether it is a note, of which a merchant notices nothing"))


class ListedCase(SupportCase):
    """A support case in the queue, with a few of its words where they are asked for."""

    messageCount = fields.Integer(
        attribute="messages", metadata=described("How many messages and notes it has; only with `excerpts`", minimum=0)
    )
    excerpt = fields.Nested(
        Excerpt,
        allow_none=True,
        metadata=described("A few words of it, null where it has no message; only with `excerpts`"),
    )


class Queue(Schema):
    """Some of the cases of all stores that match."""

    data = fields.List(fields.Nested(ListedCase), attribute="cases", metadata=described("The page, sorted"))
    meta = fields.Nested(QueueMeta)


class ChangedCases(Schema):
    """The cases that were there, as they are then."""

    data = fields.List(fields.Nested(SupportCase), metadata=described("In the order in which they were named"))


class SupportCaseList(Schema):
    """Cases, each without its messages."""

    data = fields.List(fields.Nested(SupportCase), attribute="cases", metadata=described("The cases"))


class SupportReply(Schema):
    """The message as it was added, and the status that the case has since."""

    message = fields.Nested(SupportMessage)
    status = fields.Enum(Status, by_value=True, metadata=described("The status of the case"))


def _values(attribute: str, description: str) -> fields.Field[Any]:
    value = fields.String(allow_none=True)
    return fields.Dict(fields.String(), value, attribute=attribute, metadata=described(description))


HistoryEntry = Schema.from_dict(
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
    name="HistoryEntry",
)


class History(Schema):
    """Some of the history of a case."""

    data = fields.List(fields.Nested(HistoryEntry), attribute="entries", metadata=described("Oldest first"))
    meta = fields.Nested(SupportPageMeta)


class Redaction(Schema):
    """A case of which something was taken out."""

    case = fields.Nested(SupportCase)
    gone = fields.Boolean(
        metadata=described(
            "Whether it is left in no file of the database; where somebody has read for longer it is false, and the "
            "next erasure takes away what is left"
        )
    )


class Hold(Schema):
    """What must not be erased."""

    store = fields.String(metadata=described("The store"))
    number = fields.Integer(allow_none=True, metadata=described("The number of the case; null is all of the store"))
    heldAt = Timestamp(metadata=described("Since when"))


class HoldList(Schema):
    """Some of what is held."""

    data = fields.List(fields.Nested(Hold), metadata=described("In the order of stores and numbers, a store first"))


class CannedText(Schema):
    """A canned text of the team's."""

    id = fields.String(metadata=described("UUID of the text", format="uuid"))
    name = fields.String(metadata=described("What it is picked by"))
    body = fields.String(metadata=described("The text"))


class CannedTextList(Schema):
    """The canned texts, in the order of their names."""

    data = fields.List(fields.Nested(CannedText), metadata=described("All of them, 200 at the most"))


class AssigneeList(Schema):
    """Whom a case may be given to."""

    data = fields.List(fields.String(), metadata=described("Their labels, in their order: the asker's, and 200 more"))
