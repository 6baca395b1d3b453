"""The view that is looked at as CSV: the same cases in the same order, up to a limit, and no others' cases."""

import csv
import html
import io
import re

import pytest

from supportcases import Actor, create_app
from supportcases.desk import exports
from tests.conftest import ACME, ADA
from tests.support.console import Agent, subjects_of


def rows_of(answer):
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="cases.csv"'
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("view", ["/", "/?status=closed&sort=activity", "/?query=late", "/?severity=critical"])
def test_the_link_of_a_view_has_its_cases_in_its_order(agent, queue, desk, view):
    page = agent.get(view)
    link = html.unescape(re.search(r'href="(?:[^"]*/)?(export\.csv[^"]*)"', page.text)[1])
    rows = rows_of(agent.get(f"/{link}"))
    assert [row["subject"] for row in rows] == subjects_of(page.text) != []


def test_page_after_page_up_to_the_limit(agent, desk, monkeypatch):
    monkeypatch.setattr(exports, "PAGE", 3)
    for number in range(1, 9):
        desk.open(ACME, body="The checkout shows a blank page.", subject=f"Case {number}")
    assert [row["number"] for row in rows_of(agent.get("/export.csv"))] == [str(n) for n in range(1, 9)]
    monkeypatch.setattr(exports.exported, "__kwdefaults__", {"most": 5})
    assert [row["number"] for row in rows_of(agent.get("/export.csv"))] == ["1", "2", "3", "4", "5"]


def test_a_key_for_some_stores_writes_theirs_alone(queue, desk):
    app = create_app(desk.repository, console=True, authenticate=lambda req: Actor.support("Bob", stores=["globex"]))
    rows = rows_of(Agent(app).get("/export.csv?sort=activity"))
    assert {row["store"] for row in rows} == {"globex"}


def test_a_wrong_filter_is_an_error_and_no_half_a_file(agent, desk):
    answer = agent.get("/export.csv?status=shut")
    assert answer.status_code == 400
    assert "text/html" in answer.headers["content-type"]


def test_formulas_are_defused(agent, desk):
    desk.open(ACME, body="The checkout shows a blank page.", subject="+1+1")
    assert [row["subject"] for row in rows_of(agent.get("/export.csv"))] == ["'+1+1"]
    assert desk.queue(ADA).cases[0].subject == "+1+1"
