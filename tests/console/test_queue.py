"""The queue: its views with their counts, filters, order, pages, search, and who waits since when."""

import re

import pytest

from supportcases import Actor, create_app
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.console import Agent, subjects_of, text_of

WAITING = ["critical a", "critical b", "early low", "late normal", "high"]


def views_of(html: str) -> dict[str, int]:
    side = html[html.index('aria-label="Views"') : html.index("</nav>")]
    found = re.findall(r'<a href="[^"]*"(?: aria-current="page")?><svg.*?</svg><span>(.*?)</span><b>(.*?)</b>', side)
    return {name: int(count) for name, count in found}


def title_of(html: str) -> str:
    return re.search("<title>(.*)</title>", html)[1]


def test_whoever_waits_comes_first_and_the_views_tell_how_many(agent, queue, desk):
    page = agent.get("/")
    assert subjects_of(page.text) == WAITING
    assert views_of(page.text) == {
        "Waiting": 5,
        "Mine": 0,
        "Unassigned": 5,
        "Critical": 2,
        "Answered": 2,
        "Closed": 1,
        "All cases": 8,
    }
    assert title_of(page.text) == "Waiting (5) · Support"


@pytest.mark.parametrize(
    ("view", "subjects"),
    [
        ("Waiting", sorted(WAITING)),
        ("Mine", ["high"]),
        ("Unassigned", ["critical a", "critical b", "early low", "late normal"]),
        ("Critical", ["critical a", "critical b"]),
        ("Answered", ["answered critical", "answered low"]),
        ("Closed", ["closed"]),
        ("All cases", sorted([*WAITING, "answered critical", "answered low", "closed"])),
    ],
)
def test_each_view_is_a_plain_link_to_its_cases(agent, queue, desk, view, subjects):
    (high,) = desk.queue(ADA, query="high").cases
    desk.assign(ADA, high.id, "me")
    side = agent.get("/?store=globex").text
    link = re.search(rf'<a href="/console([^"]*)"><svg(?:(?!</a>).)*<span>{view}</span>', side)[1]
    page = agent.get(link.replace("&amp;", "&")).text
    assert sorted(subjects_of(page)) == subjects
    assert re.search(r'<a href="[^"]*" aria-current="page">.*?<span>(.*?)</span>', page)[1] == view
    assert views_of(page)[view] == len(subjects)
    assert f"<h1>{view} " in page


def test_each_store_is_a_view_with_how_many_are_open(agent, queue):
    page = agent.get("/").text
    side = page[page.index('class="stores"') : page.index("</nav>")]
    assert dict(re.findall(r"<span>(\w+)</span><b>(\d+)", side)) == {"acme": "4", "globex": "1"}
    assert sorted(subjects_of(agent.get("/?store=globex").text)) == ["answered low", "closed", "critical b"]


@pytest.mark.parametrize(
    ("filters", "subjects"),
    [
        ("status=open&severity=high", ["high"]),
        ("category=billing_plans&status=", ["high"]),
        ("store=globex&status=closed", ["closed"]),
        ("query=answered", ["answered critical", "answered low"]),
        ("assignee=none&status=closed", ["closed"]),
        ("sort=age&severity=high", ["high", "closed"]),
        ("nonsense=1&severity=low&sort=severity", ["early low", "answered low"]),
    ],
)
def test_filters_and_the_order_stand_in_the_query_string(agent, queue, filters, subjects):
    page = agent.get(f"/?{filters}").text
    assert sorted(subjects_of(page)) == sorted(subjects)
    for name, value in re.findall(r"(\w+)=(\w+)", filters):
        assert name == "nonsense" or f'value="{value}"' in page


