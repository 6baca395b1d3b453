import json
import logging
from concurrent.futures import ThreadPoolExecutor
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
    InvalidInput,
    Message,
    NotPermitted,
    Reply,
    Severity,
    Status,
    SupportDesk,
    Thread,
)
from supportcases.domain.subjects import subject_from
from supportcases.testing import numbered_ids
from tests.conftest import ACME, ADA, GLOBEX

T0 = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)
BODY = "The card was declined. What can I do?"


def id_number(n: int) -> str:
    return f"0191abc0-0000-7000-8000-{n:012x}"


def events(desk) -> list[tuple]:
    """Return what was written about every change, in its order."""
    with desk.repository.read() as transaction:
        rows = transaction.connection.execute(
            """
            SELECT store, case_id, kind, actor_kind, actor_label, happened_at, was, became
            FROM supportcases_events
            ORDER BY position
            """
        ).fetchall()
    return [(*row[:6], json.loads(row[6]), json.loads(row[7])) for row in rows]


def changes(desk) -> list[tuple]:
    """Return kind, was and became of every event but the opening of the first case."""
    return [(event[2], event[6], event[7]) for event in events(desk)[1:]]


@pytest.fixture
def case(desk, clock):
    """An open case of acme; a minute has passed since."""
    case = desk.open(ACME, body=BODY)
    clock.advance(minutes=1)
    return case


# opening


