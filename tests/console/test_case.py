"""A case: its timeline, the composer, what is changed in place, and two agents at once."""

import re

import pytest

from supportcases.console.timeline import SHOWN
from tests.conftest import ACME, ADA
from tests.support.console import Agent, text_of
from tests.support.desks import everything

MOVED = "This case moved while you wrote."


@pytest.fixture
def case(desk, blank_pages, clock):
    """acme:1, with an answer, a note and changes, each a minute after the other."""
    desk.answer(ADA, "acme:1", body="Which browser?")
    clock.advance(minutes=1)
    desk.reply(ACME, 1, body="All of them.", author="Grace")
    clock.advance(minutes=1)
    desk.note(ADA, "acme:1", body="It is the gateway.")
    clock.advance(minutes=1)
    desk.change(ADA, "acme:1", severity="critical", assignee="me")
    clock.advance(minutes=1)
    return "/cases/acme/1"


@pytest.fixture
def bobs_key(support_desk):
    return support_desk.support_key("Bob")


def timeline_of(html: str) -> list[str]:
    """Return what the timeline says, without the times and the links that take something out."""
    rows = re.search('<ol class="timeline".*?</ol>', html, re.DOTALL)[0].split("<li")[1:]
    return [text_of(re.sub('<time.*?</time>|<a class="at out".*?</a>', "", f"<li{row}")) for row in rows]


def assignees_of(html: str) -> list[str]:
    choices = re.search(r'<select id="p-assignee".*?</select>', html)[0]
    return re.findall(r"<option[^>]*>(.*?)</option>", choices)


def revision_of(html: str) -> str:
    return re.search('name="revision" value="([0-9]+)"', html)[1]


def test_words_notes_and_changes_are_one_timeline(agent, case, desk, clock):
    desk.close(ACME, 1)
    clock.advance(minutes=1)
    desk.reopen(ACME, 1)
    desk.assign(ADA, "acme:1", "Bob")
    desk.change(ADA, "acme:1", subject="White page", category="store_builder")
    desk.assign(ADA, "acme:1", None)
    desk.change(ADA, "acme:1", status="answered")
    assert timeline_of(agent.get(case).text) == [
        "G Grace The checkout shows a blank page.",
        "A Ada Support Which browser?",
        "G Grace All of them.",
        "A Ada Note, for the team only It is the gateway.",
        "Ada set the severity from Normal to Critical , took it",
        "API closed it",
        "API reopened it",
        "Ada assigned it to Bob",
        "Ada renamed it from Blank page to White page , set the category from Other to Store builder",
        "Ada unassigned it from Bob",
        "Ada set the status from Open to Answered",
    ]


def test_each_step_has_a_link_of_its_own(agent, case, desk):
    html = agent.get(case).text
    links = re.findall(r'<a class="at" href="#([^"]+)" id="([^"]+)"', html)
    assert [link for link, _ in links] == [name for _, name in links]
    assert [name for _, name in links][:4] == [message.id for message in desk.get(ADA, "acme:1").messages]
    assert links[4] == ("change-5", "change-5")
    before = links
    desk.answer(ADA, "acme:1", body="One more.")
    assert re.findall(r'<a class="at" href="#([^"]+)" id="([^"]+)"', agent.get(case).text)[:5] == before


def test_a_note_is_a_note_in_words_too_and_every_time_is_exact(agent, case):
    html = agent.get(case).text
    assert html.count('<li class="message note"') == 1
    assert '<time datetime="2024-06-15T10:33:00+00:00">2024-06-15 10:33 UTC</time>' in html


def test_an_answer_is_said_as_whoever_is_signed_in_and_merchants_see_it(agent, case, desk):
    html = agent.get(case).text
    assert "Merchants see this as Ada." in html
    sent = agent.post(case, body="It works again.", kind="answer", then="", revision=revision_of(html))
    assert (sent.status_code, sent.headers["Location"]) == (303, "/console/cases/acme/1#last")
    message = desk.get(ACME, 1).messages[-1]
    assert (message.author_label, message.body) == ("Ada", "It works again.")
    assert desk.find(ADA, "acme:1").status == "answered"
    last = re.search('<li class="message support" id="last">.*?</li>', agent.get(case).text, re.DOTALL)[0]
    assert "It works again." in last


def test_an_answer_can_close_the_case_with_it(agent, case, desk):
    agent.post(case, body="Done.", kind="answer", then="close")
    assert desk.find(ADA, "acme:1").status == "closed"
    assert timeline_of(agent.get(case).text)[-2:] == ["A Ada Support Done.", "Ada closed it"]


