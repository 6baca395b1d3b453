"""Quiet cases in a real browser, without JavaScript: from the view Answered to the closing, at 320 pixels."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from supportcases import create_app
from supportcases.domain import times
from supportcases.testing import some_cases
from tests.conftest import ADA
from tests.support.browser import NARROW, pixels_too_wide


@pytest.fixture
def desk_app():
    app = create_app(":memory:", console=True, authenticate=lambda req: ADA)
    some_cases(app.desk.repository, 60, store="acme", until=times.now(), seed=7, span=timedelta(days=90))
    return app


def test_those_that_stay_ticked_are_closed(desk_app, serve, browse):
    quiet = {case.number for case in desk_app.desk.idle(ADA, answered_for=timedelta(days=20))}
    page = browse(f"{serve(desk_app)}/console/", java_script_enabled=False, viewport=NARROW)
    page.get_by_role("link", name="Answered").click()
    page.get_by_role("link", name="Close quiet ones").click()
    page.get_by_label("Answered, and not a word since").fill("20")
    page.get_by_role("button", name="Show").click()
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(len(quiet))
    assert pixels_too_wide(page) == 0
    boxes.first.uncheck()
    page.get_by_role("button", name="Close those that are ticked").click()
    expect(page.get_by_role("status")).to_contain_text(f"{len(quiet) - 1} case")
    expect(page.get_by_role("checkbox")).to_have_count(1)
    assert len(desk_app.desk.idle(ADA, answered_for=timedelta(days=20))) == 1
