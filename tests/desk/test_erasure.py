"""What is taken out of cases: a message, a subject, a label, a file, or an author."""

import json
from datetime import timedelta

import pytest

from supportcases import (
    Actor,
    AttachmentNotFound,
    CaseMoved,
    CaseNotFound,
    DatabaseBusy,
    Erased,
    EventKind,
    KeyRing,
    NotPermitted,
    SupportDesk,
)
from supportcases.desk.idempotency import IdempotentRequest
from supportcases.domain.contradictions import contradictions
from supportcases.domain.erasure import AuthorPlaces
from supportcases.storage.protocol import Answer
from tests.conftest import ACME, ADA
from tests.support.desks import BOB, BODY, T0, everything, problems, told

WORD = "Zanzibar"
MARA = Actor.merchant("acme", "Mara")
REDACTED = "[redacted]"
USES = {
    "redact": lambda desk, actor, ref: desk.redact(actor, ref, subject=True, reason="law"),
    "hold": lambda desk, actor, ref: desk.hold(actor, "acme", 1),
    "hold a store": lambda desk, actor, ref: desk.hold(actor, "acme"),
    "release": lambda desk, actor, ref: desk.release(actor, "acme", 1),
    "is_on_hold": lambda desk, actor, ref: desk.is_on_hold(actor, ref),
    "holds": lambda desk, actor, ref: desk.holds(actor),
    "erase_author": lambda desk, actor, ref: desk.erase_author(actor, store="acme", label="API", reason="law"),
    "author_places": lambda desk, actor, ref: desk.author_places(actor, store="acme", label="API"),
    "purge": lambda desk, actor, ref: desk.purge(actor, closed_for=timedelta(days=1)),
    "purgeable": lambda desk, actor, ref: desk.purgeable(actor, closed_for=timedelta(days=1)),
    "erasures": lambda desk, actor, ref: desk.erasures(actor),
    "replay_erasures": lambda desk, actor, ref: desk.replay_erasures(actor, []),
}
OF_ANOTHER_STORE = {  # what somebody who does not serve it meets
    "redact": CaseNotFound,
    "is_on_hold": CaseNotFound,
    **dict.fromkeys(("hold", "hold a store", "release", "erase_author", "author_places"), NotPermitted),
    **dict.fromkeys(("erasures", "replay_erasures"), NotPermitted),
}


@pytest.fixture
def case(desk, clock):
    """A case of Mara's in which everything has the word; Ada has it, and has noted something."""
    case = desk.open(MARA, body=f"{WORD} is on fire.", subject=f"{WORD} burns")
    clock.advance(minutes=1)
    desk.change(ADA, case.id, assignee=f"Mr {WORD}", subject=f"{WORD} smokes")
    desk.change(ADA, case.id, assignee="me")
    clock.advance(minutes=1)
    desk.note(ADA, case.id, body=f"It is {WORD} again.")
    clock.advance(minutes=1)
    return desk.find(ADA, case.id)


def is_consistent(desk, ref="acme:1") -> bool:
    thread, history = desk.get(ADA, ref), desk.history(ADA, ref)
    return not list(contradictions(thread.case, thread.messages, history.entries))


def holding(desk, word) -> list[str]:
    """Return what of the database has the word, but for SQLite's indexes, which hold no words."""
    return [row for row in everything(desk) if word in row]


def with_file(desk, name=f"{WORD}.txt", content=b"smoke") -> tuple[str, str]:
    """Let Mara reply with a file; return the ids of the message and of the file."""
    file = desk.attach(MARA, name=name, content_type="text/plain", content=content)
    return desk.reply(MARA, 1, body="See.", attachments=[file]).message.id, file


# who


@pytest.mark.parametrize("use", USES)
def test_nothing_of_it_is_for_merchants(desk, case, use):
    before = everything(desk)
    with pytest.raises(NotPermitted, match=r"^This is for the support team only\.$"):
        USES[use](desk, ACME, case.id)
    assert everything(desk) == before


