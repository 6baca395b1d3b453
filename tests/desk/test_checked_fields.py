"""Every field of every use case is checked by its rule, all faults are told at once, and nothing is kept."""

import inspect

import pytest

from supportcases import SupportDesk
from supportcases.domain import attachments, fields, lists
from tests.conftest import ACME, ADA
from tests.support.desks import BODY, everything, problems

A_CASE = ("acme:1",)
FILES = {"attachments": attachments.ATTACHMENTS}
WORDS = FILES | {"body": fields.REPLY_BODY, "author": fields.AUTHOR}
OF_SUPPORT = WORDS | {"kind": fields.SUPPORT_KIND}
OPENING = FILES | {
    "body": fields.CASE_BODY,
    "subject": fields.SUBJECT,
    "category": fields.CATEGORY,
    "severity": fields.SEVERITY,
    "author": fields.AUTHOR,
}
PAGE = {"limit": fields.LIMIT, "offset": fields.OFFSET}
MERCHANT_LIST = PAGE | {"query": fields.QUERY, "status": fields.STATUS_FILTER, "severity": fields.SEVERITY_FILTER}
WINDOW = {"store": fields.STORE, "created_after": fields.TIMESTAMP_FILTER, "created_before": fields.TIMESTAMP_FILTER}
QUEUE = (
    MERCHANT_LIST
    | WINDOW
    | {
        "sort": fields.QUEUE_SORT,
        "category": fields.CATEGORY_FILTER,
        "assignee": fields.ASSIGNEE_FILTER,
        "cursor": fields.CURSOR,
        "excerpts": fields.EXCERPTS,
        "active_after": fields.TIMESTAMP_FILTER,
        "active_before": fields.TIMESTAMP_FILTER,
    }
)
CHANGE = {
    "status": fields.ANY_STATUS,
    "severity": fields.SEVERITY,
    "category": fields.CATEGORY,
    "subject": fields.SUBJECT,
    "assignee": fields.ASSIGNEE,
}
FILE = {"name": attachments.FILE_NAME, "content_type": attachments.CONTENT_TYPE, "size": attachments.SIZE}
IDLE = {"answered_for": fields.SPAN, "limit": fields.MANY}
CHECKED = [
    ("open", ACME, (), OPENING | {"store": fields.StoreRule(own="acme")}),
    ("open", ADA, (), OPENING | {"store": fields.StoreRule()}),
    ("reply", ACME, (1,), WORDS),
    ("announce", ACME, (), FILE | {"store": fields.StoreRule(own="acme")}),
    ("list", ACME, (), MERCHANT_LIST),
    ("written_list", ACME, (), MERCHANT_LIST),
    ("answer", ADA, A_CASE, OF_SUPPORT | {"close": fields.CLOSE}),
    ("note", ADA, A_CASE, OF_SUPPORT),
    ("change", ADA, A_CASE, CHANGE),
    ("history", ADA, A_CASE, PAGE),
    ("queue", ADA, (), QUEUE),
    ("stats", ADA, (), WINDOW),
    ("stores", ADA, (), PAGE),
    ("idle", ADA, (), IDLE | {"offset": fields.OFFSET}),
    ("close_idle", ADA, (), IDLE | {"cases": lists.CASES_AT_ONCE}),
]


def sentence(rule, value) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - compared with what the desk says
        rule.clean(value)
    return str(refused.value)


@pytest.mark.parametrize(("use", "actor", "named", "rules"), CHECKED)
def test_every_fault_is_told_in_the_words_of_its_rule(desk, use, actor, named, rules):
    desk.open(ACME, body=BODY)
    before = everything(desk)
    faulty = dict.fromkeys(rules, object())
    expected = {name: sentence(rule, value) for (name, rule), value in zip(rules.items(), faulty.values(), strict=True)}
    assert problems(getattr(desk, use), actor, *named, **faulty) == expected
    assert everything(desk) == before


def test_every_argument_of_every_use_case_is_among_them():
    for use in {use for use, *_ in CHECKED}:
        arguments = {
            name
            for name, parameter in inspect.signature(getattr(SupportDesk, use)).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }
        checked = {name for tried, _, _, rules in CHECKED if tried == use for name in rules}
        assert arguments - {"if_revision"} == checked, use


@pytest.mark.parametrize(
    ("use", "named", "name"),
    [
        *(("open", {"store": "acme", "body": BODY}, name) for name in ("body", "category", "severity", "store")),
        *(("queue", {}, name) for name in ("limit", "offset", "sort")),
        *(("answer", {"ref": "acme:1", "body": "x"}, name) for name in ("body", "kind", "close")),
        *(("idle", {"answered_for": fields.SPAN}, name) for name in ("answered_for", "limit")),
    ],
)
def test_nothing_is_no_value_of_what_must_have_one(desk, use, named, name):
    desk.open(ACME, body=BODY)
    assert name in problems(getattr(desk, use), ADA, **named | {name: None})
