import logging
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from supportcases import (
    Actor,
    AuthorKind,
    Case,
    CaseNotFound,
    CasePage,
    Category,
    Message,
    NotPermitted,
    Reply,
    Severity,
    Status,
    SupportDesk,
    Thread,
)
from supportcases.domain.errors import AlreadyThere
from supportcases.domain.subjects import subject_from
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY, T0, everything


def id_number(n: int) -> str:
    return f"0191abc0-0000-7000-8000-{n:012x}"


# opening


def test_a_new_case_is_open_numbered_and_of_this_moment_and_its_body_is_the_first_message(desk):
    case = desk.open(ACME, body=BODY)
    assert case == Case(
        id=id_number(1),
        store="acme",
        number=1,
        subject="The card was declined",
        category=Category.OTHER,
        severity=Severity.NORMAL,
        status=Status.OPEN,
        created_at=T0,
        last_activity_at=T0,
        closed_at=None,
        unanswered_since=T0,
        assignee=None,
    )
    assert desk.get(ACME, 1) == Thread(case, (Message(id_number(2), AuthorKind.MERCHANT, "API", BODY, T0),))


def test_what_is_given_is_kept(desk):
    case = desk.open(
        ACME, body=BODY, subject="Declined", category="orders_payments", severity=Severity.CRITICAL, author="Zoë"
    )
    thread = desk.get(ACME, case.id)
    assert thread.case == case
    assert (case.subject, case.category, case.severity) == ("Declined", "orders_payments", "critical")
    assert (type(case.category), type(case.severity)) == (Category, Severity)
    assert thread.messages[0].author_label == "Zoë"


def test_texts_are_trimmed_and_otherwise_kept_as_they_are(desk):
    body = "\x1b[31mERROR\x1b[0m\r\n\tat line 1\x07."
    case = desk.open(ACME, body=f"\n\u3000 {body}\t", subject="  e\u0301 <b>  x ", author=" Zoë\u2028")
    message = desk.get(ACME, 1).messages[0]
    assert (case.subject, message.body, message.author_label) == ("e\u0301 <b>  x", body, "Zoë")


# subjects from the host


def test_the_hosts_subjects_are_used(repository):
    desk = SupportDesk(repository, make_subject=lambda body: f"  About: {body[:8]} ")
    assert desk.open(ACME, body=BODY).subject == "About: The card"
    assert desk.open(ACME, body=BODY, subject="My own").subject == "My own"


def fails(body):
    raise TimeoutError("the language model is away")


@pytest.mark.parametrize(
    "make_subject",
    [
        fails,
        lambda body: None,
        lambda body: "",
        lambda body: "  x ",
        lambda body: "x" * 201,
        lambda body: "two\nlines",
        lambda body: "a lone \udc00",
        lambda body: b"bytes",
        lambda body: ["Subject"],
    ],
)
def test_a_host_that_fails_to_make_a_subject_or_makes_a_bad_one_is_helped_out(repository, caplog, make_subject):
    desk = SupportDesk(repository, make_subject=make_subject)
    with caplog.at_level(logging.WARNING, "supportcases.desk"):
        assert desk.open(ACME, body=BODY).subject == "The card was declined"
    assert len(caplog.records) == 1
    assert BODY not in caplog.records[0].getMessage()


# reading


def test_a_case_is_named_in_many_ways(desk, case):
    refs = [1, "1", "000001", "#1", "#000001", "0" * 19 + "1", case.id, case.id.upper(), UUID(case.id)]
    assert [desk.find(ACME, ref) for ref in refs] == [case] * len(refs)
    assert [desk.get(ACME, ref).case for ref in refs] == [case] * len(refs)


