"""The OpenAPI document: fresh, valid, complete, and true: schemathesis holds the app to it with all its checks."""

import inspect
import itertools
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from falcon.inspect import inspect_app
from hypothesis import settings
from jsonschema import Draft202012Validator
from marshmallow import missing
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi.checks import ObjectLevelAuthorizationViolation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from dev.tools import make_openapi
from supportcases import KeyRing, SupportDesk, create_app
from supportcases.domain import fields
from supportcases.domain.errors import CaseNotFound
from supportcases.domain.text import shows
from supportcases.testing import numbered_keys
from supportcases.web import shapes
from tests.conftest import ACME, ADA, GLOBEX, SUPPORT
from tests.support.rows import written_thread


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
    assert seen == 50  # 11 bodies, 5 answers to merchants, 20 to support, the health's, 13 errors


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
    ],
)
def test_the_defaults_that_the_document_tells_are_the_desk_s(query, use_case):
    told = {name: field.load_default for name, field in query().fields.items() if field.load_default is not missing}
    parameters = inspect.signature(use_case).parameters
    assert told == {name: parameters[name].default for name in told}
    assert {"limit", "offset"} <= told.keys()


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
    *("openCaseForStore", "addText", "changeText", "removeText"),
    *("listKeys", "makeKey", "getKey", "revokeKey"),
)


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
                assert "403" in errors
                assert "412" not in errors
            else:
                assert not errors


def loaded(app, keys, *, peers=()):
    """Return the document with `app` behind it, asked with the `keys`, of which some see none of the others' cases."""
    entries = [
        f'  - name: {name}\n    fixedHeaders: [{{name: Authorization, value: "Bearer {key}"}}]\n'
        for name, key in keys.items()
    ]
    with TemporaryDirectory() as folder:
        wfc = Path(folder, "wfc.yaml")
        wfc.write_text("auth:\n" + "".join(entries))
        settings_file = Path(folder, "schemathesis.toml")
        settings_file.write_text(f'[auth.wfc]\npath = "{wfc}"\n' + (f"peers = {json.dumps(peers)}\n" if peers else ""))
        config = schemathesis.Config.from_path(str(settings_file))
        return schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)


def merchants_side():
    """Return all but support's routes over an app of two stores with a key and a case each, each other's peer."""
    app = create_app(":memory:")
    keys = {}
    for actor in (ACME, GLOBEX):
        app.desk.open(actor, body="The checkout shows a blank page.")
        keys[actor.store], _ = app.keys.create(actor.store)
    return loaded(app, keys, peers=["acme", "globex"]).exclude(path_regex=f"^{SUPPORT}/")


def support_side():
    """Return support's routes over an app of two stores with a case each.

    With one key, for all stores: it has no peer, since it sees what everybody else does, and one for some stores could
    open no case in a store that schemathesis makes up. The walls between support's keys are tested where the stores
    are known, in `test_stores_are_walls`.
    """

    def make():
        app = create_app(":memory:")
        for actor in (ACME, GLOBEX):
            app.desk.open(actor, body="The checkout shows a blank page.")
        KeyRing(app.desk.repository, new_key=numbered_keys()).create_support(label="Ada")
        return app

    return loaded(Renewed(make), {"Ada": numbered_keys()()}).include(path_regex=f"^{SUPPORT}/")


class Renewed:
    """An app that begins anew with each walk: a walk that depends on those before it cannot be taken again."""

    def __init__(self, make):
        self.make = make
        self.renew()

    def renew(self):
        self.app = self.make()

    def __call__(self, environ, start_response):
        return self.app(environ, start_response)


merchants = merchants_side()
support = support_side()


def exceptions(case, response):
    """Return the checks that do not hold for this answer, each with its reason."""
    body = case.body if isinstance(case.body, dict) else {}
    query = case.query or {}
    texts = [value for value in (*body.values(), query.get("assignee")) if isinstance(value, str)]
    excluded = []
    if response.status_code == 422 and "Idempotency-Key" in (case.headers or {}):
        excluded.append(positive_data_acceptance)  # a schema cannot say that a key was used before
    if response.status_code == 412 and "If-Match" in (case.headers or {}):
        excluded.append(positive_data_acceptance)  # nor which revision a case has
    if response.status_code == 400 and "cursor" in query:
        faulty = {problem["field"] for problem in response.json().get("details", ())}
        if faulty in ({"cursor"}, {"offset"}):
            # nor what was once a nextCursor, nor that an offset must not stand beside it
            excluded.append(positive_data_acceptance)
    if any(text != text.strip() for text in texts):
        # texts are measured once they are trimmed: "   " is refused though it is three characters long, and a
        # trailing newline or a 121st blank is not refused though the schema says so
        excluded += [positive_data_acceptance, negative_data_rejection]
    if response.status_code == 400 and not all(map(shows, texts)):
        excluded.append(positive_data_acceptance)  # nor, in a pattern of ECMA-262, which characters are visible
    return excluded


@merchants.parametrize()
@settings(max_examples=100, derandomize=True, deadline=None)
def test_the_merchants_side_keeps_to_its_document(case):
    response = case.call()
    case.validate_response(response, excluded_checks=exceptions(case, response))


@support.parametrize()
@settings(max_examples=100, derandomize=True, deadline=None)
def test_the_support_side_keeps_to_its_document(case):
    response = case.call()
    case.validate_response(response, excluded_checks=exceptions(case, response))


def workflow(over, *, max_examples):
    """Return random walks along the document's links: open a case, then get it, change it, write to it."""

    class Workflow(over.as_state_machine()):
        def setup(self):
            if isinstance(over.app, Renewed):
                over.app.renew()

        def validate_response(self, response, case, additional_checks=None, **kwargs):
            case.validate_response(
                response,
                additional_checks=additional_checks,
                excluded_checks=exceptions(case, response),
                transport_kwargs=kwargs or None,
                recorder=self.recorder,
            )

    Workflow.TestCase.settings = settings(
        max_examples=max_examples, stateful_step_count=10, derandomize=True, deadline=None
    )
    return Workflow.TestCase


TestMerchantsWorkflow = workflow(merchants, max_examples=40)
TestSupportWorkflow = workflow(support, max_examples=40)


def test_the_walk_would_find_a_store_that_sees_the_cases_of_another(monkeypatch):
    def get(desk, actor, ref):
        return written_thread(desk.get(actor if ref.isdigit() else ADA, ref))

    monkeypatch.setattr(SupportDesk, "written_thread", get)
    walk = workflow(merchants_side(), max_examples=400)
    with pytest.raises(FailureGroup) as found:
        walk("runTest").runTest()
    assert any(isinstance(failure, ObjectLevelAuthorizationViolation) for failure in found.value.exceptions)