@pytest.mark.parametrize("use", OF_ANOTHER_STORE)
def test_a_store_that_somebody_does_not_serve_is_left_alone(desk, case, use):
    before = everything(desk)
    with pytest.raises(OF_ANOTHER_STORE[use]):
        USES[use](desk, BOB, case.id)
    assert everything(desk) == before


# redact


def test_a_message_that_is_redacted_keeps_its_place_and_the_case_its_times(desk, case, clock):
    thread = desk.get(ADA, case.id)
    first, note = thread.messages
    redacted = desk.redact(ADA, case.id, message=first.id, reason="request")
    after = desk.get(ADA, case.id)
    assert after.messages == (first._replace(body=REDACTED), note)
    assert (redacted.case, redacted.gone) == (after.case, True)
    assert (after.case, after.revision) == (case, thread.revision + 1)
    entry = desk.history(ADA, case.id).entries[-1]
    assert (entry.kind, entry.actor_label, entry.at) == (EventKind.REDACTED, "Ada", T0 + timedelta(minutes=3))
    assert (dict(entry.was), dict(entry.became)) == ({}, {"redacted": "message", "reason": "request"})
    assert desk.get(MARA, 1).messages == (first._replace(body=REDACTED),)
    assert is_consistent(desk)


def test_a_subject_goes_with_each_that_was_before(desk, case):
    assert desk.redact(ADA, case.id, subject=True, reason="law").case == case._replace(subject=REDACTED)
    assert told(desk)[0] == (
        "Ada",
        "changed",
        {"subject": REDACTED, "assignee": None},
        {"subject": REDACTED, "assignee": f"Mr {WORD}"},
    )
    assert is_consistent(desk)
    desk.change(ADA, case.id, subject="The printer")
    assert is_consistent(desk)


def test_a_label_goes_wherever_it_signs_acts_or_takes_care(desk, case):
    desk.redact(ADA, case.id, label=f"Mr {WORD}", reason="mistake")
    assert told(desk)[:2] == [
        (
            "Ada",
            "changed",
            {"subject": f"{WORD} burns", "assignee": None},
            {"subject": f"{WORD} smokes", "assignee": REDACTED},
        ),
        ("Ada", "changed", {"assignee": REDACTED}, {"assignee": "Ada"}),
    ]
    assert is_consistent(desk)
    desk.redact(Actor.support("Eve"), case.id, label="Ada", reason="request")
    assert desk.find(ADA, case.id) == case._replace(assignee=REDACTED)
    assert [message.author_label for message in desk.get(ADA, case.id).messages] == ["Mara", REDACTED]
    assert holding(desk, "Ada") == []
    assert [who for who, *_ in told(desk)] == [REDACTED] * 4 + ["Eve"]
    assert is_consistent(desk)


def test_whoever_takes_out_their_own_label_leaves_none_behind(desk, case):
    desk.redact(ADA, case.id, label="Ada", reason="request")
    assert (holding(desk, "Ada"), desk.history(ADA, case.id).entries[-1].actor_label) == ([], REDACTED)
    before = everything(desk)
    desk.redact(ADA, case.id, label="Ada", reason="request")
    assert everything(desk) == before


def test_a_label_stays_where_it_is_in_other_cases_and_stores(desk, case):
    desk.open(MARA, body=BODY)
    desk.open(Actor.merchant("globex", "Mara"), body=BODY)
    desk.redact(ADA, "acme:1", label="Mara", reason="request")
    assert [desk.get(ADA, ref).messages[0].author_label for ref in ("acme:1", "acme:2", "globex:1")] == [
        REDACTED,
        "Mara",
        "Mara",
    ]