def test_a_note_is_for_the_team_alone_and_leaves_the_case_as_it_is(agent, case, desk):
    before = desk.find(ADA, "acme:1")
    agent.post(case, body="Ask the gateway.", kind="note", then="close")
    message = desk.get(ADA, "acme:1").messages[-1]
    assert (message.body, message.internal, message.author_label) == ("Ask the gateway.", True, "Ada")
    assert desk.find(ADA, "acme:1") == before


@pytest.mark.parametrize(
    ("fields", "became"),
    [
        ({"status": "closed"}, "closed"),
        ({"severity": "low"}, "low"),
        ({"category": "billing_plans"}, "billing_plans"),
        ({"assignee": "Bob"}, "Bob"),
        ({"assignee": ""}, None),
        ({"subject": " White page "}, "White page"),
    ],
)
def test_what_is_known_of_a_case_is_changed_in_place(agent, case, desk, fields, became):
    sent = agent.post(case, **fields)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/console/cases/acme/1")
    assert getattr(desk.find(ADA, "acme:1"), next(iter(fields))) == became


def test_a_case_is_taken_and_then_nobody_is_asked_to_take_it(agent, case, desk):
    desk.assign(ADA, "acme:1", None)
    assert "Take it" in agent.get(case).text
    agent.post(case, assignee="me")
    assert desk.find(ADA, "acme:1").assignee == "Ada"
    assert "Take it" not in agent.get(case).text


def test_a_case_can_be_given_to_whoever_has_a_support_key_for_its_stores(app, agent, case, desk, support_desk):
    support_desk.support_key("Cleo", ["acme"])
    support_desk.support_key("Bob", ["globex"])
    desk.assign(ADA, "acme:1", "Somebody else")
    assert assignees_of(agent.get(case).text) == ["Nobody", "Ada (me)", "Bob", "Cleo", "Somebody else"]
    dora = Agent(app, support_desk.support_key("Dora", ["acme"]))
    assert assignees_of(dora.get(case).text) == ["Nobody", "Ada", "Cleo", "Dora (me)", "Somebody else"]


def test_whoever_sends_on_a_case_that_moved_sees_what_came_and_keeps_the_text(
    app, agent, case, desk, support_desk, clock
):
    bob = Agent(app, support_desk.support_key("Bob"))
    seen = revision_of(agent.get(case).text)
    bob.post(case, body="I was quicker.", kind="answer", revision=seen)
    clock.advance(minutes=2)
    before = everything(desk)
    refused = agent.post(case, body="My <own> answer", kind="answer", then="close", revision=seen)
    assert refused.status_code == 409
    assert f"{MOVED} Bob wrote 2 m ago. Nothing was sent" in text_of(refused.text)
    assert ">My &lt;own&gt; answer</textarea>" in refused.text
    assert "I was quicker." in refused.text
    assert everything(desk) == before
    assert agent.post(case, body="Mine, too", kind="answer", revision=revision_of(refused.text)).status_code == 303
    assert desk.get(ADA, "acme:1").messages[-1].body == "Mine, too"


@pytest.mark.parametrize("revision", ["", "0", "-1", "x", "9" * 30, "1"])
def test_a_revision_that_is_not_the_present_one_is_a_collision(agent, case, revision):
    assert agent.post(case, body="Hello", kind="answer", revision=revision).status_code == 409


def test_a_note_moves_a_case_for_others_and_is_itself_never_too_late(agent, case, desk):
    seen = revision_of(agent.get(case).text)
    assert agent.post(case, body="First", kind="note", revision=seen).status_code == 303
    assert agent.post(case, body="Second", kind="note", revision=seen).status_code == 303
    refused = agent.post(case, body="Third", kind="answer", revision=seen)
    assert refused.status_code == 409
    assert "Ada wrote a moment ago." in refused.text


