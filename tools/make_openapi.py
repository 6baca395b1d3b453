"""Make `supportcases/web/openapi.json` from the routes and the marshmallow schemas: `python -m tools.make_openapi`.

apispec turns the schemas into JSON Schema; every example is the answer of a real app in memory. A test fails when the
shipped file is not what this makes.
"""

import itertools
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import falcon.inspect
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from falcon.testing import TestClient

from supportcases import Actor, create_app
from supportcases import fields as rules
from supportcases.app import MAX_BODY
from supportcases.cases import NUMBER_TEXT, UUID_TEXT
from supportcases.errors import DatabaseBusy
from supportcases.version import __version__
from supportcases.web import schemas

TARGET = Path(__file__).parents[1] / "supportcases" / "web" / "openapi.json"
CASES = "/api/v1/support-cases"
ITEM = f"{CASES}/{{id_or_number}}"
MESSAGES = f"{ITEM}/messages"

DESCRIPTION = f"""Merchants open support cases and follow them. Every request needs an API key; a key belongs to one
store and sees only the cases of that store.

Texts are trimmed first, then measured in code points. Bodies are JSON of up to {MAX_BODY:,} bytes. HEAD works where
GET does; OPTIONS answers with `Allow`. Every answer carries `X-Request-Id`, the caller's own if it is 1 to 128
characters of `A-Z a-z 0-9 . _ -`."""

NAMES = {
    schemas.NewCase: "NewCase",
    schemas.CaseChange: "CaseChange",
    schemas.NewReply: "NewReply",
    schemas.CaseOut: "Case",
    schemas.ThreadOut: "CaseWithMessages",
    schemas.Attachment: "Attachment",
    schemas.MessageOut: "Message",
    schemas.PageMeta: "PageMeta",
    schemas.CaseList: "CaseList",
    schemas.ReplyOut: "Reply",
    schemas.FieldProblem: "FieldProblem",
    schemas.ErrorOut: "Error",
    schemas.HealthOut: "Health",
}
NO_NUL = r"^[^\u0000]*$"
ONE_LINE = r"^[^\u0000-\u001f\u007f-\u009f]*$"
OPTIONAL = {"Attachment": {"name"}, "Error": {"details"}}

ID_OR_NUMBER = {
    "name": "id_or_number",
    "in": "path",
    "required": True,
    "description": "A UUID, or a case number as 42, 000042, #42 or #000042 (# is sent as %23)",
    "schema": {"type": "string", "pattern": f"^({UUID_TEXT.pattern}|{NUMBER_TEXT.pattern})$"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a retry safe: sent again within 24 hours with the same request, it gets the same answer",
    "schema": {"type": "string", "pattern": f"^{rules.IDEMPOTENCY_KEY.pattern.pattern}$"},
}

# what the routes do not tell: per operation its name, what it takes, what it answers and what can go wrong
OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", CASES): {"id": "listCases", "query": schemas.CaseQuery, "answer": schemas.CaseList, "errors": [400]},
    ("POST", CASES): {
        "id": "openCase",
        "body": schemas.NewCase,
        "parameters": [IDEMPOTENCY_KEY],
        "answer": schemas.CaseOut,
        "status": 201,
        "errors": [400, 413, 415, 422],
        "links": True,
    },
    ("GET", ITEM): {"id": "getCase", "answer": schemas.ThreadOut, "errors": [400, 404]},
    ("PATCH", ITEM): {
        "id": "changeCase",
        "body": schemas.CaseChange,
        "answer": schemas.CaseOut,
        "errors": [400, 404, 413, 415],
    },
    ("POST", MESSAGES): {
        "id": "replyToCase",
        "body": schemas.NewReply,
        "parameters": [IDEMPOTENCY_KEY],
        "answer": schemas.ReplyOut,
        "status": 201,
        "errors": [400, 404, 413, 415, 422],
    },
    ("GET", "/healthz"): {"id": "health", "answer": schemas.HealthOut, "errors": [], "open": True},
    ("GET", "/openapi.json"): {"id": "openapi", "answer": None, "errors": [], "open": True},
}

