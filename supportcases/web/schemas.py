"""JSON in, JSON out. What a field allows stands in `supportcases.fields`; the OpenAPI document is made from here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields

from supportcases import fields as rules
from supportcases import times
from supportcases.cases import AuthorKind, Category, Severity, Status
from supportcases.errors import InvalidInput


class Ruled(fields.Field[Any]):
    """A field that asks its rule what is allowed."""

    default_error_messages = {"required": "Is required.", "null": "Must not be null."}

    def __init__(self, rule: rules.Rule[Any], **kwargs: Any) -> None:
        """Take the rule; the rest is marshmallow's."""
        super().__init__(**kwargs)
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
    """A moment, as `supportcases.times` writes it."""

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

    body = Ruled(rules.CASE_BODY, required=True)
    subject = Ruled(rules.SUBJECT)
    category = Ruled(rules.CATEGORY, load_default=rules.DEFAULT_CATEGORY)
    severity = Ruled(rules.SEVERITY, load_default=rules.DEFAULT_SEVERITY)
    author = Ruled(rules.AUTHOR, load_default=rules.DEFAULT_AUTHOR)


class CaseChange(Input):
    """A case to be closed or reopened."""

    status = Ruled(rules.NEW_STATUS, required=True)


class NewReply(Input):
    """A merchant's reply to a case."""

    body = Ruled(rules.REPLY_BODY, required=True)
    author = Ruled(rules.AUTHOR, load_default=rules.DEFAULT_AUTHOR)


class CaseQuery(Schema):
    """Which cases a list shall have."""

    class Meta:
        """marshmallow's settings."""

        unknown = EXCLUDE

    limit = RuledParameter(rules.LIMIT, load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, load_default=0)
    query = Ruled(rules.QUERY)
    status = Ruled(rules.STATUS_FILTER)
    severity = Ruled(rules.SEVERITY_FILTER)


class CaseOut(Schema):
    """A support case."""

    id = fields.String()
    number = fields.Integer()
    subject = fields.String()
    category = fields.Enum(Category, by_value=True)
    severity = fields.Enum(Severity, by_value=True)
    status = fields.Enum(Status, by_value=True)
    createdAt = Timestamp(attribute="created_at")
    lastActivityAt = Timestamp(attribute="last_activity_at")
    closedAt = Timestamp(attribute="closed_at", allow_none=True)


class Attachment(Schema):
    """A file that came with a message."""

    url = fields.String()
    contentType = fields.String()
    name = fields.String()


class MessageOut(Schema):
    """A message of a case's thread."""

    id = fields.String()
    authorKind = fields.Enum(AuthorKind, by_value=True, attribute="author_kind")
    authorLabel = fields.String(attribute="author_label")
    body = fields.String()
    attachments = fields.List(fields.Nested(Attachment), dump_default=[])
    createdAt = Timestamp(attribute="created_at")


class ThreadOut(CaseOut):
    """A support case with its messages, oldest first."""

    messages = fields.List(fields.Nested(MessageOut))


class Meta(Schema):
    """Where the page lies among the cases that match."""

    count = fields.Integer()
    offset = fields.Integer()
    limit = fields.Integer()


class CaseList(Schema):
    """Some of the cases that match, newest activity first."""

    data = fields.List(fields.Nested(CaseOut), attribute="cases")
    meta = fields.Nested(Meta)


class ReplyOut(Schema):
    """The reply as it was added, and the status that the case has since."""

    message = fields.Nested(MessageOut)
    status = fields.Enum(Status, by_value=True)


def load(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `data` says by `schema`.

    Raises:
        InvalidInput: Something in it is not allowed; every faulty field is named.
    """
    try:
        loaded: dict[str, Any] = schema.load(data)
        return loaded
    except ValidationError as error:
        raise InvalidInput({field: problems[0] for field, problems in error.messages_dict.items()}) from None


def load_parameters(schema: Schema, parameters: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return what the query string says by `schema`; each parameter may stand there once.

    Raises:
        InvalidInput: Something in it is not allowed; every faulty parameter is named.
    """
    repeated = [name for name in schema.fields if len(parameters.get(name, ())) > 1]
    if repeated:
        raise InvalidInput(dict.fromkeys(repeated, "Must not appear twice."))
    return load(schema, {name: values[0] for name, values in parameters.items()})
