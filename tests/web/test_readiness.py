"""`/readyz`: whether this process can write, or why not, and that the answer is kept for a second."""

import logging

import pytest

from supportcases import DatabaseBusy, DatabaseDamaged, DatabaseMoved, DatabaseUnavailable, create_app
from supportcases.web import service
from tests.conftest import call
from tests.support.answers import checked

FULL = "The disk of the database is full."


@pytest.fixture
def now(monkeypatch):
    """The clock by which an answer is kept, moved by hand."""
    now = [1_000.0]
    monkeypatch.setattr(service, "ticks", lambda: now[0])
    return now


@pytest.fixture
def hindrance(repository, monkeypatch):
    """What hinders the repository, a sentence or an exception, and how often it was asked."""

    def tell():
        hindrance["asked"] += 1
        if isinstance(hindrance["is"], Exception):
            raise hindrance["is"]
        return hindrance["is"]

    hindrance = {"is": None, "asked": 0}
    monkeypatch.setattr(repository, "hindrance", tell)
    return hindrance


def test_a_process_that_can_write_is_ready_and_anybody_may_ask(app):
    answer = call(app, "GET", "/readyz")
    assert (answer.status, answer.json) == (200, {"status": "ready"})
    assert answer.headers["cache-control"] == "no-store"
    head = call(app, "HEAD", "/readyz")
    assert (head.status, head.body) == (200, b"")


def test_what_hinders_it_is_said_in_a_sentence(app, now, hindrance):
    hindrance["is"] = FULL
    assert checked(call(app, "GET", "/readyz"), 503, "not_ready")["error"] == FULL


@pytest.mark.parametrize("error", [DatabaseBusy, DatabaseDamaged, DatabaseMoved, DatabaseUnavailable])
def test_what_the_repository_raises_is_said_without_its_message_which_may_name_a_path(app, hindrance, error):
    hindrance["is"] = error("/srv/secret/cases.db is away.")
    assert checked(call(app, "GET", "/readyz"), 503, "not_ready")["error"] == str(error())


def test_an_answer_is_kept_for_a_second(app, now, hindrance):
    def statuses():
        return [call(app, method, "/readyz").status for method in ("GET", "HEAD", "GET")]

    assert (statuses(), hindrance["asked"]) == ([200] * 3, 1)
    hindrance["is"] = FULL
    now[0] += 0.999
    assert (statuses(), hindrance["asked"]) == ([200] * 3, 1)
    now[0] += 0.001
    assert (statuses(), hindrance["asked"]) == ([503] * 3, 2)
    hindrance["is"] = None
    now[0] += 1
    assert (statuses(), hindrance["asked"]) == ([200] * 3, 3)


def test_the_log_tells_of_each_change_once(app, now, hindrance, caplog):
    caplog.set_level(logging.WARNING, "supportcases")
    for reason in (None, FULL, FULL, "It is read-only.", None, None):
        hindrance["is"] = reason
        now[0] += 1
        call(app, "GET", "/readyz")
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("supportcases.web", "WARNING", f"not ready: {FULL}"),
        ("supportcases.web", "WARNING", "not ready: It is read-only."),
        ("supportcases.web", "WARNING", "ready again"),
    ]


def test_it_goes_with_the_service_routes(repository):
    app = create_app(repository, service_routes=False)
    assert call(app, "GET", "/readyz").status == 404