def test_the_cases_of_each_of_the_team_can_be_asked_for(agent, queue, support_desk):
    support_desk.support_key("Bob", ["acme"])
    choices = [("none", "Nobody"), ("me", "Ada (me)"), ("Bob", "Bob")]
    for asked, more in (
        ("assignee=Bob", []),
        ("assignee=Gone", [("Gone", "Gone")]),
        ("assignee=Ada", [("Ada", "Ada")]),
    ):
        page = agent.get(f"/?{asked}").text
        select = page[page.index('id="by-assignee"') : page.index('id="by-sort"')]
        options = re.findall('<option value="(.+?)"( selected)?>(.*?)</option>', select)
        assert sorted((value, name) for value, _, name in options) == sorted([*choices, *more])
        assert [value for value, selected, _ in options if selected] == [asked.removeprefix("assignee=")]


def test_a_filter_that_is_none_is_told_and_nothing_is_listed(agent, queue):
    page = agent.get("/?severity=wrong")
    assert page.status_code == 400
    assert "Severity must be critical, high, normal, low or all" in page.text
    assert subjects_of(page.text) == []


def test_pages_go_on_behind_each_other_and_hold_each_case_once(agent, opened):
    for number in range(1, 121):
        opened(f"Case {number}")
    seen, path = [], "/"
    while path:
        html = agent.get(path).text
        seen.append(subjects_of(html))
        onward = re.search('rel="next" href="/console([^"]*)"', html)
        path = onward and onward[1].replace("&amp;", "&")
    assert [len(part) for part in seen] == [50, 50, 20]
    assert [*seen[0], *seen[1], *seen[2]] == [f"Case {number}" for number in range(1, 121)]
    assert "That is all." in html


def test_a_row_tells_who_waits_since_when_and_whose_it_is_in_words_too(agent, desk, opened, clock):
    opened("soon", severity="critical")
    clock.advance(hours=3, minutes=59)
    row = agent.get("/").text
    assert "Critical acme" not in text_of(row)  # the severity is an image with a name
    assert 'role="img" aria-label="Critical"' in row
    assert 'class="wait warm critical"' in row
    assert "Waiting 3 h 59 m" in text_of(row)
    clock.advance(minutes=1)
    desk.assign(ADA, "acme:1", "Zoë")
    row = agent.get("/").text
    assert 'class="wait hot critical"' in row
    assert "Assigned to Zoë Overdue, waiting 4 h 00 m" in text_of(row)
    desk.answer(ADA, "acme:1", body="Mended.")
    assert "Answered, last activity a moment ago" in text_of(agent.get("/?status=answered").text)


def test_a_store_and_a_number_lead_straight_to_the_case(agent, queue):
    as_shown = [("acme+%23000003", "acme/3"), ("acme%233", "acme/3")]  # above each case stands acme #000003
    for query, place in (("globex:1", "globex/1"), ("acme:%232", "acme/2"), ("acme:000003", "acme/3"), *as_shown):
        answer = agent.get(f"/?query={query}")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/console/cases/{place}")


def test_a_number_leads_to_the_case_where_one_alone_has_it_and_else_lists_them(agent, queue):
    answer = agent.get("/?query=%235")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/cases/acme/5")
    listed = agent.get("/?query=%231")
    assert listed.status_code == 200
    assert sorted(subjects_of(listed.text)) == ["critical b", "late normal"]
    assert sorted(subjects_of(agent.get("/?query=5").text)) == ["answered critical"]  # without the mark it is a search


def test_a_number_of_a_store_that_is_not_served_leads_nowhere(app, repository, queue, support_desk):
    browser = Agent(app, support_desk.support_key("Bob", ["globex"]))
    assert browser.get("/?query=acme:5").status_code == 200
    assert subjects_of(browser.get("/?query=acme:5").text) == []
    assert browser.get("/?query=%231").headers["Location"] == "/console/cases/globex/1"


def test_a_search_that_finds_nothing_says_what_it_looks_at(agent, queue):
    page = agent.get("/?query=zzzz").text
    assert "Nothing found for “zzzz”" in page
    assert "The search looks at subjects, messages and notes." in page