NO_REFS = [
    *(0, -1, 2, 2**63, 10**30, 10**5000, True, 1.0, None, b"1"),
    *("", " ", "#", "##1", "# 1", " 1", "1 ", "1\n", "+1", "-1", "0", "1.0", "1e0", "0x1", "4_2", "１", "١"),
    *("1\0", "\0", "\ud800", "0" * 20 + "1", "9" * 40, "acme:1", ":1", "acme:", "' OR 1=1 --"),
    *(id_number(1).replace("-", ""), "{" + id_number(1) + "}", "urn:uuid:" + id_number(1), id_number(1) + "\n"),
    *(" " + id_number(1), "acme:" + id_number(1), id_number(99)),
]


@pytest.mark.parametrize("ref", NO_REFS, ids=lambda ref: ascii(ref)[:20] if not isinstance(ref, int) else "int")
def test_everything_else_names_no_case(desk, case, ref):
    before = everything(desk)
    uses = [
        lambda: desk.find(ACME, ref),
        lambda: desk.get(ACME, ref),
        lambda: desk.reply(ACME, ref, body="Hello?"),
        lambda: desk.close(ACME, ref),
        lambda: desk.reopen(ACME, ref),
    ]
    for use in uses:
        with pytest.raises(CaseNotFound, match=r"^There is no such support case\.$"):
            use()
    assert everything(desk) == before


def test_a_page_tells_how_many_match_in_all(desk):
    cases = [desk.open(ACME, body=BODY) for _ in range(5)]
    assert desk.list(ACME, limit=2, offset=1) == CasePage((cases[3], cases[2]), count=5, offset=1, limit=2)
    assert desk.list(ACME, offset=5) == CasePage((), count=5, offset=5, limit=10)
    assert desk.list(ACME, offset=2**53 - 1).count == 5
    assert desk.list(GLOBEX) == CasePage((), count=0, offset=0, limit=10)


def test_the_list_can_be_filtered_and_searched(desk):
    desk.open(ACME, body=BODY, subject="Größe falsch", severity="high")
    desk.open(ACME, body=BODY, subject="Lost")
    desk.close(ACME, 2)

    def numbers(**wanted):
        return [case.number for case in desk.list(ACME, **wanted).cases]

    assert numbers() == numbers(status="all", severity="all") == numbers(query="  ") == numbers(query=None) == [2, 1]
    assert numbers(status=Status.CLOSED) == numbers(status="closed") == [2]
    assert numbers(severity="high") == numbers(query=" GRÖSSE ") == numbers(query="#000001") == [1]
    assert numbers(status="closed", severity="high") == []


# the life of a case


def test_a_merchants_reply_opens_the_case(desk, clock, in_any_status):
    before = len(desk.get(ACME, 1).messages)
    added = desk.reply(ACME, 1, body=" Still the same. ", author="Zoë")
    assert isinstance(added, Reply)
    assert added.message == desk.get(ACME, 1).messages[-1]
    assert added.message.author_kind is AuthorKind.MERCHANT
    assert (added.message.author_label, added.message.body) == ("Zoë", "Still the same.")
    assert added.case == desk.find(ACME, 1)
    assert (added.case.status, added.case.closed_at) == (Status.OPEN, None)
    assert added.case.last_activity_at == added.message.created_at == clock.now
    assert added.case.created_at == T0
    assert len(desk.get(ACME, 1).messages) == before + 1


@pytest.mark.parametrize(("use", "status"), [("close", Status.CLOSED), ("reopen", Status.OPEN)])
def test_a_case_is_closed_and_reopened_now_unless_it_is_so_already(desk, clock, in_any_status, use, status):
    turned = getattr(desk, use)(ACME, 1)
    assert turned == desk.find(ACME, 1)
    if in_any_status.status is status:
        assert turned == in_any_status
    else:
        assert (turned.status, turned.last_activity_at) == (status, clock.now)
        assert turned.closed_at == (clock.now if status is Status.CLOSED else None)


# the clock


