"""What each field takes and refuses, and in which words: the table of `supportcases.domain.fields`, value by value."""

from datetime import datetime, timedelta

import pytest

from supportcases import AuthorKind
from supportcases.domain import fields
from tests.support.desks import INVISIBLE, KINDS, RESERVED, TIMESTAMP, UNSEEN

LINE = "Must be one line without control characters."
SMILE = "\N{GRINNING FACE}"
STATUSES = "Must be open, answered or closed."
STORE = "Must be 1 to 64 ASCII letters, digits, dots, underscores or hyphens, beginning with a letter or a digit."
SURROGATE = "Must not contain a lone surrogate."
TEXT = "Must be a string."

REFUSED = [
    (fields.CASE_BODY, "Must be 10 to 10,000 characters long, not 9.", ["x" * 9]),
    (fields.CASE_BODY, "Must be 10 to 10,000 characters long, not 0.", [" " * 20]),
    (fields.CASE_BODY, "Must be 10 to 10,000 characters long, not 10,001.", ["x" * 10_001]),
    (fields.CASE_BODY, "Must not contain a NUL character.", ["a NUL \0 in a body"]),
    (fields.CASE_BODY, SURROGATE, ["a lone \ud800 surrogate"]),
    (fields.CASE_BODY, TEXT, [None, b"a body in bytes"]),
    (fields.CASE_BODY, UNSEEN, [*INVISIBLE, "\x1b\x07" * 10]),
    (fields.REPLY_BODY, "Must be 1 to 10,000 characters long, not 0.", ["", " "]),
    (fields.REPLY_BODY, "Must be 1 to 10,000 characters long, not 10,001.", ["x" * 10_001]),
    (fields.SUBJECT, "Must be 3 to 200 characters long, not 2.", ["xx"]),
    (fields.SUBJECT, "Must be 3 to 200 characters long, not 201.", ["x" * 201]),
    (fields.SUBJECT, LINE, ["two\nlines", "an escape \x1b[1m", "a C1 \x85 control"]),
    (fields.SUBJECT, UNSEEN, INVISIBLE),
    (fields.AUTHOR, "Must be 1 to 120 characters long, not 0.", ["", "  "]),
    (fields.AUTHOR, "Must be 1 to 120 characters long, not 121.", ["x" * 121]),
    (fields.AUTHOR, LINE, ["a\tb", "a\nb", "a\x1bb"]),
    (fields.AUTHOR, UNSEEN, INVISIBLE),
    (fields.SUPPORT_LABEL, "Must not be 'me', which is reserved.", ["me", " me "]),
    (fields.SUPPORT_LABEL, "Must not be 'none', which is reserved.", ["none"]),
    (fields.SUPPORT_LABEL, "Must be 1 to 120 characters long, not 0.", [""]),
    (fields.ASSIGNEE, RESERVED, ["none", " none"]),
    (fields.ASSIGNEE, "Must be 1 to 120 characters long, not 121.", ["x" * 121]),
    (fields.ASSIGNEE, LINE, ["a\x1bb"]),
    (fields.ASSIGNEE, SURROGATE, ["\ud800"]),
    (fields.ASSIGNEE, UNSEEN, INVISIBLE),
    (
        fields.CATEGORY,
        "Must be orders_payments, products_catalog, domains_setup, billing_plans, store_builder or other.",
        ["Other", "all", ""],
    ),
    (fields.SEVERITY, "Must be critical, high, normal or low.", ["urgent", "", None, ["low"]]),
    (fields.ANY_STATUS, STATUSES, ["pending", "all", ["open"]]),
    (fields.SUPPORT_KIND, KINDS, ["merchant", AuthorKind.MERCHANT, "Support", None, ["support"]]),
    (fields.CLOSE, "Must be true or false.", [None, 1, 0, "true", []]),
    (fields.STORE, STORE, ["", ".a", "-a", "_a", "a b", "a/b", "a:b", "ä", "x" * 65, "a\n", None, 42, "acme:1"]),
    (fields.LIMIT, "Must be a whole number from 1 to 100.", [0, -1, 101, "10", 10.0, True, None, 10**30]),
    (fields.MANY, "Must be a whole number from 1 to 1000.", [0, 1_001, "5", None, True]),
    (fields.OFFSET, f"Must be a whole number from 0 to {2**53 - 1}.", [-1, 2**53, "0", 0.0, False, None]),
    (fields.QUERY, TEXT, [42, ["x"]]),
    (fields.QUERY, "Must not contain a NUL character.", ["a\0b"]),
    (fields.QUERY, SURROGATE, ["\ud800"]),
    (fields.STATUS_FILTER, "Must be open, answered, closed or all.", ["new", "Open", "ALL", 42, ["open"]]),
    (fields.SEVERITY_FILTER, "Must be critical, high, normal, low or all.", ["urgent", "Low", "ALL", 42]),
    (fields.QUEUE_SORT, "Must be waiting, activity, age or severity.", ["", "number", None, 1]),
    (fields.CURSOR, "Must be the nextCursor of a page.", ["", "a b", "x" * 1001, 42, "é", "a="]),
    (fields.SPAN, "Must be a timedelta that is longer than nothing.", [timedelta(0), timedelta(days=-1)]),
    (
        fields.SPAN,
        "Must be a timedelta that is longer than nothing.",
        [timedelta(milliseconds=-1), 14, 1.5, "14d", None],
    ),
    (
        fields.TIMESTAMP_FILTER,
        TIMESTAMP,
        ["", "yesterday", "2024-06-15T10:30:00", "2024-06-15T10:30Z", "2024-06-15 10:30:00Z"],
    ),
    (
        fields.TIMESTAMP_FILTER,
        TIMESTAMP,
        ["2024-13-01", "2024-02-30", "2024-06-15T25:00:00Z", "2024-06-15T10:30:00.1234567890Z"],
    ),
    (
        fields.TIMESTAMP_FILTER,
        TIMESTAMP,
        ["2024-06-15T10:30:00z", "2024-06-15T10:30:00 0000", "2024-06-15T10:30:00+25:00"],
    ),
    (
        fields.TIMESTAMP_FILTER,
        TIMESTAMP,
        ["２０２４-06-15", "2024-06-15\n", 0, 1718447400, True, b"2024-06-15", ["2024-06-15"]],
    ),
    (fields.TIMESTAMP_FILTER, TIMESTAMP, [datetime(2024, 6, 15), datetime(2024, 6, 15).date(), timedelta(1)]),
    (fields.StoreRule(), "Is required.", [None]),
    (
        fields.StoreRule(own="acme"),
        "Must be left out: a merchant's cases are of the merchant's own store.",
        ["globex", "ACME", "", "a b", 42],
    ),
]


