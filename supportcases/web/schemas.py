"""JSON in, JSON out: how a field is checked by its rule of `domain.fields`, and what was wrong is told."""

from collections.abc import Mapping
from typing import Any, Final, cast

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields

from supportcases.domain import fields as rules
from supportcases.domain.checking import checking
from supportcases.domain.errors import InvalidInput


class Ruled(fields.Field[Any]):
    """A field that asks its rule what is allowed."""

    default_error_messages = {"required": "Is required.", "null": "Must not be null."}

    def __init__(self, rule: rules.Rule[Any], description: str, **kwargs: Any) -> None:
        """Take the rule and, for the OpenAPI document, what the field is; the rest is marshmallow's."""
        super().__init__(metadata={"description": description}, **kwargs)
        self.rule: Final = rule

    def clean(self, value: Any) -> Any:
        """Return `value` as its rule wants it."""
        return self.rule.clean(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        try:
            return self.clean(value)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None


class RuledParameter(Ruled):
    """A number in the query string, in ASCII digits."""

    def clean(self, value: Any) -> Any:
        """Return the number that the text says, as its rule wants it."""
        digits = str(value).lstrip("0") or "0" if value else ""
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
        return super().clean(number)


class RuledNumber(Ruled):
    """A number in a body, where 14.0 is as whole as 14 (JSON Schema, "integer")."""

    def clean(self, value: Any) -> Any:
        """Return the number, as its rule wants it."""
        return super().clean(int(value) if isinstance(value, float) and value.is_integer() else value)


class FlagParameter(Ruled):
    """Yes or no in the query string, as `true` or `false`."""

    def clean(self, value: Any) -> Any:
        """Return what the text says, as its rule wants it."""
        return super().clean({"true": True, "false": False}.get(value))


class LeftToDesk(Ruled):
    """A field that the desk checks: what its rule allows depends on more than the request."""

    def clean(self, value: Any) -> Any:
        """Return the value as it came."""
        return value


class Input(Schema):
    """What comes in: unknown fields are named and refused."""

    class Meta:
        """marshmallow's settings."""

        unknown = RAISE

    error_messages = {"unknown": "Is not a known field."}


class Query(Schema):
    """Parameters of a query string; unknown ones are ignored."""

    class Meta:
        """marshmallow's settings."""

        unknown = EXCLUDE


def load(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `data` says by `schema`.

    Raises:
        InvalidInput: Something in it is not allowed; every faulty field is named.
    """
    try:
        loaded: dict[str, Any] = schema.load(data)
        return loaded
    except ValidationError as error:
        problems = error.messages_dict
        known = [field for field in schema.fields if field in problems]
        unknown = sorted(problems.keys() - schema.fields.keys())
        raise InvalidInput({field: problems[field][0] for field in known + unknown}) from None


def load_parameters(schema: Query, parameters: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return what the query string says by `schema`, where each parameter may stand once; the desk knows the defaults.

    The fields are asked one by one: marshmallow's own load takes four times as long, and every list has parameters.

    Raises:
        InvalidInput: Something in it is not allowed; every faulty parameter is named.
    """
    repeated = [name for name in schema.fields if len(parameters.get(name, ())) > 1]
    if repeated:
        raise InvalidInput(dict.fromkeys(repeated, "Must not appear twice."))
    with checking() as check:
        return {
            field.attribute or name: check(name, cast(Ruled, field), parameters[name][0])
            for name, field in schema.fields.items()
            if name in parameters
        }
