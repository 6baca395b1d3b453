"""Make `supportcases/web/openapi.json` from the routes and the marshmallow schemas: `python -m dev.tools.make_openapi`.
The reference for people, `supportcases/web/pages/reference.html`, is made of it.

apispec turns the schemas into JSON Schema; every example is the answer of a real app in memory. A test fails when the
shipped file is not what this makes.
"""

import io
import json
import logging
import sys
from pathlib import Path
from typing import Any

import falcon.inspect
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from dev.tools import openapi_answers as answers
from dev.tools import openapi_feed_answers as feed_answers
from dev.tools import openapi_key_answers as key_answers
from dev.tools import openapi_report_answers as report_answers
from dev.tools import openapi_webhooks as webhooks
from dev.tools import reference_page
from dev.tools.openapi_errors import ERRORS
from dev.tools.openapi_examples import CASES, SUPPORT, Examples
from dev.tools.openapi_operations import OPERATIONS
from dev.tools.openapi_rules import (
    DELIVERY_ID,
    FILE_ID,
    ID_OR_NUMBER,
    IDEMPOTENCY_KEY,
    KEY_ID,
    REFERENCE,
    STORE,
    TEXT_ID,
    WEBHOOK_ID,
    from_rule,
)
from supportcases import create_app
from supportcases.app import MAX_BODY
from supportcases.domain import fields as rules
from supportcases.version import __version__
from supportcases.web import schemas, shapes

TARGET = Path(__file__).parents[2] / "supportcases" / "web" / "openapi.json"

DESCRIPTION = f"""Merchants open support cases and follow them; the support team answers them. Every request needs an
API key, and there are two kinds. A merchant's key belongs to one store, sees only the cases of that store and gets 404
for everything below `{SUPPORT}`. A support key belongs to one of the support team, serves all stores or only some of
them, never sees a case of any other, and gets 403 for everything below `{CASES}`.

Texts are trimmed first, then measured in code points. Bodies are JSON of up to {MAX_BODY:,} bytes. HEAD works where
GET does; OPTIONS answers with `Allow`. Every answer carries `X-Request-Id`, the caller's own if it is 1 to 128
characters of `A-Z a-z 0-9 . _ -`.

A release may add a status, a severity, a category or a kind of author. Take a value in an answer that your program does
not know as it is: show it, and do not fail. A value in a request that the API does not know is 400, and the sentence
names those that it does."""

SCHEMAS = (
    shapes.NewCase,
    shapes.CaseChange,
    shapes.NewReply,
    answers.Case,
    answers.CaseWithMessages,
    answers.Attachment,
    answers.Message,
    answers.PageMeta,
    answers.CaseList,
    answers.Reply,
    answers.FieldProblem,
    answers.Error,
    answers.Health,
    answers.Ready,
    shapes.NewSupportCase,
    shapes.SupportCaseChange,
    shapes.ManyCasesChange,
    shapes.NewSupportMessage,
    answers.SupportCase,
    answers.SupportMessage,
    answers.SupportCaseWithMessages,
    answers.Excerpt,
    answers.ListedCase,
    answers.QueueMeta,
    answers.Queue,
    answers.ChangedCases,
    answers.SupportCaseList,
    shapes.IdleClosing,
    answers.SupportReply,
    answers.HistoryEntry,
    answers.History,
    shapes.NewAttachment,
    shapes.NewSupportAttachment,
    answers.SentFile,
    answers.AnnouncedFile,
    shapes.NewText,
    shapes.TextChange,
    shapes.NewKey,
    answers.CannedText,
    answers.CannedTextList,
    answers.AssigneeList,
    key_answers.Key,
    key_answers.MadeKey,
    key_answers.KeyList,
    shapes.NewRedaction,
    answers.Redaction,
    answers.Hold,
    answers.HoldList,
    report_answers.QueueViews,
    report_answers.StoreCounts,
    report_answers.StoreList,
    report_answers.SeverityCounts,
    report_answers.StatusCounts,
    report_answers.Spread,
    report_answers.Statistics,
    feed_answers.FeedCase,
    feed_answers.FeedActor,
    feed_answers.FeedChange,
    feed_answers.FeedEvent,
    feed_answers.SupportFeedEvent,
    feed_answers.FeedMeta,
    feed_answers.Feed,
    feed_answers.SupportFeed,
    *webhooks.SCHEMAS,
)
OPTIONAL = {
    **webhooks.OPTIONAL,
    "Error": {"details"},
    "FeedActor": {"label"},
    "FeedEvent": {"messageId"},
    "SupportFeedEvent": {"messageId"},
    "ListedCase": {"messageCount", "excerpt"},
    "SupportCaseWithMessages": {"history"},
}

