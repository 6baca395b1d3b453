"""JSON in, JSON out: `domain.fields` says what a field allows, and the OpenAPI document is made from here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields

from supportcases.domain import fields as rules
from supportcases.domain import times
from supportcases.domain.cases import AuthorKind, Category, Severity, Status
from supportcases.domain.errors import InvalidInput


class Ruled(fields.Field[Any]):
    """A field that asks its rule what is allowed."""

    default_error_messages = {"required": "Is required.", "null": "Must not be null."}

    def __init__(self, rule: rules.Rule[Any], description: str, **kwargs: Any) -> None:
        """Take the rule and, for the OpenAPI document, what the field is; the rest is marshmallow's."""
        super().__init__(metadata={"description": description}, **kwargs)
        self.rule: Final = rule

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        try:
            return self.rule.clean(value)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None


class RuledParameter(Ruled):
    """A number in the query string, in ASCII digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        digits = str(value).lstrip("0") or "0" if value else ""
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
        return super()._deserialize(number, attr, data, **kwargs)


class Timestamp(fields.Field[datetime]):
    """A moment, as `supportcases.domain.times` writes it."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return times.to_text(value) if value else None


class Input(Schema):
    """What comes in: unknown fields are named and refused."""

    class Meta:
        """marshmallow's settings."""

        unknown = RAISE

    error_messages = {"unknown": "Is not a known field."}


class NewCase(Input):
    """A case to be opened."""

    body = Ruled(rules.CASE_BODY, "Description of the issue; becomes the first message", required=True)
    subject = Ruled(rules.SUBJECT, "Title of the case; made from the body where it is left out")
    category = Ruled(rules.CATEGORY, "What the case is about", load_default=rules.DEFAULT_CATEGORY)
    severity = Ruled(rules.SEVERITY, "How badly the store is hurt", load_default=rules.DEFAULT_SEVERITY)
    author = Ruled(rules.AUTHOR, "Author's label in the thread", load_default=rules.DEFAULT_AUTHOR)


class CaseChange(Input):
    """A case to be closed or reopened."""

    status = Ruled(rules.NEW_STATUS, "The status wanted; answered is set by support only", required=True)


class NewReply(Input):
    """A merchant's reply to a case."""

    body = Ruled(rules.REPLY_BODY, "Text of the reply", required=True)
    author = Ruled(rules.AUTHOR, "Author's label in the thread", load_default=rules.DEFAULT_AUTHOR)


class Query(Schema):
    """Parameters of a query string; unknown ones are ignored."""

    class Meta:
        """marshmallow's settings."""

        unknown = EXCLUDE


class CaseQuery(Query):
    """Which cases a list shall have."""

    limit = RuledParameter(rules.LIMIT, "Cases per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Cases to skip", load_default=0)
    query = Ruled(rules.QUERY, "A part of the subject, in any letter case, or a case number; a blank one is none")
    status = Ruled(rules.STATUS_FILTER, "Only cases of this status")
    severity = Ruled(rules.SEVERITY_FILTER, "Only cases of this severity")


def described(description: str, **more: Any) -> dict[str, Any]:
    """Return what the OpenAPI document says of a field that goes out."""
    return {"description": description, **more}


class CaseOut(Schema):
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

    url = fields.String(metadata=described("Where it is"))
    contentType = fields.String(metadata=described("Its media type"))
    name = fields.String(metadata=described("Its name, where it has one"))


class MessageOut(Schema):
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
        fields.Nested(Attachment), dump_default=[], metadata=described("Files; none until attachments exist")
    )
    createdAt = Timestamp(attribute="created_at", metadata=described("When it was written"))


class ThreadOut(CaseOut):
    """A support case with its messages."""

    messages = fields.List(fields.Nested(MessageOut), metadata=described("The thread, oldest first"))


class PageMeta(Schema):
    """Where the page lies among the cases that match."""

    count = fields.Integer(metadata=described("How many cases match in all", minimum=0))
    offset = fields.Integer(metadata=described("How many were skipped", minimum=0))
    limit = fields.Integer(metadata=described("How many the page may have", minimum=1, maximum=100))


class CaseList(Schema):
    """Some of the cases that match."""

    data = fields.List(fields.Nested(CaseOut), attribute="cases", metadata=described("The page, newest activity first"))
    meta = fields.Nested(PageMeta)


class ReplyOut(Schema):
    """The reply as it was added, and the status that the case has since."""

    message = fields.Nested(MessageOut)
    status = fields.Enum(Status, by_value=True, metadata=described("The status of the case"))


class FieldProblem(Schema):
    """What is wrong with one field."""

    field = fields.String(metadata=described("Name of the field or parameter"))
    message = fields.String(metadata=described("What is allowed"))


class ErrorOut(Schema):
    """What went wrong."""

    error = fields.String(metadata=described("One readable sentence"))
    code = fields.String(metadata=described("A stable name for programs"))
    details = fields.List(fields.Nested(FieldProblem), metadata=described("Each faulty field, where there are some"))
    requestId = fields.String(metadata=described("What to quote to support; as in X-Request-Id"))


class HealthOut(Schema):
    """That the service and its database answer."""

    status = fields.String(metadata=described("ok"))
    database = fields.String(metadata=described("ok"))


def load(schema: Schema, data: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """Return what `data` says by `schema`; with `partial`, nothing of what it does not say.

    Raises:
        InvalidInput: Something in it is not allowed; every faulty field is named.
    """
    try:
        loaded: dict[str, Any] = schema.load(data, partial=partial)
        return loaded
    except ValidationError as error:
        problems = error.messages_dict
        known = [field for field in schema.fields if field in problems]
        unknown = sorted(problems.keys() - schema.fields.keys())
        raise InvalidInput({field: problems[field][0] for field in known + unknown}) from None


def load_parameters(schema: Schema, parameters: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return what the query string says by `schema`, where each parameter may stand once; the desk knows the defaults.

    Raises:
        InvalidInput: Something in it is not allowed; every faulty parameter is named.
    """
    repeated = [name for name in schema.fields if len(parameters.get(name, ())) > 1]
    if repeated:
        raise InvalidInput(dict.fromkeys(repeated, "Must not appear twice."))
    return load(schema, {name: values[0] for name, values in parameters.items()}, partial=True)