def test_one_who_writes_is_warned_before_by_asking_now_and_then(agent, case, desk, clock):
    seen = revision_of(agent.get(case).text)
    still = agent.get(f"{case}?since={seen}")
    assert (still.status_code, still.text) == (204, "")
    desk.reply(ACME, 1, body="Anybody?", author="Grace")
    clock.advance(minutes=3)
    moved = agent.get(f"{case}?since={seen}").text
    assert text_of(moved) == "This case has moved. Grace wrote 3 m ago. What you are writing is kept. Show"
    desk.change(ADA, "acme:1", severity="low")
    assert "Ada changed it a moment ago." in agent.get(f"{case}?since={seen}").text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"body": " ", "kind": "answer"}, "Body must be 1 to 10,000 characters long, not 0"),
        ({"body": "x" * 10_001, "kind": "note"}, "Body must be 1 to 10,000 characters long, not 10,001"),
        ({"severity": "worst"}, "Severity must be critical, high, normal or low"),
        ({"assignee": "none"}, "Assignee must not be &#39;none&#39;"),
        ({"subject": "x"}, "Subject must be 3 to 200 characters long"),
    ],
)
def test_what_is_not_allowed_is_told_and_the_text_is_kept(agent, case, desk, fields, sentence):
    before = everything(desk)
    refused = agent.post(case, **fields)
    assert refused.status_code == 422
    assert sentence in refused.text
    assert f">{fields.get('body', '')}</textarea>" in refused.text
    if fields.get("kind") == "note":
        assert 'value="note" checked' in refused.text
    assert everything(desk) == before


def test_the_other_cases_of_the_store_stand_beside_it(agent, case, opened):
    for number in range(2, 9):
        opened(f"Case {number}")
    html = agent.get(case).text
    beside = html[html.index('class="others"') :]
    assert re.findall(r"<a [^>]*>(.*?)</a>", beside)[:5] == [f"Case {number}" for number in (8, 7, 6, 5, 4)]
    assert "theirs" not in html[html.index("<main") :]


def test_a_long_timeline_is_shown_in_pages_from_its_end_on_back(agent, case, desk):
    with desk.repository.write():
        for number in range(600):
            desk.note(ADA, "acme:1", body=f"Note {number}")
            desk.change(ADA, "acme:1", severity=("low", "high")[number % 2])
    html = agent.get(case).text
    assert "What happened before is not shown. Show the 1005 before" in text_of(html)
    assert "What happened since" not in html
    pages = []
    while True:
        pages.append(timeline_of(html))
        onward = re.search(r'rel="prev" href="/console([^"]*)"', html)
        if onward is None:
            break
        html = agent.get(onward[1]).text
        assert "What happened since is not shown. Show the newest" in text_of(html)
    assert list(map(len, pages)) == [200] * 6 + [5]
    told = [step for page in reversed(pages) for step in page]
    assert told[5:9] == [
        "A Ada Note, for the team only Note 0",
        "Ada set the severity from Critical to Low",
        "A Ada Note, for the team only Note 1",
        "Ada set the severity from Low to High",
    ]
    assert told[-1] == "Ada set the severity from Low to High"
    assert [step.split()[-1] for step in told[5:] if "Note," in step] == [str(number) for number in range(600)]


@pytest.mark.parametrize("until", ["x", "1", "-1", "9999999999-1", "0-0-0"])
def test_a_page_of_a_timeline_that_cannot_be_is_the_newest(agent, case, until):
    assert timeline_of(agent.get(f"{case}?until={until}").text) == timeline_of(agent.get(case).text)


def test_a_case_of_another_store_is_not_there_to_read_or_to_change(app, case, desk, support_desk):
    bob = Agent(app, support_desk.support_key("Bob", ["globex"]))
    before = everything(desk)
    for answer in (
        bob.get(case),
        bob.get(f"{case}?since=1"),
        bob.post(case, body="Hello"),
        bob.post(case, status="closed"),
    ):
        assert answer.status_code == 404
        assert "There is no such support case." in answer.text
    assert everything(desk) == before


def test_what_was_searched_for_is_marked_in_all_that_was_said(agent, case):
    html = agent.get(f"{case}?query=GATEWAY").text
    assert re.findall("<mark>(.*?)</mark>", html) == ["gateway"]
    assert "It is the <mark>gateway</mark>." in html
    assert 'value="GATEWAY"' in html
    assert 'href="/console/?query=GATEWAY" id="back"' in html
    assert '<h1 dir="auto">Blank <mark>page</mark></h1>' in agent.get(f"{case}?query=page").text
    assert "<mark>" not in agent.get(f"{case}?query=+").text


def test_what_was_found_far_back_in_a_long_case_is_there(agent, case, desk):
    for number in range(SHOWN):
        desk.note(ADA, "acme:1", body=f"Note {number}")
    assert "blank page" not in agent.get(case).text
    assert "<mark>blank</mark> page" in agent.get(f"{case}?query=blank").text