def test_a_file_goes_with_its_bytes_and_its_name(desk, case):
    message, file = with_file(desk)
    assert desk.redact(ADA, case.id, attachment=file, reason="request").gone
    (kept,) = desk.get(ADA, case.id).messages[-1].attachments
    assert (kept.id, kept.name, kept.size) == (file, REDACTED, 5)
    with pytest.raises(AttachmentNotFound):
        desk.attachment(file)
    assert desk.attachments_of(desk.find(ADA, case.id)) == ()
    assert holding(desk, f"{WORD}.txt") == holding(desk, b"smoke".hex().upper()) == []
    assert desk.get(ADA, case.id).messages[-1].id == message
    assert is_consistent(desk)


@pytest.mark.parametrize("what", ["message", "subject", "label", "attachment"])
def test_to_redact_twice_is_to_do_so_once(desk, case, what):
    message, file = with_file(desk)
    given = {what: {"message": message, "subject": True, "label": "Mara", "attachment": file}[what]}
    desk.redact(ADA, case.id, **given, reason="law")
    before = everything(desk)
    assert desk.redact(Actor.support("Eve"), case.id, **given, reason="mistake").gone
    assert everything(desk) == before


def test_what_merchants_have_never_seen_they_are_not_told_of(desk, case, clock):
    first, note = desk.get(ADA, case.id).messages
    clock.advance(days=1)
    before = [event.id for event in desk.events(MARA).events]
    desk.redact(ADA, case.id, message=note.id, reason="request")
    desk.redact(ADA, case.id, label="Ada", reason="request")
    assert [event.id for event in desk.events(MARA).events] == before
    assert [event.became["redacted"] for event in desk.events(ADA).events[-2:]] == ["note", "note"]
    desk.redact(ADA, case.id, message=first.id, reason="request")
    event = desk.events(MARA).events[-1]
    assert (event.kind, event.message_id, event.sequence) == (EventKind.REDACTED, first.id, len(before) + 1)


def test_a_search_finds_nothing_of_it(desk, case):
    first, note = desk.get(ADA, case.id).messages
    for what in ({"message": first.id}, {"message": note.id}, {"subject": True}):
        assert desk.queue(ADA, query=WORD).count == 1
        desk.redact(ADA, case.id, **what, reason="law")
    assert (desk.queue(ADA, query=WORD).count, desk.list(MARA, query=WORD).count) == (0, 0)
    assert desk.queue(ADA, query="redacted").count == 1


def test_a_retry_of_what_was_redacted_does_nothing_and_gets_no_answer(desk, case, clock):
    done = []

    def once(key, ref):
        def say() -> Answer:
            said = desk.reply(MARA, ref, body=f"{WORD}!")
            done.append(said.message.id)
            return Answer(201, json.dumps({"body": said.message.body}), None, case_id=said.case.id)

        request = IdempotentRequest(desk.repository, scope=MARA.scope, key=key, asked=dict, clock=clock)
        return request.once(say)

    desk.open(MARA, body=BODY)
    once("first", 1)
    once("second", 2)
    desk.redact(ADA, case.id, message=done[0], reason="law")
    with pytest.raises(Erased):
        once("first", 1)
    assert (once("second", 2).replayed, len(done)) == (True, 2)


def test_only_what_is_of_the_case_can_be_named(desk, case):
    other = desk.open(MARA, body=BODY)
    message = desk.get(MARA, other.number).messages[0].id
    file = desk.attach(MARA, name="a.txt", content_type="text/plain", content=b"a")
    before = everything(desk)
    of_this = {
        "message": "Must be the id of a message of this case.",
        "attachment": "Must be the id of a file of this case.",
    }
    one = {"redact": "Must be one of message, subject, label and attachment."}
    why = {"reason": "Must be request, law or mistake."}

    def refused(**what):
        return problems(desk.redact, ADA, case.id, **{"reason": "law", **what})

    assert refused(message=message) == {"message": of_this["message"]}
    assert refused(attachment=file) == {"attachment": of_this["attachment"]}
    assert refused() == refused(subject=True, label="Mara") == one
    assert refused(subject=True, reason="spite") == why
    assert refused(label="") == {"label": "Must be 1 to 120 characters long, not 0."}
    with pytest.raises(CaseMoved):
        desk.redact(ADA, case.id, subject=True, reason="law", if_revision={99})
    assert everything(desk) == before


