"""What the rules of `domain.fields` allow, as JSON Schema with patterns of ECMA-262, and the other parameters."""

from typing import Any

from marshmallow import fields

from dev.tools.openapi_answers import Timestamp
from supportcases.desk import keys
from supportcases.domain import attachments, endpoints, lists, webhooks
from supportcases.domain import fields as rules
from supportcases.domain.cases import CHANGEABLE, NUMBER_TEXT, UUID_TEXT

NO_NUL = r"^[^\u0000]*$"
ONE_LINE = r"^[^\u0000-\u001f\u007f-\u009f]*$"
URL = r"^https?://[A-Za-z0-9._\[\]:-]+([/?][A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?$"
_DAY = (  # of the calendar, leap days too
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|[0-9]{4}-(0[13-9]|1[0-2])-(29|30)"
    r"|[0-9]{4}-(0[13578]|1[02])-31|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29"
)
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
MOMENT = rf"^(?!0000)({_DAY})(T{_TIME}:[0-5][0-9](\.[0-9]{{1,9}})?(Z|[ +-]{_TIME}))?$"


def _in_path(name: str, description: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _header(name: str, description: str, **schema: str) -> dict[str, Any]:
    told = {"type": "string", **schema}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": told}


ID_OR_NUMBER = _in_path(
    "id_or_number",
    "A UUID, or a case number as 42, 000042, #42 or #000042 (# is sent as %23)",
    f"({UUID_TEXT.pattern}|{NUMBER_TEXT.pattern})",
)
REFERENCE = _in_path(
    "id",
    "A UUID, or a store and a case number there, as acme:42, acme:000042 or acme:#42 (# is sent as %23)",
    f"({UUID_TEXT.pattern}|{rules.STORE.pattern}:{NUMBER_TEXT.pattern})",
)
STORE = _in_path("store", "The name of a store", rules.STORE.pattern)
KEY_ID = _in_path("id", "The id of an API key", keys.KEY_ID.pattern)
TEXT_ID = _in_path("id", "The UUID of a canned text", UUID_TEXT.pattern)
WEBHOOK_ID = _in_path("id", "The UUID of a webhook", UUID_TEXT.pattern)
DELIVERY_ID = _in_path("delivery", "The number of a delivery of the webhook", "[1-9][0-9]{0,14}")
FILE_ID = _in_path("id", "The UUID of a file", UUID_TEXT.pattern)
IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    "Makes a retry safe: sent again within 24 hours with the same request, it gets the same answer",
    pattern=f"^{rules.IDEMPOTENCY_KEY.pattern}$",
)
IF_MATCH = _header(
    "If-Match", 'ETags of the case, as `"7"`, or `*`; 412 unless the case still has one. A weak one never matches'
)
RANGE = _header("Range", "One range of bytes, such as `bytes=0-1023`; several, or what cannot be read, are as none")
SIGNATURE = [
    {"name": name, "in": "query", "required": True, "description": what, "schema": schema}
    for name, what, schema in (
        ("size", "As the URL has it, and so the others: in this order", {"type": "integer", "minimum": 1}),
        ("expires", "Until when the URL is good, in seconds since 1970", {"type": "integer", "minimum": 0}),
        ("signature", "Who made the URL", {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"}),
    )
]


def from_rule(self: Any, field: Any, **_: Any) -> dict[str, Any]:
    """Return what a field's rule allows, as JSON Schema."""
    if isinstance(field, Timestamp):
        kind = ["string", "null"] if field.allow_none else "string"
        return {"type": kind, "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
    if isinstance(field, fields.Dict):
        return {"propertyNames": {"enum": list(field.metadata.get("names", CHANGEABLE))}}
    match getattr(field, "rule", None):
        case rules.TextRule() as rule:
            return _text(rule)
        case attachments.SIZE:
            return {"type": "integer", "minimum": 1, "maximum": attachments.AttachmentLimits().size}
        case rules.NumberRule(lowest=lowest, highest=highest):
            return {"type": "integer", "minimum": lowest, "maximum": highest}
        case rules.ChoiceRule() | rules.FilterRule() as rule:
            return {"type": "string", "enum": list(rule.names)}
        case rules.LabelRule(reserved=reserved):
            kind = ["string", "null"] if field.allow_none else "string"
            label = _text(rules.AUTHOR)
            return {**label, "type": kind, "not": {"enum": list(reserved)}}
        case rules.PatternRule(pattern=pattern):
            return {"type": ["string", "null"] if field.allow_none else "string", "pattern": f"^{pattern}$"}
        case webhooks.UrlRule():
            return {"type": "string", "maxLength": webhooks.LONGEST, "pattern": URL}
        case endpoints.TypesRule(known=known):
            types = {"type": "string", "enum": list(known)}
            return {"type": ["array", "null"], "items": types, "minItems": 1, "uniqueItems": True}
        case endpoints.DescriptionRule():
            return {**_text(endpoints.DescriptionRule.text), "type": ["string", "null"]}
        case lists.CasesRule(most=most):
            return {"type": "array", "items": REFERENCE["schema"], "minItems": 1, "maxItems": most}
        case lists.StoresRule(most=most):
            names = {"type": "string", "pattern": f"^{rules.STORE.pattern}$"}
            return {"type": ["array", "null"], "items": names, "minItems": 1, "maxItems": most}
        case rules.TimestampRule():
            return {"type": "string", "pattern": MOMENT}
        case attachments.FileNameRule():
            return _text(attachments.FileNameRule.text)
        case attachments.AttachmentsRule():
            limit = attachments.AttachmentLimits().a_message
            return {"type": "array", "items": FILE_ID["schema"], "maxItems": limit, "uniqueItems": True}
        case rules.BooleanRule():
            return {"type": "boolean"}
        case rules.QueryRule():
            return {"type": "string", "pattern": NO_NUL}
    return {}


def _text(rule: rules.TextRule) -> dict[str, Any]:
    pattern = ONE_LINE if rule.one_line else NO_NUL
    return {"type": "string", "minLength": rule.shortest, "maxLength": rule.longest, "pattern": pattern}