REQUEST_ID = {"description": "The id of the request", "schema": {"type": "string"}}
ERRORS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("Something in the request is not allowed", {}),
    401: ("No valid API key", {"WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}}}),
    403: ("Not for you", {}),
    404: ("No such case in the store", {}),
    405: (
        "The path does not take this method",
        {"Allow": {"description": "What it takes", "schema": {"type": "string"}}},
    ),
    413: (f"The body has more than {MAX_BODY:,} bytes", {}),
    415: ("The body is not JSON", {}),
    422: ("The Idempotency-Key was used for another request", {}),
    500: ("Something went wrong on our side", {}),
    503: (
        "The database is busy or cannot be used at the moment",
        {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}},
    ),
}


def make() -> dict[str, Any]:
    """Return the OpenAPI document."""
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: NAMES.get(_class_of(schema)))
    spec = APISpec("Support Cases API", __version__, "3.1.0", plugins=[plugin], info={"description": DESCRIPTION})
    plugin.converter.add_attribute_function(_from_rule)
    for schema, name in NAMES.items():
        if name not in spec.components.schemas:
            spec.components.schema(name, schema=schema)
    spec.components.security_scheme("key", {"type": "http", "scheme": "bearer", "description": "An API key"})
    examples = Examples()
    for status, (what, headers) in ERRORS.items():
        content = {"application/json": {"schema": "Error", "example": examples.error(status)}}
        spec.components.response(
            f"Error{status}",
            {"description": what, "headers": {"X-Request-Id": REQUEST_ID, **headers}, "content": content},
        )
    for path, methods in _routes().items():
        operations = {m.lower(): _operation(plugin, m, path, summary, examples) for m, summary in methods.items()}
        spec.path(path, operations=operations, parameters=[ID_OR_NUMBER] if "{" in path else [])
    document = spec.to_dict()
    _close(document["components"]["schemas"])
    return json.loads(json.dumps(document))


def _class_of(schema: Any) -> Any:
    return schema if isinstance(schema, type) else type(schema)


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
    told = OPERATIONS[method, path]
    ask, answer = examples.of(method, path)
    operation: dict[str, Any] = {"operationId": told["id"], "summary": summary}
    parameters = list(told.get("parameters", []))
    if "query" in told:
        parameters += plugin.converter.schema2parameters(told["query"], location="query")
    if parameters:
        operation["parameters"] = parameters
    if "body" in told:
        content = {"schema": told["body"], "example": ask}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    headers: dict[str, Any] = {"X-Request-Id": REQUEST_ID}
    if told.get("status") == 201 and told["id"] == "openCase":
        headers["Location"] = {"description": "Path of the new case, by UUID", "schema": {"type": "string"}}
    if IDEMPOTENCY_KEY in parameters:
        headers["Idempotent-Replayed"] = {"description": "true on a retry's answer", "schema": {"const": "true"}}
    content = {"schema": told["answer"] or {"type": "object"}, **({"example": answer} if told["answer"] else {})}
    good = {"description": summary, "headers": headers, "content": {"application/json": content}}
    if told.get("links"):
        good["links"] = {
            name: {"operationId": name, "parameters": {"id_or_number": "$response.body#/id"}}
            for name in ("getCase", "changeCase", "replyToCase")
        }
    everywhere = [500, 503] if told.get("open") else [401, 403, 500, 503]
    statuses = sorted([*told["errors"], 405, *everywhere])
    errors = {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in statuses}
    operation["responses"] = {str(told.get("status", 200)): good, **errors}
    operation["security"] = [] if told.get("open") else [{"key": []}]
    return operation


