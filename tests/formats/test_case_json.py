"""What goes out is written by hand for speed: each text is what the schema itself would make of the same value."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportcases.domain import times
from supportcases.domain.cases import AuthorKind, Case, CasePage, Category, Message, Reply, Severity, Status, Thread
from supportcases.formats import case_json
from supportcases.web import schemas
from supportcases.web.response import to_json

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
)
messages = st.builds(Message, ids, st.sampled_from(AuthorKind), texts, texts, moments)


@given(cases)
def test_a_case(case):
    assert case_json.case_text(case) == to_json(schemas.CaseOut().dump(case))


@given(messages)
def test_a_message(message):
    assert case_json.message_text(message) == to_json(schemas.MessageOut().dump(message))


@given(st.lists(cases, max_size=3), st.integers(0, 2**53), st.integers(0, 2**53), st.integers(1, 100))
def test_a_page(found, count, offset, limit):
    page = CasePage(tuple(found), count, offset, limit)
    assert case_json.page_text(page) == to_json(schemas.CaseList().dump({"cases": page.cases, "meta": page}))


@given(cases, st.lists(messages, max_size=3))
def test_a_thread(case, said):
    whole = {**schemas.CaseOut().dump(case), "messages": schemas.MessageOut().dump(said, many=True)}
    assert whole.keys() == schemas.ThreadOut().fields.keys()
    assert "".join(case_json.thread_parts(Thread(case, tuple(said)))) == to_json(whole)


@given(messages, cases)
def test_a_reply(message, case):
    whole = schemas.ReplyOut().dump({"message": message, "status": case.status})
    assert case_json.reply_text(Reply(message, case)) == to_json(whole)


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
    assert case_json.message_text(message) == to_json(schemas.MessageOut().dump(message))