def test_times_are_kept_in_utc_and_whole_milliseconds(desk, clock):
    clock.now = datetime(2024, 6, 15, 12, 30, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
    case = desk.open(ACME, body=BODY)
    assert case.created_at == datetime(2024, 6, 15, 10, 30, 0, 123_000, tzinfo=UTC)
    assert case.created_at.tzinfo is UTC
    assert desk.find(ACME, 1) == case
    clock.now = datetime(2024, 6, 15, 10, 30, 0, 123_001, tzinfo=UTC)
    reply = desk.reply(ACME, 1, body="More")
    assert reply.message.created_at == case.created_at


def test_a_clock_without_a_time_zone_is_refused(desk, case, clock):
    clock.now = clock.now.replace(tzinfo=None)
    for use in (
        lambda: desk.open(ACME, body=BODY),
        lambda: desk.reply(ACME, 1, body="More"),
        lambda: desk.close(ACME, 1),
    ):
        with pytest.raises(ValueError, match="time zone"):
            use()
    assert desk.list(ACME).count == 1
    assert desk.get(ACME, 1).case == case


# what is written down


def test_a_case_a_message_and_an_event_are_kept_together_or_not_at_all(repository, clock):
    ids = iter([UUID(id_number(1)), UUID(id_number(2)), UUID(id_number(3)), UUID(id_number(2))])
    desk = SupportDesk(repository, clock=clock, new_id=lambda: next(ids))
    first = desk.open(ACME, body=BODY)
    with pytest.raises(AlreadyThere):
        desk.open(ACME, body=BODY)  # its message's id is taken
    with pytest.raises(StopIteration):
        desk.reply(ACME, 1, body="No id is left for this one.")
    assert desk.list(ACME).cases == (first,)
    assert [message.id for message in desk.get(ACME, 1).messages] == [id_number(2)]


# who


def test_support_sees_every_store(desk, case):
    foreign = desk.open(GLOBEX, body=BODY)
    assert [desk.find(ADA, ref).store for ref in ("acme:1", "acme:#000001", "globex:1")] == ["acme", "acme", "globex"]
    assert desk.find(ADA, case.id) == desk.find(ADA, case.id.upper()) == case
    assert desk.get(ADA, foreign.id).messages[0].body == BODY


@pytest.mark.parametrize(
    "ref", [1, "1", "#1", ":1", "acme:2", "acme:0", "ACME:1", "acme:", "acme::1", "acme: 1", " :1"]
)
def test_support_needs_the_store_of_a_number(desk, case, ref):
    for use in (desk.find, desk.get, desk.close, desk.reopen):
        with pytest.raises(CaseNotFound):
            use(ADA, ref)


def test_only_merchants_reply_and_list(desk, case):
    uses = (desk.list, desk.written_list, lambda who: desk.written_thread(who, "acme:1"))
    for use in (*uses, lambda who: desk.reply(who, "acme:1", body="Hello")):
        with pytest.raises(NotPermitted, match="merchants only"):
            use(ADA)
    assert len(desk.get(ACME, 1).messages) == 1


def test_the_desk_needs_nothing_but_a_repository(repository):
    before = datetime.now(UTC) - timedelta(seconds=1)
    case = SupportDesk(repository).open(ACME, body=BODY)
    assert UUID(case.id).version == 7
    assert before <= case.created_at <= datetime.now(UTC)
    assert case.subject == subject_from(BODY)


def test_a_merchants_word_is_signed_with_the_actors_label_unless_an_author_is_given(desk):
    mara = Actor.merchant("acme", label="Mara")
    case = desk.open(mara, body=BODY)
    desk.reply(mara, case.id, body="More.")
    desk.reply(mara, case.id, body="And more.", author="Jo")
    assert [message.author_label for message in desk.get(mara, case.id).messages] == ["Mara", "Mara", "Jo"]


def test_an_id_that_is_no_uuid_is_told_to_the_host_and_nothing_is_kept(repository, clock):
    desk = SupportDesk(repository, clock=clock, new_id=lambda: "case-1")
    with pytest.raises(TypeError, match=r"^new_id must return a uuid.UUID, not str\.$"):
        desk.open(ACME, body=BODY)
    assert desk.list(ACME).count == 0