# by the beginning of the path
TAGS = {
    CASES: ("merchants", "What merchants do, with a merchant's key"),
    f"{SUPPORT}/": ("support", "What the support team does, with a support key"),
}
NO_CONTENT = 204
PARAMETERS = {
    "{id_or_number}": ID_OR_NUMBER,
    "cases/{id}": REFERENCE,
    "texts/{id}": TEXT_ID,
    "keys/{id}": KEY_ID,
    "stores/{store}": STORE,
    "attachments/{id}": FILE_ID,
    "webhooks/{id}": WEBHOOK_ID,
    "{delivery}": DELIVERY_ID,
}
# what a schema says beyond its fields
MORE: dict[str, dict[str, Any]] = {
    **webhooks.MORE,
    "SupportCaseChange": {"minProperties": 1},
    "ManyCasesChange": {"minProperties": 2},
    "TextChange": {"minProperties": 1},
    "NewRedaction": {  # one thing beside the reason
        "minProperties": 2,
        "maxProperties": 2,
        "anyOf": [{"properties": {"subject": {"const": True}}}],
    },
    "NewKey": {
        "anyOf": [
            {"required": ["store"], "properties": {"stores": False, "admin": False}},
            {
                "required": ["label"],
                "properties": {"store": False, "label": {"not": {"enum": list(rules.SUPPORT_LABEL.reserved)}}},
            },
        ]
    },
    "NewSupportMessage": {
        "not": {
            "properties": {"internal": {"const": True}, "close": {"const": True}},
            "required": ["internal", "close"],
        }
    },
}

REQUEST_ID = {"description": "The id of the request", "schema": {"type": "string"}}


def make() -> dict[str, Any]:
    """Return the OpenAPI document."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name_of)
    tags = [{"name": name, "description": what} for name, what in TAGS.values()]
    spec = APISpec(
        "Support Cases API", __version__, "3.1.0", plugins=[plugin], info={"description": DESCRIPTION}, tags=tags
    )
    plugin.converter.add_attribute_function(from_rule)
    for schema in SCHEMAS:
        if schema.__name__ not in spec.components.schemas:
            spec.components.schema(schema.__name__, schema=schema)
    spec.components.security_scheme(
        "key", {"type": "http", "scheme": "bearer", "description": "An API key, of either kind"}
    )
    examples = Examples()
    for status, (what, headers) in ERRORS.items():
        content = {"application/json": {"schema": "Error", "example": examples.error(status)}}
        spec.components.response(
            f"Error{status}",
            {"description": what, "headers": {"X-Request-Id": REQUEST_ID, **headers}, "content": content},
        )
    for path, methods in _routes().items():
        operations = {m.lower(): _operation(plugin, m, path, summary, examples) for m, summary in methods.items()}
        spec.path(path, operations=operations, parameters=[of for name, of in PARAMETERS.items() if name in path])
    document = spec.to_dict() | {"webhooks": webhooks.told_to(examples.told)}
    _close(document["components"]["schemas"])
    return json.loads(json.dumps(document))


def _name_of(schema: Any) -> str | None:
    """Return the name of a schema in the document; None where it is written down in its place, as parameters are."""
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__ if kind in SCHEMAS else None


def _routes() -> dict[str, dict[str, str]]:
    """Return the app's own routes: each path with its methods and what their responders say."""
    routes = falcon.inspect.inspect_app(create_app(":memory:")).routes
    return {
        route.path: {
            method.method: _summary(route, method)
            for method in route.methods
            if not method.internal and method.method not in ("HEAD", "OPTIONS")
        }
        for route in sorted(routes, key=lambda route: route.path)
    }


