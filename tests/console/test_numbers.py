"""The numbers: what waits now, and what happened in a window, each in a table too."""

import re
from datetime import timedelta

from supportcases import Actor
from tests.conftest import ADA
from tests.support.console import Agent, text_of


def tables_of(html: str) -> list[dict[str, str]]:
    tables = re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL)
    row = r'<th scope="row">(.*?)</th><td class="number">(.*?)</td>'
    return [dict(re.findall(row, table)) for table in tables]


def test_what_waits_now_by_severity_and_who_has_waited_longest(agent, queue, desk):
    html = agent.get("/numbers").text
    waiting, _, _ = tables_of(html)
    assert waiting == {"Critical": "2", "High": "1", "Normal": "1", "Low": "1"}
    assert "Longest wait: 1 h 59 m, early low" in text_of(html)
    desk.close(ADA, "acme:2")
    assert "Longest wait: 1 h 19 m, late normal" in text_of(agent.get("/numbers").text)


def test_cases_a_day_and_by_category_in_a_window(agent, app, desk, clock, support_desk):
    for days_ago, count in ((40, 1), (8, 2), (1, 3), (0, 1)):
        clock.now -= timedelta(days=days_ago)
        for _ in range(count):
            desk.open(Actor.merchant("acme"), body="The checkout is blank.", category="billing_plans")
        clock.now += timedelta(days=days_ago)
    html = agent.get("/numbers").text
    _, days, categories = tables_of(html)
    assert len(days) == 30
    assert {day: count for day, count in days.items() if count != "0"} == {
        "2024-06-07": "2",
        "2024-06-14": "3",
        "2024-06-15": "1",
    }
    assert (categories["Billing"], categories["Other"]) == ("6", "0")
    assert html.count("<rect x=") == 30
    assert 'y="0.0" width="8" height="100.0"><title>2024-06-14: 3</title>' in html
    _, days, categories = tables_of(agent.get("/numbers?days=7").text)
    assert (min(days), max(days), categories["Billing"]) == ("2024-06-09", "2024-06-15", "4")
    assert len(tables_of(agent.get("/numbers?days=90").text)[1]) == 90
    assert len(tables_of(agent.get("/numbers?days=9000").text)[1]) == 30


def test_how_long_answers_and_closings_took(agent, opened, desk, clock):
    for minutes in (10, 20, 90):
        case = opened(f"Case of {minutes}")
        clock.advance(minutes=minutes)
        desk.answer(ADA, case.id, body="Mended.")
    desk.close(ADA, case.id)
    told = text_of(agent.get("/numbers").text)
    assert "3 opened 20 m to the first answer, half of them nine of ten within 1 h 16 m of 3 cases" in told
    assert "1 h 30 m to the closing, half of them nine of ten within 1 h 30 m of 1 case" in told


def test_where_there_is_nothing_it_says_so(agent):
    told = text_of(agent.get("/numbers").text)
    assert "Nobody is waiting" in told
    assert "– to the first answer, half of them – to the closing" in told


def test_one_who_serves_some_stores_sees_the_numbers_of_those(app, queue, support_desk):
    bob = Agent(app, support_desk.support_key("Bob", ["globex"]))
    waiting, _, categories = tables_of(bob.get("/numbers").text)
    assert waiting == {"Critical": "1", "High": "0", "Normal": "0", "Low": "0"}
    assert categories["Other"] == "3"
