"""Which changes of the OpenAPI document break those who were written against the one before, and which do not."""

import copy
import json

import pytest

from dev.tools.breaking import broken
from tests.conftest import ROOT

PUBLISHED = json.loads((ROOT / "supportcases" / "web" / "openapi.json").read_text(encoding="utf-8"))
CASES = "/api/v1/support-cases"


@pytest.fixture
def document():
    return copy.deepcopy(PUBLISHED)


def at(document, *names):
    for name in names:
        document = document[name]
    return document


def set_at(*place):
    *names, last, value = place
    return lambda document: at(document, *names).__setitem__(last, value)


def gone(*place):
    *names, last = place
    return lambda document: at(document, *names).pop(last)


def added(value, *names):
    return lambda document: at(document, *names).append(value)


SCHEMAS = ("components", "schemas")
LISTED = ("paths", CASES, "get")
NEW = (*SCHEMAS, "NewSupportCase")
TOLD = (*SCHEMAS, "Case")
CHANGED = (*SCHEMAS, "HistoryEntry", "properties", "from", "propertyNames")
BREAKING = [
    (gone("paths", CASES), f"GET {CASES} is gone"),
    (gone("paths", CASES, "post"), f"POST {CASES} is gone"),
    (gone("webhooks", "event"), "POST event is gone"),
    (set_at(*LISTED, "operationId", "cases"), f"GET {CASES}: operationId was listCases and is cases"),
    (set_at(*LISTED, "security", []), f"GET {CASES}: security was [{{'key': []}}] and is []"),
    (gone(*LISTED, "parameters", 0), f"GET {CASES}: limit is gone"),
    (set_at(*LISTED, "parameters", 0, "required", True), f"GET {CASES}: limit must be sent"),
    (
        added({"name": "x", "in": "query", "required": True, "schema": {}}, *LISTED, "parameters"),
        f"GET {CASES}: x must be sent",
    ),
    (set_at(*LISTED, "parameters", 0, "schema", "maximum", 50), f"GET {CASES}: limit: maximum was 100 and is 50"),
    (set_at(*LISTED, "parameters", 0, "schema", "minimum", 2), f"GET {CASES}: limit: minimum was 1 and is 2"),
    (set_at(*LISTED, "parameters", 0, "schema", "default", 20), f"GET {CASES}: limit: default was 10 and is 20"),
    (set_at(*LISTED, "parameters", 0, "schema", "type", "string"), "limit: type was integer and is string"),
    (
        gone(*LISTED, "parameters", 3, "schema", "enum", 0),
        "status: enum was ['open', 'answered', 'closed', 'all'] and is",
    ),
    (set_at(*LISTED, "parameters", 2, "schema", "pattern", "x"), f"GET {CASES}: query: pattern was"),
    (gone(*LISTED, "responses", "200"), f"GET {CASES}: 200 is gone"),
    (gone(*LISTED, "responses", "200", "headers", "X-Request-Id"), f"GET {CASES}: 200 without X-Request-Id"),
    (gone(*LISTED, "responses", "200", "content", "application/json"), f"GET {CASES}: 200: application/json is gone"),
    (gone(*TOLD, "properties", "subject"), ".subject is gone"),
    (gone(*TOLD, "required", 0), ".id may be missing"),
    (
        set_at(*TOLD, "properties", "number", "type", ["integer", "null"]),
        ".number: type was integer and is ['integer', 'null']",
    ),
    (gone(*TOLD, "properties", "number", "type"), ".number: type was integer and is None"),
    (added("waiting", *TOLD, "properties", "status", "enum"), ".status: enum was"),
    (gone(*NEW, "properties", "author"), "NewSupportCase.author is gone"),
    (added("author", *NEW, "required"), "NewSupportCase.author must be sent"),
    (gone(*CHANGED, "enum", 0), ".from: its names: enum was ['subject', 'category', "),
    (set_at(*NEW, "properties", "body", "minLength", 20), "NewSupportCase.body: minLength was 10 and is 20"),
]
HARMLESS = [
    set_at("paths", "/new", {"get": {"responses": {}}}),
    set_at(*LISTED, "summary", "Other words"),
    set_at(*LISTED, "responses", "418", {"description": "A teapot"}),
    added({"name": "x", "in": "query", "schema": {}}, *LISTED, "parameters"),
    set_at(*LISTED, "parameters", 0, "schema", "maximum", 200),
    added("new", *LISTED, "parameters", 3, "schema", "enum"),
    set_at(*TOLD, "properties", "new", {"type": "string"}),
    added("closedAt", *TOLD, "required"),
    gone(*TOLD, "properties", "status", "enum", 0),
    gone(*NEW, "required", 0),
    set_at(*NEW, "properties", "new", {"type": "string"}),
    added("orderNumber", *CHANGED, "enum"),
    added("support_case.merged", *SCHEMAS, "FeedEvent", "properties", "type", "enum"),
]


@pytest.mark.parametrize(("edit", "sentence"), BREAKING, ids=[sentence for _, sentence in BREAKING])
def test_it_is_told_what_breaks(document, edit, sentence):
    edit(document)
    assert [line for line in broken(PUBLISHED, document) if sentence in line]


@pytest.mark.parametrize("edit", HARMLESS)
def test_nothing_is_told_of_what_breaks_nobody(document, edit):
    edit(document)
    assert broken(PUBLISHED, document) == []