def words_of(html):
    """Return what each row says of the case's last message, or of the one that was found."""
    rows = html.split('<li class="')[1:]
    return [text_of(found[1]) if (found := re.search('<p class="words.*?">(.*?)</p>', row)) else None for row in rows]


def test_the_last_words_of_each_case_and_how_many_it_has_are_told_where_one_wants_them(agent, desk, opened):
    opened("first", store="acme")
    opened("second", store="globex")
    desk.answer(ADA, "acme:1", body="We have seen it,\r\nand <b>mend</b> it.")
    desk.note(ADA, "globex:1", body="The gateway.")
    plain = agent.get("/?sort=age").text
    assert words_of(plain) == [None, None]
    assert "messages" not in text_of(plain.split('id="queue"')[1])
    link = re.search('href="/console([^"]*)">Show last words', plain)[1].replace("&amp;", "&")
    told = agent.get(link).text
    assert words_of(told) == ["Ada We have seen it, and &lt;b&gt;mend&lt;/b&gt; it.", "Note Ada The gateway."]
    assert "Other 2 messages" in text_of(told)
    for page in ("/?status=open&excerpts=true", "/?store=globex&excerpts=true"):  # it goes along
        assert f'href="/console{page.replace("&", "&amp;")}"' in told
    assert 'data-fresh="/console/?sort=age&amp;excerpts=true"' in told
    assert '<input type="hidden" name="excerpts" value="true">' in told
    assert 'href="/console/?sort=age">Hide last words' in told
    sent = agent.post("/?sort=age&excerpts=true", [("case", "acme:1")], do="take")
    assert sent.headers["Location"] == "/console/?sort=age&excerpts=true"


def test_what_is_found_in_a_message_and_not_in_the_subject_is_shown_and_leads_there(agent, desk, opened):
    opened("Gateway down", store="acme")
    case = opened("Nothing works", store="globex")
    desk.reply(GLOBEX, 1, body=f"{'It is so slow. ' * 20}Is it the gáteway?")
    (found,) = [message for message in desk.get(ADA, case.id).messages if "slow" in message.body]
    desk.reply(GLOBEX, 1, body="Please hurry.")
    html = agent.get("/?query=gateway&sort=age").text
    assert words_of(html) == [None, "API …It is so slow. It is so slow. Is it the gáteway ?"]
    assert "<mark>gáteway</mark>" in html
    assert re.findall('href="(/console/cases/[^"]*)"', html.split('id="queue"')[1]) == [
        "/console/cases/acme/1?query=gateway",
        f"/console/cases/globex/1?query=gateway#{found.id}",
    ]


def test_an_empty_queue_says_so(agent):
    assert "Nobody is waiting" in agent.get("/").text
    assert "No cases here" in agent.get("/?status=closed&sort=activity").text


def test_the_rows_alone_are_sent_to_a_page_that_keeps_itself_fresh(agent, queue):
    rows = agent.get("/?status=open", **{"X-Part": "1"}).text
    assert sorted(subjects_of(rows)) == sorted(WAITING)
    assert "<html" not in rows
    assert 'data-count="5"' in rows


def test_one_who_serves_some_stores_sees_those_alone(repository, clock, queue):
    bob = Actor.support("Bob", stores=["globex"])
    page = Agent(create_app(repository, clock=clock, authenticate=lambda req: bob, console=True)).get("/?sort=activity")
    assert sorted(subjects_of(page.text)) == ["answered low", "closed", "critical b"]
    assert "acme" not in page.text
    assert views_of(page.text)["All cases"] == 3


def test_very_many_hits_are_counted_to_a_limit_and_said_to_be_more(agent, desk, monkeypatch):
    desk.open(ACME, body="The checkout is blank.")
    page = desk.queue(ADA, query="checkout")._replace(count=10_000, count_is_exact=False)
    monkeypatch.setattr(type(desk), "queue", lambda *_, **__: page)
    assert '<span class="count">10,000+</span>' in agent.get("/?query=checkout").text