def test_a_host_hears_of_it_once_and_with_what_is_left(repository, clock):
    heard = []
    desk = SupportDesk(repository, clock=clock, on_event=heard.append)
    case = desk.open(MARA, body=BODY)
    message = desk.get(MARA, 1).messages[0].id
    for _ in range(2):
        desk.redact(ADA, case.id, message=message, reason="law")
    assert [(event.kind, event.message.body) for event in heard[1:]] == [(EventKind.REDACTED, REDACTED)]


def test_within_a_transaction_of_the_hosts_nothing_is_gone_before_it_is_kept(desk, case):
    _, file = with_file(desk)
    with pytest.raises(KeyError), desk.repository.write():  # noqa: PT012 - nothing is kept
        assert not desk.redact(ADA, case.id, attachment=file, reason="law").gone
        raise KeyError
    assert b"".join(desk.read_attachment(ADA, case.id, file)) == b"smoke"
    with desk.repository.write():
        assert not desk.redact(ADA, case.id, attachment=file, reason="law").gone
    assert holding(desk, b"smoke".hex().upper()) == []


def test_where_the_database_is_busy_afterwards_it_is_redacted_and_not_gone_yet(desk, case, monkeypatch, caplog):
    def busy():
        raise DatabaseBusy()

    with monkeypatch.context() as patch:
        patch.setattr(desk.repository, "leave_no_trace", busy)
        redacted = desk.redact(ADA, case.id, subject=True, reason="law")
    assert (redacted.case.subject, redacted.gone) == (REDACTED, False)
    assert caplog.messages == [
        "what is left of what was erased goes with the next erasure: The database is busy; try again in a moment."
    ]
    assert desk.redact(ADA, case.id, subject=True, reason="law").gone


# an author


def test_an_author_goes_with_all_that_they_signed_in_the_store(desk, case, clock):
    keys = KeyRing(desk.repository, clock=clock)
    keys.create("acme", label="Mara")
    keys.create("globex", label="Mara")
    _, file = with_file(desk)
    desk.open(ACME, body=BODY)
    desk.reply(MARA, 2, body=f"{WORD}?")
    desk.open(Actor.merchant("globex", "Mara"), body=BODY)
    assert desk.author_places(ADA, store="acme", label="Mara") == AuthorPlaces(2, 3, 1)
    assert desk.erase_author(ADA, store="acme", label="Mara", reason="request") == (2, 3, 1, True)
    assert [(m.author_label, m.body) for m in desk.get(ADA, "acme:1").messages] == [
        (REDACTED, REDACTED),
        ("Ada", f"It is {WORD} again."),
        (REDACTED, REDACTED),
    ]
    assert desk.find(ADA, "acme:1").subject == REDACTED
    assert desk.find(ADA, "acme:2").subject != REDACTED
    assert desk.get(ADA, "globex:1").messages[0].author_label == "Mara"
    assert {key.actor.store: key.actor.label for key in keys.page()} == {"acme": REDACTED, "globex": "Mara"}
    with pytest.raises(AttachmentNotFound):
        desk.attachment(file)
    assert [dict(desk.history(ADA, ref).entries[-1].became) for ref in ("acme:1", "acme:2")] == [
        {"redacted": "label", "reason": "request"}
    ] * 2
    assert all(is_consistent(desk, ref) for ref in ("acme:1", "acme:2"))
    before = everything(desk)
    assert desk.erase_author(ADA, store="acme", label="Mara", reason="request") == (0, 0, 0, True)
    assert everything(desk) == before


def test_an_author_who_is_found_page_by_page_is_found_in_each_case(desk):
    for number in range(205):
        desk.open(MARA if number % 2 else ACME, body=BODY)
    assert desk.erase_author(ADA, store="acme", label="Mara", reason="law") == (102, 102, 0, True)
    assert desk.author_places(ADA, store="acme", label="Mara") == AuthorPlaces(0, 0, 0)
