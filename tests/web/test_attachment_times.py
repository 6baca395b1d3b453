"""How long the URLs of files are good: to the very moment that was told."""

from datetime import UTC, datetime

import pytest
from falcon.testing import TestClient

from supportcases import create_app
from supportcases.testing.fakes import MovableClock
from tests.conftest import CASES, client_of
from tests.web.test_attachments import ask


@pytest.mark.parametrize(("late", "status"), [(-1, 200), (0, 404)])
def test_an_upload_url_is_good_until_it_expires_and_no_longer(late, status):
    clock = MovableClock(datetime(2024, 6, 15, 10, 30, 0, 250_000, UTC))
    app = create_app(":memory:", clock=clock)
    told = client_of(app, "acme").simulate_post(
        f"{CASES}/attachments", json={"name": "page.png", "contentType": "image/png", "size": 3}
    )
    assert told.json["expiresAt"] == "2024-06-15T11:30:00.250Z"
    clock.advance(hours=1, milliseconds=late)
    assert ask(TestClient(app), "PUT", told.json["uploadUrl"], body=b"abc").status_code == status