def _summary(route: Any, method: Any) -> str:
    resource = create_app(":memory:")._router.find(route.path)[0]
    return getattr(resource, method.function_name).__doc__.strip().rstrip(".")


def _operation(plugin: MarshmallowPlugin, method: str, path: str, summary: str, examples: "Examples") -> dict[str, Any]:
    told = (OPERATIONS | webhooks.OPERATIONS)[method, path]
    summary = told.get("summary", summary)
    ask, answer = examples.of(method, path)
    tags = [name for start, (name, _) in TAGS.items() if path.startswith(start)]
    operation: dict[str, Any] = {"operationId": told["id"], "summary": summary, **({"tags": tags} if tags else {})}
    parameters = list(told.get("parameters", []))
    if "query" in told:
        parameters += plugin.converter.schema2parameters(told["query"], location="query")
    if parameters:
        operation["parameters"] = parameters
    if "body" in told:
        content = {"schema": told["body"], "example": ask}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    if "bytes" in told:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    content = {"schema": told["answer"] or {"type": "object"}, **({"example": answer} if told["answer"] else {})}
    good = {"description": summary, "headers": _headers(told), "content": {"application/json": content}}
    if told.get("status") == NO_CONTENT:
        del good["content"]
    if media := told.get("media"):
        good["content"] = {media_type: {} for media_type in media}
    more = {str(status): {**good, "description": what} for status, what in told.get("more", {}).items()}
    more.get("304", {}).pop("content", None)
    if "links" in told:
        good["links"] = told["links"]
    everywhere = [405, 500, 503] if told.get("open") else [401, 405, 429, 500, 503]
    statuses = sorted([*told["errors"], *everywhere])
    errors = {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in statuses}
    operation["responses"] = {str(told.get("status", 200)): good, **more, **errors}
    operation["security"] = [] if told.get("open") else [{"key": []}]
    return operation


def _headers(told: dict[str, Any]) -> dict[str, Any]:
    """Return the headers of a good answer."""
    headers: dict[str, Any] = {"X-Request-Id": REQUEST_ID}
    if told.get("location"):
        headers["Location"] = {"description": "Path of what is new, by UUID", "schema": {"type": "string"}}
    if IDEMPOTENCY_KEY in told.get("parameters", []):
        headers["Idempotent-Replayed"] = {"description": "true on a retry's answer", "schema": {"const": "true"}}
    if told.get("feed"):
        schema = {"type": "integer", "minimum": 1}
        headers["Retry-After"] = {"description": "At the end: seconds to wait before asking again", "schema": schema}
    if told.get("etag"):
        schema = {"type": "string", "pattern": '^"[1-9][0-9]*"$'}
        headers["ETag"] = {
            "description": "Of the case with all that happened to it",
            "required": True,
            "schema": schema,
        }
    return headers


def _close(components: dict[str, Any]) -> None:
    """Say that there are no other fields, and that answers have them all."""
    inputs = {schema.__name__ for schema in SCHEMAS if issubclass(schema, schemas.Input)}
    for name, schema in components.items():
        schema |= {"additionalProperties": False, **MORE.get(name, {})}
        if name not in inputs:
            schema["required"] = [field for field in schema["properties"] if field not in OPTIONAL.get(name, ())]


def text(document: dict[str, Any]) -> str:
    """Return the document as it is shipped."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    log = io.StringIO()  # most faults are meant, as examples
    logging.basicConfig(stream=log)
    try:
        made = make()
    except AssertionError:
        print(log.getvalue(), file=sys.stderr)
        raise
    for target, content in ((TARGET, text(made)), (reference_page.TARGET, reference_page.page(made))):
        target.write_text(content, encoding="utf-8")
        print(f"wrote {target}")
