"""The OpenAPI document: fresh, valid, complete, and true: schemathesis holds the app to it with all its checks."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from falcon.inspect import inspect_app
from falcon.testing import TestClient
from hypothesis import settings
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi.checks import ObjectLevelAuthorizationViolation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from supportcases import create_app
from tests.conftest import ACME, ADA, GLOBEX
from tools import make_openapi


@pytest.fixture
def document(client):
    return client.simulate_get("/openapi.json").json


def test_the_shipped_document_is_what_routes_and_schemas_make():
    assert make_openapi.TARGET.read_text(encoding="utf-8") == make_openapi.text(), "run: python -m tools.make_openapi"


def test_the_document_is_valid_openapi_3_1(document):
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_the_document_tells_of_every_route_and_of_no_other(app, document):
    told = {(path, method) for path, item in document["paths"].items() for method in item if method != "parameters"}
    routes = inspect_app(app).routes
    served = {(r.path, m.method.lower()) for r in routes for m in r.methods if not m.internal and m.method != "HEAD"}
    assert told == served - {(path, "options") for path, _ in served}


def test_servers_name_the_place_where_the_app_is_mounted(app):
    client = TestClient(app)
    assert client.simulate_get("/openapi.json").json["servers"] == [{"url": "/"}]
    assert client.simulate_get("/openapi.json", root_path="/shop/support").json["servers"] == [{"url": "/shop/support"}]


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
    assert seen == 19  # 3 bodies, 6 answers, 10 errors


def loaded(spoil=lambda app: None):
    """Return the document with an app in memory behind it: two stores with a key and a case each, each other's peer."""
    app = create_app(":memory:")
    spoil(app)
    peers = []
    for actor in (ACME, GLOBEX):
        app.desk.open(actor, body="The checkout shows a blank page.")
        key, _ = app.keys.create(actor.store)
        headers = f'[{{name: Authorization, value: "Bearer {key}"}}]'
        peers.append(f"  - name: {actor.store}\n    fixedHeaders: {headers}\n")
    with TemporaryDirectory() as folder:
        wfc = Path(folder, "wfc.yaml")
        wfc.write_text("auth:\n" + "".join(peers))
        settings_file = Path(folder, "schemathesis.toml")
        settings_file.write_text(f'[auth.wfc]\npath = "{wfc}"\npeers = ["acme", "globex"]\n')
        config = schemathesis.Config.from_path(str(settings_file))
        return schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)


schema = loaded()


def exceptions(case, response):
    """Return the checks that do not hold for this answer, each with its reason."""
    texts = [value for value in (case.body if isinstance(case.body, dict) else {}).values() if isinstance(value, str)]
    excluded = []
    if response.status_code == 422 and "Idempotency-Key" in (case.headers or {}):
        excluded.append(positive_data_acceptance)  # a schema cannot say that a key was used before
    if any(text != text.strip() for text in texts):
        # texts are measured once they are trimmed: "   " is refused though it is three characters long, and a
        # trailing newline or a 121st blank is not refused though the schema says so
        excluded += [positive_data_acceptance, negative_data_rejection]
    return excluded


@schema.parametrize()
@settings(max_examples=100, derandomize=True, deadline=None)
def test_the_app_keeps_to_its_document(case):
    response = case.call()
    case.validate_response(response, excluded_checks=exceptions(case, response))


def workflow(over, *, max_examples):
    """Return random walks along the document's links: open a case, then get it, close it, reply to it."""

    class Workflow(over.as_state_machine()):
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


TestWorkflow = workflow(schema, max_examples=40)


def test_the_walk_would_find_a_store_that_sees_the_cases_of_another():
    def open_the_wall(app):
        get = app.desk.get
        app.desk.get = lambda actor, ref: get(actor if ref.isdigit() else ADA, ref)

    walk = workflow(loaded(open_the_wall), max_examples=400)
    with pytest.raises(FailureGroup) as found:
        walk("runTest").runTest()
    assert any(isinstance(failure, ObjectLevelAuthorizationViolation) for failure in found.value.exceptions)
