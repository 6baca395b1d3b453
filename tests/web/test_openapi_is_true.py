"""The OpenAPI document is true: schemathesis holds the app to it with all its checks."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi.checks import ObjectLevelAuthorizationViolation
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from supportcases import KeyRing, SupportDesk, create_app
from supportcases.domain.text import shows
from supportcases.testing import numbered_keys
from tests.conftest import ACME, ADA, GLOBEX, SUPPORT
from tests.support.rows import written_thread

EXAMPLES = 3  # of each operation, beside those that schemathesis derives from the limits in the document
load_all_checks()


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


@pytest.fixture
def merchants_side():
    """Return all but support's routes over an app of two stores with a key and a case each, each other's peer."""

    def make():
        app = of_two_stores()
        ring = KeyRing(app.desk.repository, new_key=numbered_keys())
        for actor in (ACME, GLOBEX):
            ring.create(actor.store)
        return app

    new_key = numbered_keys()
    keys = {actor.store: new_key() for actor in (ACME, GLOBEX)}
    return loaded(Renewed(make), keys, peers=["acme", "globex"]).exclude(path_regex=f"^{SUPPORT}/")


def of_two_stores():
    app = create_app(":memory:")
    for actor in (ACME, GLOBEX):
        app.desk.open(actor, body="The checkout shows a blank page.")
    return app


@pytest.fixture
def support_side():
    """Return support's routes over an app of two stores with a case each.

    With one key, for all stores: it has no peer, since it sees what everybody else does, and one for some stores could
    open no case in a store that schemathesis makes up. The walls between support's keys are tested where the stores
    are known, in `test_stores_are_walls`.
    """

    def make():
        app = of_two_stores()
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
    if response.status_code == 400 and body.get("attachments"):
        excluded.append(positive_data_acceptance)  # nor which files there are
    if response.status_code == 404 and case.path.endswith("/attachments/{id}"):
        excluded.append(positive_data_acceptance)  # nor what a signature is of
    if response.status_code == 409 and case.path.endswith("/attachments"):
        excluded.append(positive_data_acceptance)  # nor how many bytes wait already
    if response.status_code == 400 and "/webhooks" in case.path:
        faulty = {problem["field"] for problem in response.json().get("details", ())}
        if faulty and faulty <= {"url", "types"}:  # nor where a URL leads, nor whose a webhook is that is to be changed
            excluded.append(positive_data_acceptance)
    if response.status_code == 400 and case.path.endswith("/redactions"):
        faulty = {problem["field"] for problem in response.json().get("details", ())}
        if faulty and faulty <= {"message", "label", "attachment"}:  # nor what a case has that can be taken out
            excluded.append(positive_data_acceptance)
    if response.status_code == 400 and "cursor" in query:
        faulty = {problem["field"] for problem in response.json().get("details", ())}
        if faulty in ({"cursor"}, {"offset"}):
            # nor what was once a nextCursor, nor that an offset must not stand beside it
            excluded.append(positive_data_acceptance)
    if response.status_code == 410 and "after" in query:
        excluded.append(positive_data_acceptance)  # nor what was once a meta.next
    if any(text != text.strip() for text in texts):
        # texts are measured once they are trimmed: "   " is refused though it is three characters long, and a
        # trailing newline or a 121st blank is not refused though the schema says so
        excluded += [positive_data_acceptance, negative_data_rejection]
    if response.status_code == 400 and not all(map(shows, texts)):
        excluded.append(positive_data_acceptance)  # nor, in a pattern of ECMA-262, which characters are visible
    return excluded


@pytest.mark.parametrize("side", ["merchants_side", "support_side"])
def test_each_operation_keeps_to_the_document(side, request, subtests):
    """Made here, not by `parametrize`: that makes all cases while the tests are collected, in every worker."""

    def keeps(case):
        response = case.call()
        case.validate_response(response, excluded_checks=exceptions(case, response))

    how = settings(max_examples=EXAMPLES)
    schema = request.getfixturevalue(side)
    made = list(get_all_tests(schema=schema, test_func=keeps, settings=how, given_kwargs=None))
    assert len(made) == {"merchants_side": 20, "support_side": 41}[side]
    for operation, test in (each.ok() for each in made):
        with subtests.test(operation.label):
            test()


def workflow(over, *, max_examples):
    """Return random walks along the document's links: open a case, then get it, change it, write to it."""

    class Workflow(over.as_state_machine()):
        def setup(self):
            over.app.renew()

        def validate_response(self, response, case, additional_checks=None, **kwargs):
            case.validate_response(
                response,
                additional_checks=additional_checks,
                excluded_checks=exceptions(case, response),
                transport_kwargs=kwargs or None,
                recorder=self.recorder,
            )

    Workflow.TestCase.settings = settings(max_examples=max_examples, stateful_step_count=10)
    return Workflow.TestCase


@pytest.mark.parametrize("side", ["merchants_side", "support_side"])
def test_random_walks_keep_to_the_document(side, request):
    workflow(request.getfixturevalue(side), max_examples=20)("runTest").runTest()


def test_the_walk_would_find_a_store_that_sees_the_cases_of_another(merchants_side, monkeypatch):
    def get(desk, actor, ref):
        return written_thread(desk.get(actor if ref.isdigit() else ADA, ref))

    monkeypatch.setattr(SupportDesk, "written_thread", get)
    walk = workflow(merchants_side, max_examples=200)
    with pytest.raises(FailureGroup) as found:
        walk("runTest").runTest()
    assert any(isinstance(failure, ObjectLevelAuthorizationViolation) for failure in found.value.exceptions)
