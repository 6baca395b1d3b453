"""Taking something out of a case on its page, and holding it: only knowingly, and told where it was."""

import pytest

from supportcases import AttachmentStoreNeeded, FolderStore, SupportDesk
from tests.conftest import ACME, ADA
from tests.support.console import Agent, noticed, text_of
from tests.support.desks import everything

SURE = {"reason": "law", "sure": "yes"}


@pytest.fixture
def case(desk):
    desk.open(ACME, body="My card is 4111.", subject="Card 4111", author="Mara")
    file = desk.attach(ADA, name="4111.txt", content_type="text/plain", content=b"4111", store="acme")
    desk.note(ADA, "acme:1", body="Theirs is 4111", attachments=[file])
    return desk.get(ADA, "acme:1")


def places_of(case):
    said, note = case.messages
    return [f"message:{said.id}", f"message:{note.id}", "subject", "label:Mara", f"attachment:{note.attachments[0].id}"]


def test_each_thing_that_can_be_chosen_goes_and_the_timeline_tells_it(agent, desk, case):
    page = agent.get("/cases/acme/1/erase").text
    for what in places_of(case):
        assert f'<option value="{what}"' in page
        answer = agent.post("/cases/acme/1/erase", what=what, **SURE)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/cases/acme/1")
        assert "It is taken out for good." in text_of(agent.get("/cases/acme/1").text)
    shown = text_of(agent.get("/cases/acme/1").text)
    assert "4111" not in shown
    assert "Mara" not in shown
    for what in ("a message", "a note", "the subject", "a label"):
        assert f"Ada took out {what} for good: The law asks for it" in " ".join(shown.split())
    assert "4111" not in agent.get("/cases/acme/1/erase").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"what": "subject", "reason": "law"}, "The last box must be ticked, since it cannot be taken back."),
        ({"reason": "law", "sure": "yes"}, "Redact must be one of message, subject, label and attachment."),
        ({"what": "message:x", **SURE}, "Message must be the id of a message of this case."),
        ({"what": "subject", "reason": "whim", "sure": "yes"}, "Reason must be request, law or mistake."),
    ],
)
def test_what_is_not_meant_is_not_done(agent, desk, case, form, said):
    answer = agent.post("/cases/acme/1/erase", **form)
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert ('<option value="law" selected>' in answer.text) == (form["reason"] == "law")
    assert desk.get(ADA, "acme:1").case.subject == "Card 4111"


def test_a_file_whose_bytes_are_in_a_folder_that_nobody_named_is_not_said_to_be_gone(agent, desk, case, tmp_path):
    beside = SupportDesk(desk.repository, clock=desk.clock, attachment_store=FolderStore(tmp_path / "files"))
    file = beside.attach(ADA, name="a.txt", content_type="text/plain", content=b"4111", store="acme")
    beside.answer(ADA, "acme:1", body="See.", attachments=[file])
    answer = agent.post("/cases/acme/1/erase", what=f"attachment:{file}", **SURE)
    assert answer.status_code == 409
    assert str(AttachmentStoreNeeded()) in text_of(answer.text)
    assert b"".join(beside.read_attachment(ADA, "acme:1", file)) == b"4111"


@pytest.mark.parametrize(("of", "release"), [("case", "case"), ("store", "store")])
def test_what_is_held_stays(agent, desk, case, of, release):
    assert agent.post("/cases/acme/1/erase", hold="yes", of=of).status_code == 303
    page = text_of(agent.get("/cases/acme/1/erase").text)
    assert "This case is on hold" in page
    assert "Take it out for good" not in page
    assert agent.post("/cases/acme/1/erase", what="subject", **SURE).status_code == 409
    assert agent.post("/cases/acme/1/erase", hold="no", of=release).status_code == 303
    assert "It is on hold no more." in text_of(agent.get("/cases/acme/1").text)
    assert agent.post("/cases/acme/1/erase", what="subject", **SURE).status_code == 303
    assert desk.get(ADA, "acme:1").case.subject == "[redacted]"


def test_the_case_leads_to_a_form_that_has_chosen_the_message_and_does_nothing(agent, desk, case):
    before = everything(desk)
    for said in case.messages:
        link = f"/cases/acme/1/erase?what=message%3A{said.id}"
        assert f'href="/console{link}"' in agent.get("/cases/acme/1").text
        asked = agent.get(link).text
        assert f'<option value="message:{said.id}" dir="auto" selected>' in asked
        assert '<option value="request">' in asked  # nobody's reason is chosen for them
    assert everything(desk) == before
    desk.redact(ADA, "acme:1", message=case.messages[0].id, reason="law")
    shown = agent.get("/cases/acme/1").text
    assert [f"what=message%3A{said.id}" in shown for said in case.messages] == [False, True]


def test_a_case_whose_store_is_held_too_is_not_said_to_be_free(agent, desk, case):
    for of in ("case", "store"):
        agent.post("/cases/acme/1/erase", hold="yes", of=of)
    assert "On hold" in text_of(agent.get("/cases/acme/1").text)
    agent.post("/cases/acme/1/erase", hold="no", of="case")
    assert noticed(agent, "/cases/acme/1") == "It is not on hold by itself any more, but its store is."
    agent.post("/cases/acme/1/erase", hold="no", of="store")
    assert noticed(agent, "/cases/acme/1") == "It is on hold no more."
    assert "On hold" not in text_of(agent.get("/cases/acme/1").text)


def test_a_form_of_another_site_erases_and_holds_nothing(agent, desk, case):
    before = everything(desk)
    for form in ({"what": "subject", **SURE}, {"hold": "yes", "of": "store"}):
        sent = agent.post("/cases/acme/1/erase", sent={"Sec-Fetch-Site": "cross-site"}, **form)
        assert sent.status_code == 403
    assert (everything(desk), desk.holds(ADA)) == (before, ())


def test_who_does_not_serve_the_store_erases_and_holds_nothing(app, support_desk, desk, case):
    stranger = Agent(app, support_desk.support_key("Eve", stores=["globex"]))
    assert stranger.get("/cases/acme/1/erase").status_code == 404
    for form in ({"what": "subject", **SURE}, {"hold": "yes", "of": "store"}):
        assert stranger.post("/cases/acme/1/erase", **form).status_code == 404
    assert (desk.find(ADA, "acme:1").subject, desk.holds(ADA)) == ("Card 4111", ())