def test_a_new_case_is_open_numbered_and_of_this_moment(desk):
    assert desk.open(ACME, body=BODY) == Case(
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


def test_what_is_given_is_kept(desk):
    case = desk.open(
        ACME, body=BODY, subject="Declined", category="orders_payments", severity=Severity.CRITICAL, author="Zoë"
    )
    thread = desk.get(ACME, case.id)
    assert thread.case == case
    assert (case.subject, case.category, case.severity) == ("Declined", "orders_payments", "critical")
    assert (type(case.category), type(case.severity)) == (Category, Severity)
    assert thread.messages[0].author_label == "Zoë"


def test_the_body_is_the_first_message(desk):
    case = desk.open(ACME, body=BODY)
    assert desk.get(ACME, 1) == Thread(case, (Message(id_number(2), AuthorKind.MERCHANT, "API", BODY, T0),))


def test_each_store_has_numbers_of_its_own(desk):
    assert [desk.open(actor, body=BODY).number for actor in (ACME, GLOBEX, ACME, ACME, GLOBEX)] == [1, 1, 2, 3, 2]


def test_texts_are_trimmed_and_otherwise_kept_as_they_are(desk):
    case = desk.open(ACME, body=f"\n\u3000 {BODY}\t", subject="  e\u0301 <b>  x ", author=" Zoë\u2028")
    message = desk.get(ACME, 1).messages[0]
    assert (case.subject, message.body, message.author_label) == ("e\u0301 <b>  x", BODY, "Zoë")


def test_a_body_may_hold_control_characters(desk):
    body = "\x1b[31mERROR\x1b[0m\r\n\tat line 1\x07."
    desk.open(ACME, body=body)
    assert desk.get(ACME, 1).messages[0].body == body


def test_lengths_are_counted_in_characters(desk):
    smile = "\N{GRINNING FACE}"
    desk.open(ACME, body=smile * 10, subject=smile * 3, author=smile)
    desk.open(ACME, body=smile * 10_000, subject=smile * 200, author=smile * 120)
    desk.reply(ACME, 1, body=smile)
    desk.reply(ACME, 1, body=smile * 10_000)
    assert desk.list(ACME).count == 2


@pytest.mark.parametrize(
    ("faulty", "sentence"),
    [
        ({"body": "x" * 9}, "Must be 10 to 10,000 characters long, not 9."),
        ({"body": " " * 20}, "Must be 10 to 10,000 characters long, not 0."),
        ({"body": "x" * 10_001}, "Must be 10 to 10,000 characters long, not 10,001."),
        ({"body": None}, "Must be a string."),
        ({"body": b"a body in bytes"}, "Must be a string."),
        ({"body": "a NUL \0 in a body"}, "Must not contain a NUL character."),
        ({"body": "a lone \ud800 surrogate"}, "Must not contain a lone surrogate."),
        ({"subject": "xx"}, "Must be 3 to 200 characters long, not 2."),
        ({"subject": ""}, "Must be 3 to 200 characters long, not 0."),
        ({"subject": "x" * 201}, "Must be 3 to 200 characters long, not 201."),
        ({"subject": "two\nlines"}, "Must be one line without control characters."),
        ({"subject": "an escape \x1b[1m"}, "Must be one line without control characters."),
        ({"subject": "a C1 \x85 control"}, "Must be one line without control characters."),
        ({"subject": 42}, "Must be a string."),
        ({"author": ""}, "Must be 1 to 120 characters long, not 0."),
        ({"author": "x" * 121}, "Must be 1 to 120 characters long, not 121."),
        ({"author": "a\tb"}, "Must be one line without control characters."),
        ({"author": 42}, "Must be a string."),
        (
            {"category": "Other"},
            "Must be orders_payments, products_catalog, domains_setup, billing_plans, store_builder or other.",
        ),
        ({"severity": "urgent"}, "Must be critical, high, normal or low."),
        ({"severity": None}, "Must be critical, high, normal or low."),
        ({"severity": ["low"]}, "Must be critical, high, normal or low."),
    ],
)
def test_what_is_not_allowed_is_refused_and_nothing_is_kept(desk, faulty, sentence):
    with pytest.raises(InvalidInput) as refused:
        desk.open(ACME, **{"body": BODY} | faulty)
    assert refused.value.problems == {next(iter(faulty)): sentence}
    assert desk.list(ACME).count == 0
    assert events(desk) == []
    assert desk.open(ACME, body=BODY).number == 1


def test_all_faulty_fields_are_told_at_once(desk):
    with pytest.raises(InvalidInput) as refused:
        desk.open(ACME, body="", subject="", category="", severity="", author="")
    assert set(refused.value.problems) == {"body", "subject", "category", "severity", "author"}
    with pytest.raises(InvalidInput) as refused:
        desk.reply(ACME, 1, body="", author="")
    assert refused.value.problems == {
        "body": "Must be 1 to 10,000 characters long, not 0.",
        "author": "Must be 1 to 120 characters long, not 0.",
    }
    with pytest.raises(InvalidInput) as refused:
        desk.list(ACME, limit=0, offset=-1, query="\0", status="new", severity="new")
    assert set(refused.value.problems) == {"limit", "offset", "query", "status", "severity"}


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


def test_a_host_may_take_its_time_for_a_subject_while_others_write(repository):
    def make_subject(body):
        with ThreadPoolExecutor(1) as elsewhere:
            desk = SupportDesk(repository)
            return f"After case {elsewhere.submit(desk.open, ACME, body=body).result(timeout=5).number}"

    case = SupportDesk(repository, make_subject=make_subject).open(ACME, body=BODY)
    assert (case.number, case.subject) == (2, "After case 1")


# reading


def test_a_case_is_named_in_many_ways(desk, case):
    refs = [1, "1", "000001", "#1", "#000001", "0" * 19 + "1", case.id, case.id.upper(), UUID(case.id)]
    assert [desk.find(ACME, ref) for ref in refs] == [case] * len(refs)
    assert [desk.get(ACME, ref).case for ref in refs] == [case] * len(refs)


NO_REFS = [
    0,
    -1,
    2,
    2**63,
    10**30,
    10**5000,
    True,
    1.0,
    None,
    b"1",
    "",
    " ",
    "#",
    "##1",
    "# 1",
    " 1",
    "1 ",
    "1\n",
    "+1",
    "-1",
    "0",
    "1.0",
    "1e0",
    "0x1",
    "4_2",
    "１",
    "١",
    "1\0",
    "\0",
    "\ud800",
    "0" * 20 + "1",
    "9" * 40,
    "acme:1",
    ":1",
    "acme:",
    id_number(1).replace("-", ""),
    "{" + id_number(1) + "}",
    "urn:uuid:" + id_number(1),
    id_number(1) + "\n",
    " " + id_number(1),
    "acme:" + id_number(1),
    id_number(99),
    "' OR 1=1 --",
]


@pytest.mark.parametrize("ref", NO_REFS, ids=lambda ref: ascii(ref)[:20] if not isinstance(ref, int) else "int")
def test_everything_else_names_no_case(desk, case, ref):
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
    assert changes(desk) == []


def test_another_stores_case_is_as_one_that_never_was(desk, case):
    desk.open(GLOBEX, body=BODY)
    foreign = desk.open(GLOBEX, body=BODY)
    for ref in (foreign.id, foreign.number, "globex:2", UUID(foreign.id)):
        for use in (desk.find, desk.get, desk.close, desk.reopen):
            with pytest.raises(CaseNotFound):
                use(ACME, ref)
        with pytest.raises(CaseNotFound):
            desk.reply(ACME, ref, body="Hello?")
    assert desk.find(GLOBEX, 2) == foreign
    assert len(desk.get(GLOBEX, 2).messages) == 1


def test_the_list_has_the_newest_activity_first(desk, clock):
    for _ in range(4):
        desk.open(ACME, body=BODY)
    clock.advance(minutes=1)
    desk.reply(ACME, 2, body="More")
    assert [case.number for case in desk.list(ACME).cases] == [2, 4, 3, 1]


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


@pytest.mark.parametrize(
    "faulty",
    [
        *({"limit": value} for value in (0, -1, 101, "10", 10.0, True, None, 10**30)),
        *({"offset": value} for value in (-1, 2**53, "0", 0.0, False, None)),
        *({"query": value} for value in ("a\0b", "\ud800", 42, ["x"])),
        *({"status": value} for value in ("new", "Open", "ALL", 42, ["open"])),
        *({"severity": value} for value in ("urgent", "Low", "ALL", 42)),
    ],
    ids=str,
)
def test_a_list_that_is_asked_for_wrongly_is_refused(desk, faulty):
    with pytest.raises(InvalidInput) as refused:
        desk.list(ACME, **faulty)
    assert list(refused.value.problems) == list(faulty)


# the life of a case


@pytest.fixture(params=["open", "answered", "closed"])
def in_any_status(request, desk, case, clock):
    """The case in each status in turn; a minute has passed since."""
    if request.param == "answered":
        desk.answer(ADA, "acme:1", body="Try again.")
    elif request.param == "closed":
        desk.close(ACME, 1)
    clock.advance(minutes=1)
    return desk.find(ACME, 1)


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


def test_an_answer_of_support_makes_the_case_answered(desk, clock, in_any_status):
    added = desk.answer(ADA, "acme:1", body="Try again.")
    assert added.case == desk.find(ACME, 1)
    assert (added.case.status, added.case.closed_at) == (Status.ANSWERED, None)
    assert added.case.last_activity_at == added.message.created_at == clock.now
    assert (added.message.author_kind, added.message.author_label) == (AuthorKind.SUPPORT, "Ada")


def test_an_answer_may_bear_another_name(desk, case):
    assert desk.answer(ADA, "acme:1", body="Try again.", author="The team").message.author_label == "The team"
    with pytest.raises(InvalidInput):
        desk.answer(ADA, "acme:1", body="Try again.", author="")


def test_closing_tells_when(desk, clock, in_any_status):
    closed = desk.close(ACME, 1)
    assert closed == desk.find(ACME, 1)
    if in_any_status.status is Status.CLOSED:
        assert closed == in_any_status
    else:
        assert (closed.status, closed.closed_at, closed.last_activity_at) == (Status.CLOSED, clock.now, clock.now)


def test_reopening_forgets_when_it_was_closed(desk, clock, in_any_status):
    reopened = desk.reopen(ACME, 1)
    assert reopened == desk.find(ACME, 1)
    if in_any_status.status is Status.OPEN:
        assert reopened == in_any_status
    else:
        assert (reopened.status, reopened.closed_at, reopened.last_activity_at) == (Status.OPEN, None, clock.now)


def test_what_changes_one_case_leaves_the_others_alone(desk, case, clock):
    other, foreign = desk.open(ACME, body=BODY), desk.open(GLOBEX, body=BODY)
    clock.advance(minutes=1)
    desk.reply(ACME, 1, body="More")
    desk.close(ACME, 1)
    assert desk.find(ACME, 2) == other
    assert desk.find(GLOBEX, 1) == foreign


# the clock


def test_a_clock_that_runs_backwards_does_not_take_activity_back(desk, case, clock):
    latest = desk.reply(ACME, 1, body="One").case.last_activity_at
    clock.advance(days=-1)
    reply = desk.reply(ACME, 1, body="Two")
    assert reply.message.created_at == reply.case.last_activity_at == latest
    answer = desk.answer(ADA, "acme:1", body="Three")
    assert answer.message.created_at == answer.case.last_activity_at == latest
    closed = desk.close(ACME, 1)
    assert closed.closed_at == closed.last_activity_at == latest
    assert desk.reopen(ACME, 1).last_activity_at == latest
    assert [event[5] for event in events(desk)[1:]] == ["2024-06-15T10:31:00.000Z"] * 5


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


def test_every_change_is_written_down_with_who_when_what_was_and_became(desk, clock):
    zoe = Actor.merchant("acme", "Zoë")
    case = desk.open(zoe, body=BODY, author="Somebody else")
    clock.advance(minutes=1)
    desk.answer(ADA, case.id, body="Try again.")
    clock.advance(minutes=1)
    desk.reply(zoe, 1, body="Thanks")
    desk.close(ADA, "acme:1")
    desk.reopen(zoe, 1)
    merchant, support = ("merchant", "Zoë"), ("support", "Ada")
    first, second, third = (f"2024-06-15T10:{minute}:00.000Z" for minute in (30, 31, 32))
    assert events(desk) == [
        ("acme", case.id, "opened", *merchant, first, {}, {"status": "open"}),
        ("acme", case.id, "answered", *support, second, {"status": "open"}, {"status": "answered"}),
        ("acme", case.id, "replied", *merchant, third, {"status": "answered"}, {"status": "open"}),
        ("acme", case.id, "closed", *support, third, {"status": "open"}, {"status": "closed"}),
        ("acme", case.id, "reopened", *merchant, third, {"status": "closed"}, {"status": "open"}),
    ]


def test_a_reply_to_an_open_case_is_written_down_as_no_change_of_it(desk, case):
    desk.reply(ACME, 1, body="More")
    assert changes(desk) == [("replied", {}, {})]


def test_what_changes_nothing_is_not_written_down(desk, case, clock):
    desk.reopen(ACME, 1)
    assert changes(desk) == []
    closed = desk.close(ACME, 1)
    clock.advance(hours=1)
    assert desk.close(ACME, 1) == closed
    assert desk.close(ADA, "acme:1") == closed
    assert changes(desk) == [("closed", {"status": "open"}, {"status": "closed"})]


def test_what_is_refused_is_not_written_down(desk, case):
    for use in (
        lambda: desk.reply(ACME, 1, body=""),
        lambda: desk.reply(ACME, 2, body="More"),
        lambda: desk.answer(ACME, 1, body="More"),
        lambda: desk.close(GLOBEX, case.id),
    ):
        with pytest.raises((InvalidInput, CaseNotFound, NotPermitted)):
            use()
    assert changes(desk) == []
    assert desk.get(ACME, 1).case == case
    assert len(desk.get(ACME, 1).messages) == 1


def test_a_case_a_message_and_an_event_are_kept_together_or_not_at_all(repository, clock):
    ids = iter([UUID(id_number(1)), UUID(id_number(2)), UUID(id_number(3)), UUID(id_number(2))])
    desk = SupportDesk(repository, clock=clock, new_id=lambda: next(ids))
    first = desk.open(ACME, body=BODY)
    with pytest.raises(Exception, match="UNIQUE"):
        desk.open(ACME, body=BODY)  # its message's id is taken
    with pytest.raises(StopIteration):
        desk.reply(ACME, 1, body="No id is left for this one.")
    assert desk.list(ACME).cases == (first,)
    assert len(events(desk)) == 1


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


def test_support_for_some_stores_sees_no_others(desk, case):
    desk.open(GLOBEX, body=BODY)
    bob = Actor.support("Bob", ["globex", "initech"])
    assert desk.find(bob, "globex:1").store == "globex"
    assert desk.answer(bob, "globex:1", body="Try again.").case.status == "answered"
    for ref in ("acme:1", case.id, "initech:1", id_number(99)):
        for use in (desk.find, desk.get, desk.close, desk.reopen):
            with pytest.raises(CaseNotFound):
                use(bob, ref)
        with pytest.raises(CaseNotFound):
            desk.answer(bob, ref, body="Try again.")
    with pytest.raises(CaseNotFound):
        desk.find(Actor.support("Nobody's", []), case.id)
    assert desk.find(ACME, 1) == case
    assert len(desk.get(ACME, 1).messages) == 1


def test_support_may_close_and_reopen(desk, case):
    assert desk.close(ADA, case.id).status == "closed"
    assert desk.reopen(ADA, "acme:1").status == "open"


def test_each_side_has_its_own_way_to_write_and_only_merchants_list(desk, case):
    for use in (
        lambda: desk.list(ADA),
        lambda: desk.reply(ADA, "acme:1", body="Hello"),
    ):
        with pytest.raises(NotPermitted, match="merchants only"):
            use()
    with pytest.raises(NotPermitted, match="support team only"):
        desk.answer(ACME, 1, body="Hello")
    assert len(desk.get(ACME, 1).messages) == 1


@pytest.mark.parametrize("store", ["", ".a", "-a", "_a", "a b", "a/b", "a:b", "ä", "x" * 65, "a\n", None, 42])
def test_no_store_can_be_called_that(store):
    with pytest.raises(InvalidInput) as refused:
        Actor.merchant(store)
    assert list(refused.value.problems) == ["store"]
    with pytest.raises(InvalidInput):
        Actor.support("Ada", [store])


@pytest.mark.parametrize("store", ["a", "0", "A.b_c-9", "x" * 64])
def test_a_store_can_be_called_that(desk, store):
    assert desk.open(Actor.merchant(store), body=BODY).store == store
    assert desk.find(Actor.support("Ada", [store]), f"{store}:1").store == store


@pytest.mark.parametrize("label", ["", "  ", "x" * 121, "a\nb", "\0", "\ud800", None])
def test_nobody_can_be_called_that(label):
    for make in (lambda: Actor.merchant("acme", label), lambda: Actor.support(label)):
        with pytest.raises(InvalidInput) as refused:
            make()
        assert list(refused.value.problems) == ["label"]


def test_one_name_is_not_taken_for_a_list_of_one_letter_stores():
    with pytest.raises((InvalidInput, TypeError)):
        Actor.support("Ada", "acme")


def test_an_actors_name_is_trimmed_as_an_authors_is(desk, case):
    assert Actor.support(" Ada ").label == "Ada"
    assert Actor.merchant("acme", " Zoë ") == Actor.merchant("acme", "Zoë")


def test_the_desk_needs_nothing_but_a_repository(repository):
    before = datetime.now(UTC) - timedelta(seconds=1)
    case = SupportDesk(repository).open(ACME, body=BODY)
    assert UUID(case.id).version == 7
    assert before <= case.created_at <= datetime.now(UTC)
    assert case.subject == subject_from(BODY)


def test_two_desks_on_one_repository_see_the_same_cases(repository, clock):
    one = SupportDesk(repository, clock=clock, new_id=numbered_ids())
    other = SupportDesk(repository)
    case = one.open(ACME, body=BODY)
    assert other.find(ACME, 1) == case


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
