"""A desk with a case, and both sides of it asked byte by byte."""

import pytest

from tests.conftest import ACME, SUPPORT, call
from tests.support.webhooks import OURS, THEIRS


@pytest.fixture
def send(app):
    """Send a raw request with a key of the side that the path is of; acme has case 1."""
    app.desk.open(ACME, body="The checkout shows a blank page.", subject="Blank page")
    merchant, ada = app.keys.create("acme")[0], app.keys.create_support(label="Ada")[0]

    def send(method, path, body=b"", **environ):
        given = {"HTTP_AUTHORIZATION": f"Bearer {ada if path.startswith(f'{SUPPORT}/') else merchant}"}
        if body:
            given |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}
        return call(app, method, path, body, **given | environ)

    return send


@pytest.fixture(params=["merchant", "team"])
def side(request, client, ada):
    """Return who asks for webhooks, where, and what else is told of one."""
    return (client, OURS, {}) if request.param == "merchant" else (ada, THEIRS, {"store": None})
