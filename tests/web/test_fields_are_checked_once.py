"""Over HTTP the schema checks each field, and the desk believes it."""

from collections import Counter

import pytest
from falcon.testing import TestClient

from supportcases import create_app
from supportcases.domain import fields
from tests.conftest import ACME, ADA, CASES, SUPPORT

RULES = (fields.TextRule, fields.ChoiceRule, fields.FilterRule, fields.QueryRule, fields.TimestampRule)
WORDS = {"body": "The card was declined twice.", "author": "Anna"}
NEW = WORDS | {"subject": "Declined card", "category": "billing_plans", "severity": "high"}
WANTED = {"status": "open", "severity": "high", "query": "declined"}
QUEUE = WANTED | {"category": "billing_plans", "assignee": "Bo", "sort": "age", "createdAfter": "2024-06-14"}


@pytest.fixture
def cleaned(monkeypatch):
    """Every value that a rule has cleaned."""
    values = []
    for rule in RULES:

        def clean(self, value, clean=rule.clean):
            values.append(value)
            return clean(self, value)

        monkeypatch.setattr(rule, "clean", clean)
    return values


@pytest.mark.parametrize(
    ("actor", "method", "path", "sent"),
    [
        (ACME, "POST", CASES, {"json": NEW}),
        (ACME, "GET", CASES, {"params": WANTED}),
        (ACME, "POST", f"{CASES}/1/messages", {"json": WORDS}),
        (ADA, "POST", f"{SUPPORT}/cases", {"json": NEW | {"store": "acme"}}),
        (ADA, "GET", f"{SUPPORT}/cases", {"params": QUEUE}),
        (ADA, "POST", f"{SUPPORT}/cases/acme:1/messages", {"json": WORDS | {"kind": "elliot"}}),
        (ADA, "PATCH", f"{SUPPORT}/cases/acme:1", {"json": {"status": "closed", "subject": "Done", "assignee": "Bo"}}),
    ],
)
def test_each_field_is_checked_once(cleaned, actor, method, path, sent):
    app = create_app(":memory:", authenticate=lambda req: actor)
    app.desk.open(ACME, body="Our custom domain leads nowhere.", subject="Nowhere")
    cleaned.clear()
    assert TestClient(app).simulate_request(method, path, **sent).status_code in (200, 201)
    (values,) = sent.values()
    counted = Counter(cleaned)
    names = values.keys() - {"store"}  # which has the pattern of every store
    assert {name: counted[values[name]] for name in names} == dict.fromkeys(names, 1)