def _from_rule(self: Any, field: Any, **_: Any) -> dict[str, Any]:
    """Return what a field's rule allows, as JSON Schema."""
    if isinstance(field, schemas.Timestamp):
        kind = ["string", "null"] if field.allow_none else "string"
        return {"type": kind, "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
    match getattr(field, "rule", None):
        case rules.TextRule(shortest=shortest, longest=longest, one_line=one_line):
            pattern = ONE_LINE if one_line else NO_NUL
            return {"type": "string", "minLength": shortest, "maxLength": longest, "pattern": pattern}
        case rules.NumberRule(lowest=lowest, highest=highest):
            return {"type": "integer", "minimum": lowest, "maximum": highest}
        case rules.ChoiceRule() | rules.FilterRule() as rule:
            return {"type": "string", "enum": list(rule.names)}
        case rules.QueryRule():
            return {"type": "string", "pattern": NO_NUL}
    return {}


def _close(components: dict[str, Any]) -> None:
    """Say that there are no other fields, and that answers have them all."""
    inputs = {NAMES[kind] for kind in NAMES if issubclass(kind, schemas.Input)}
    for name, schema in components.items():
        schema["additionalProperties"] = False
        if name not in inputs:
            schema["required"] = [field for field in schema["properties"] if field not in OPTIONAL.get(name, ())]


class Examples:
    """Requests and what a real app answers to them."""

    def __init__(self) -> None:
        moments = (datetime(2024, 6, 15, 10, 30, tzinfo=UTC) + timedelta(minutes=29 * n) for n in itertools.count())
        numbers = itertools.count(1)
        app = create_app(
            ":memory:",
            clock=lambda: next(moments),
            new_id=lambda: UUID(f"0191abc0-1234-7def-8000-{next(numbers):012x}"),
            authenticate=self._who,
        )
        self._client = TestClient(app)
        self._headers = {"Authorization": "Bearer sck_example", "X-Request-Id": "7d2c1f04"}
        self._desk = app.desk
        self._made: dict[tuple[str, str], tuple[Any, Any]] = {}
        self._make()

    def of(self, method: str, path: str) -> tuple[Any, Any]:
        """Return a request's body and the answer's."""
        return self._made.get((method, path), (None, None))

    @staticmethod
    def _who(req: falcon.Request) -> Actor | None:
        match req.auth:
            case None:
                return None
            case "support":
                return Actor.support("Ada")
            case "busy":
                raise DatabaseBusy()
            case "broken":
                raise RuntimeError("an example of a fault inside")
        return Actor.merchant("acme")

    def _make(self) -> None:
        said = (
            "Order #1042 was marked as refunded but the customer did not receive the funds. It is pending since Monday."
        )
        new = {"body": said, "category": "orders_payments", "severity": "high"}
        self._ask("POST", CASES, CASES, new)
        self._desk.answer(Actor.support("YNS Support"), "acme:1", body="We've escalated this with Stripe.")
        self._ask("GET", ITEM, f"{CASES}/1")
        thanks = {"body": "Thanks — the customer confirmed the refund arrived.", "author": "Mara"}
        self._ask("POST", MESSAGES, f"{CASES}/1/messages", thanks)
        self._ask("PATCH", ITEM, f"{CASES}/1", {"status": "closed"})
        self._ask("GET", CASES, CASES)
        self._ask("GET", "/healthz", "/healthz")

    def _ask(self, method: str, template: str, path: str, body: Any = None) -> None:
        answer = self._client.simulate_request(method, path, json=body, headers=self._headers)
        assert answer.status_code in (200, 201), answer.text
        self._made[method, template] = (body, answer.json)

    def error(self, status: int) -> Any:
        """Return the body of an error."""
        once = {**self._headers, "Idempotency-Key": "a"}
        body = {"body": "The checkout shows a blank page."}
        wrong: dict[int, dict[str, Any]] = {
            400: {"method": "GET", "path": CASES, "query_string": "limit=0"},
            401: {"method": "GET", "path": CASES, "headers": {"X-Request-Id": "7d2c1f04"}},
            403: {"method": "GET", "path": CASES, "headers": {**self._headers, "Authorization": "support"}},
            404: {"method": "GET", "path": f"{CASES}/999"},
            405: {"method": "DELETE", "path": CASES},
            413: {"method": "POST", "path": CASES, "json": {"body": "x" * MAX_BODY}},
            415: {
                "method": "POST",
                "path": CASES,
                "body": "x",
                "headers": {**self._headers, "Content-Type": "text/plain"},
            },
            422: {"method": "POST", "path": CASES, "json": {**body, "severity": "high"}, "headers": once},
            500: {"method": "GET", "path": CASES, "headers": {**self._headers, "Authorization": "broken"}},
            503: {"method": "GET", "path": CASES, "headers": {**self._headers, "Authorization": "busy"}},
        }
        if status == 422:
            self._client.simulate_post(CASES, json=body, headers=once)
        answer = self._client.simulate_request(**{"headers": self._headers, **wrong[status]})
        assert answer.status_code == status, answer.text
        return answer.json


def text() -> str:
    """Return the document as it is shipped."""
    return json.dumps(make(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    logging.disable()  # the examples of faults are meant
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}")