@pytest.mark.parametrize(
    ("rule", "sentence", "value"), [(rule, sentence, value) for rule, sentence, values in REFUSED for value in values]
)
def test_what_is_not_allowed_is_refused_in_one_sentence(rule, sentence, value):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - compared with the sentence
        rule.clean(value)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        (fields.CASE_BODY, [SMILE * 10, SMILE * 10_000, "\x1b[31mERROR\x1b[0m\r\n\tat line 1\x07."]),
        (fields.REPLY_BODY, [SMILE, SMILE * 10_000]),
        (fields.SUBJECT, [SMILE * 3, SMILE * 200, "e\u0301 <b>  x"]),
        (fields.AUTHOR, [SMILE, SMILE * 120, "me", "none"]),
        (fields.SUPPORT_LABEL, ["Me", "ME", "None", "m e", "nobody"]),
        (fields.ASSIGNEE, ["me", "Me"]),
        (fields.STORE, ["a", "0", "A.b_c-9", "x" * 64]),
        (fields.StoreRule(own="acme"), ["acme"]),
    ],
)
def test_what_is_allowed_is_kept_as_it_is(rule, values):
    assert [rule.clean(value) for value in values] == values


def test_a_text_is_trimmed_before_it_is_counted():
    assert fields.AUTHOR.clean(f"\u3000 {'x' * 120}\u2028") == "x" * 120


@pytest.mark.parametrize("character", ["\u2800", "\u3164", "\u115f", "\u034f", "\ufe0f", "\ue000", "\u0378", "\u0301"])
def test_one_character_that_is_no_space_control_or_format_character_is_enough(character):
    text = f"\u200b{character}\u200b"
    assert fields.CASE_BODY.clean(text * 4) == text * 4
    assert fields.SUBJECT.clean(text) == fields.AUTHOR.clean(text) == text


def test_of_a_filter_all_is_no_filter_and_of_a_query_nothing():
    assert fields.STATUS_FILTER.clean("all") is fields.SEVERITY_FILTER.clean("all") is fields.QUERY.clean(" ") is None
