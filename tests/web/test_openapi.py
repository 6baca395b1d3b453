"""The OpenAPI document: fresh, valid and complete; `test_openapi_is_true.py` holds the app to it."""

import inspect
import itertools
import json
import re
from collections import Counter

import pytest
from falcon.inspect import inspect_app
from jsonschema import Draft202012Validator
from marshmallow import missing
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from dev.tools import make_openapi
from supportcases import KeyRing, SupportDesk
from supportcases.domain import fields
from supportcases.domain.errors import CaseNotFound
from supportcases.web import shapes, webhook_shapes
from tests.conftest import ACME, ADA, SUPPORT


@pytest.fixture
def document(client):
    return client.simulate_get("/openapi.json").json


def test_the_shipped_document_is_what_routes_and_schemas_make():
    kept = make_openapi.TARGET.read_text(encoding="utf-8")
    assert kept == make_openapi.text(make_openapi.make()), "run: python -m dev.tools.make_openapi"


def test_the_document_is_valid_openapi_3_1(document):
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_the_document_tells_of_every_route_and_of_no_other(app, document):
    told = {(path, method) for path, item in document["paths"].items() for method in item if method != "parameters"}
    routes = inspect_app(app).routes
    served = {(r.path, m.method.lower()) for r in routes for m in r.methods if not m.internal and m.method != "HEAD"}
    assert told == served - {(path, "options") for path, _ in served}


def test_every_example_validates_against_its_schema(document):
    registry = Registry().with_resource("urn:api", Resource(document, DRAFT202012))
    seen = 0

    def walk(node):
        nonlocal seen
        if isinstance(node, dict):
            if "example" in node and "schema" in node:
                schema = json.loads(json.dumps(node["schema"]).replace('"#/', '"urn:api#/'))
                Draft202012Validator(schema, registry=registry).validate(node["example"])
                seen += 1
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(document)
    assert seen == 91  # 18 bodies, 17 answers to merchants, 36 to support, health's two, 15 errors, 3 told to webhooks


def pattern(document, operation, name):
    """Return the pattern of a GET operation's parameter, as ECMA-262 understands it."""
    path = document["paths"][f"{SUPPORT}{operation}"]
    found = next(p for p in path["get"].get("parameters", []) + path.get("parameters", []) if p["name"] == name)
    return re.compile(re.sub(r"\$$", r"\\Z", found["schema"]["pattern"]))  # Python's $ lets a newline follow


@pytest.mark.parametrize(
    ("query", "use_case"),
    [
        (shapes.CaseQuery, SupportDesk.list),
        (shapes.QueueQuery, SupportDesk.queue),
        (shapes.HistoryQuery, SupportDesk.history),
        (shapes.SupportStoreQuery, SupportDesk.stores),
        (shapes.KeyQuery, KeyRing.within),
        (webhook_shapes.SupportWebhookQuery, SupportDesk.webhooks),
        (webhook_shapes.DeliveryQuery, SupportDesk.deliveries),
        (shapes.SupportFeedQuery, SupportDesk.events),
    ],
)
def test_the_defaults_that_the_document_tells_are_the_desk_s(query, use_case):
    told = {name: field.load_default for name, field in query().fields.items() if field.load_default is not missing}
    parameters = inspect.signature(use_case).parameters
    assert told == {name: parameters[name].default for name in told}
    assert "limit" in told


def test_moments_are_what_the_document_says(document):
    told = pattern(document, "/cases", "createdAfter")
    numbers = itertools.product((0, 1, 1900, 2000, 2023, 2024, 9999), range(14), range(33))
    days = [f"{year:04}-{month:02}-{day:02}" for year, month, day in numbers]
    clocks = ("T00:00:00", "T23:59:59", "T24:00:00", "T10:60:00", "T10:00:60", "T10:00", "t10:00:00", " 10:00:00")
    parts = itertools.product(
        clocks, ("", ".1", ".123", ".1234"), ("Z", "", "z", "+23:59", "-00:00", "+24:00", "+0100")
    )
    times = ["2024-06-15" + "".join(part) for part in parts]
    for text in [*days, *times, "", "2024-06-15Z", "2024-06-15 ", "2024-06-15\n", "٢٠٢٤-06-15"]:
        assert bool(told.search(text)) == is_allowed(fields.TIMESTAMP_FILTER, text), text


def is_allowed(rule, text):
    try:
        rule.clean(text)
    except ValueError:
        return False
    return True


def test_cases_are_named_as_the_document_says(app, document):
    told = pattern(document, "/cases/{id}", "id")
    case = app.desk.open(ACME, body="The checkout shows a blank page.")
    names = [case.id, case.id.upper(), "acme:1", "acme:000001", "acme:#1", "acme:#0001"]
    for name in names:
        assert told.search(name)
        assert app.desk.get(ADA, name).case == case
    for name in [
        "1",
        "#1",
        "",
        ":1",
        "acme:",
        "acme:-1",
        "acme:1 ",
        " acme:1",
        "acme:٣",
        "acme:##1",
        "acme:1\n",
        "a b:1",
    ]:
        assert not told.search(name)
        with pytest.raises(CaseNotFound):
            app.desk.get(ADA, name)


NOT_FOR_ALL = (  # of the support team
    *("openCaseForStore", "announceFileForStore", "addText", "changeText", "removeText"),
    *("listKeys", "makeKey", "getKey", "revokeKey", "addWebhookForTeam"),
    *("holdStore", "releaseStore"),
)


def test_no_two_operations_have_one_name_or_one_summary(document):
    items = [*document["paths"].values(), *document["webhooks"].values()]
    told = [item[method] for item in items for method in item if method != "parameters"]
    for what in ("operationId", "summary"):
        assert [name for name, times in Counter(each[what] for each in told).items() if times > 1] == []


def test_every_operation_of_one_side_has_its_tag_and_its_errors(document):
    for path, item in document["paths"].items():
        for operation in (item[method] for method in item if method != "parameters"):
            errors = operation["responses"].keys() & {"403", "404", "412"}
            if path.startswith(f"{SUPPORT}/"):
                assert operation["tags"] == ["support"]
                assert "404" in errors
                assert ("403" in errors) == (operation["operationId"] in NOT_FOR_ALL)
                assert ("412" in errors) == any(p["name"] == "If-Match" for p in operation.get("parameters", []))
            elif path.startswith("/api/"):
                assert operation["tags"] == ["merchants"]
                assert ("403" in errors) == bool(operation["security"])  # the URL of a file is good without a key
                assert "412" not in errors
            else:
                assert not errors
