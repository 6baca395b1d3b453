"""A case is written down once, for both sides: each text is what the schema itself would make of the same value."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.tools import openapi_answers as answers
from supportcases.domain import times
from supportcases.domain.cases import (
    Attachment,
    AuthorKind,
    Case,
    CasePage,
    Category,
    Message,
    Reply,
    Severity,
    Status,
    Thread,
)
from supportcases.domain.excerpts import Excerpt
from supportcases.domain.queue import QueuePage
from supportcases.domain.written import WrittenPage, written
from supportcases.formats.case_json import FOR_MERCHANTS, FOR_TEAM, to_json, with_urls
from tests.support.rows import written_thread

moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(times.whole_milliseconds)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)  # more than any field allows
ids = st.uuids().map(str)
cases = st.builds(
    Case,
    ids,
    st.just("acme"),
    st.integers(1, 2**63 - 1),
    texts,
    st.sampled_from(Category),
    st.sampled_from(Severity),
    st.sampled_from(Status),
    moments,
    moments,
    st.none() | moments,
    st.none() | moments,
    st.none() | texts,
)
files = st.lists(st.builds(Attachment, ids, texts, texts, st.integers(1, 2**53)), max_size=2).map(tuple)
messages = st.builds(Message, ids, st.sampled_from(AuthorKind), texts, texts, moments, st.booleans(), files)
counts = st.integers(0, 2**53)
excerpts = st.builds(Excerpt, texts, ids, st.sampled_from(AuthorKind), texts, moments, st.booleans(), counts)

MERCHANTS = {
    "case": answers.Case(),
    "message": answers.Message(),
    "page": answers.CaseList(),
    "thread": answers.CaseWithMessages(),
    "reply": answers.Reply(),
}
TEAM = {
    "case": answers.SupportCase(),
    "message": answers.SupportMessage(),
    "page": answers.Queue(),
    "thread": answers.SupportCaseWithMessages(),
    "reply": answers.SupportReply(),
}


def url_of(file_id, size) -> str:
    return f"https://shop.example/{file_id}?size={size}"


def told(message: Message) -> dict[str, object]:
    """Return what the schemas tell of a message, each of whose files has a URL."""
    urls = [{**file._asdict(), "url": url_of(file.id, file.size)} for file in message.attachments]
    return {**message._asdict(), "attachments": urls}


sides = pytest.mark.parametrize(
    ("writer", "of"),
    [(FOR_MERCHANTS, MERCHANTS), (FOR_TEAM, TEAM)],
    ids=["for merchants", "for the team"],
)


@sides
@given(case=cases)
def test_a_case(writer, of, case):
    assert writer.case(case) == to_json(of["case"].dump(case))


@sides
@given(message=messages)
def test_a_message(writer, of, message):
    assert with_urls(writer.message(message), url_of) == to_json(of["message"].dump(told(message)))


@sides
@given(
    found=st.lists(cases, max_size=3), count=counts, offset=counts, limit=st.integers(1, 100), cursor=st.none() | texts
)
def test_a_page(writer, of, found, count, offset, limit, cursor):
    page = CasePage(tuple(found), count, offset, limit)
    if writer is FOR_TEAM:
        page = QueuePage(*page, cursor)
    assert writer.page(page) == to_json(of["page"].dump({"cases": page.cases, "meta": page}))


@given(case=cases, excerpt=st.none() | excerpts)
def test_a_page_with_excerpts(case, excerpt):
    page = QueuePage((case,), 1, 0, 10, None, excerpts=(excerpt,))
    listed = {**case._asdict(), "waiting_since": case.waiting_since, "excerpt": excerpt}
    listed["messages"] = excerpt.messages if excerpt else 0
    assert FOR_TEAM.page(page) == to_json(answers.Queue().dump({"cases": [listed], "meta": page}))


@given(found=st.lists(cases, max_size=3))
def test_a_page_as_it_is_kept_is_written_as_the_page_itself(found):
    page = CasePage(tuple(found), 3, 0, 10)
    assert FOR_MERCHANTS.page(WrittenPage(tuple(map(written, found)), 3, 0, 10)) == FOR_MERCHANTS.page(page)


@sides
@given(case=cases, said=st.lists(messages, max_size=3))
def test_a_thread(writer, of, case, said):
    whole = {**of["case"].dump(case), "messages": of["message"].dump(map(told, said), many=True)}
    assert list(whole) == [name for name in of["thread"].fields if name != "history"]  # which comes where one asks
    assert with_urls("".join(writer.thread(Thread(case, tuple(said)))), url_of) == to_json(whole)


@given(case=cases, said=st.lists(messages, max_size=3))
def test_a_thread_as_it_is_kept_is_written_as_the_thread_itself(case, said):
    thread = Thread(case, tuple(said))
    assert list(FOR_MERCHANTS.thread(written_thread(thread))) == list(FOR_MERCHANTS.thread(thread))


@sides
@given(message=messages, case=cases)
def test_a_reply(writer, of, message, case):
    whole = of["reply"].dump({"message": told(message), "status": case.status})
    assert with_urls(writer.reply(Reply(message, case)), url_of) == to_json(whole)


@given(message=messages)
def test_without_a_url_a_file_has_none(message):
    written = json.loads(with_urls(FOR_MERCHANTS.message(message)))
    assert [file["url"] for file in written["attachments"]] == [None] * len(message.attachments)


def test_no_text_of_somebody_s_is_taken_for_a_file():
    said = '[{"url":"attachment:0191abc0-0000-7000-8000-000000000001/3"}]'
    message = Message(
        "0191abc0-0000-7000-8000-000000000001", AuthorKind.MERCHANT, said, said, datetime(2024, 6, 15, tzinfo=UTC)
    )
    assert json.loads(with_urls(FOR_MERCHANTS.message(message)))["body"] == said


@given(moments)
def test_a_moment_is_written_as_isoformat_writes_it(moment):
    assert times.to_text(moment) == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert times.from_text(times.to_text(moment)) == moment


def test_a_moment_of_another_zone_is_written_in_utc_and_one_without_a_zone_is_refused():
    berlin = datetime(2024, 6, 15, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    assert times.to_text(berlin) == "2024-06-15T10:30:00.000Z"
    with pytest.raises(ValueError, match="time zone"):
        times.to_text(datetime(2024, 6, 15))


@pytest.mark.parametrize("text", ['"', "\\", "\n", "\x7f", "\u2028", "é", "👩‍🚀", "</script>"])
def test_what_needs_an_escape_has_one(text):
    message = Message("id", AuthorKind.MERCHANT, text, text, datetime(2024, 1, 1, tzinfo=UTC))
    assert FOR_MERCHANTS.message(message) == to_json(answers.Message().dump(message))
