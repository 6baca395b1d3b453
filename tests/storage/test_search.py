"""A search gives what looking into every subject would give, whatever is asked for."""

import random
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from supportcases import Severity, Status
from supportcases.testing import support_desk
from tests.conftest import CASES, call
from tests.support.searching import (
    CONSTANTS,
    STORES,
    a_query,
    assert_as_naive,
    loaded,
    naive,
    random_cases,
    set_constants,
)


@pytest.mark.parametrize("seed", range(8))
def test_random_queries_give_what_looking_into_every_subject_gives(repository, monkeypatch, seed):
    chance = random.Random(seed)
    set_constants(monkeypatch, **CONSTANTS[seed % len(CONSTANTS)])
    known = {store: random_cases(chance, store, chance.choice([30, 120, 200])) for store in STORES}
    mixed = [case for cases in known.values() for case in cases]
    chance.shuffle(mixed)
    desk = loaded(repository, *mixed)
    subjects = [case.subject for case in mixed]
    hits = 0
    for _ in range(400):
        store, query = chance.choice(STORES), a_query(chance, subjects)
        filters = {
            "status": chance.choice([None, None, None, *Status]),
            "severity": chance.choice([None, None, None, None, *Severity]),
        }
        limit, offset = chance.choice([1, 3, 10, 100]), chance.choice([0, 0, 0, 1, 10, 50, 2**53 - 1])
        assert_as_naive(desk, store, known[store], query, limit=limit, offset=offset, **filters)
        hits += bool(naive(known[store], query))
    assert 120 < hits < 380  # or the queries would show little


# no text makes it fail


ANY_CHARACTERS = st.characters(exclude_categories=())


@pytest.fixture(scope="module")
def filled_app():
    with support_desk() as kit:
        for store in STORES:
            kit.some_cases(30, store=store)
        yield kit.app, kit.key("acme")


def is_text(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


@settings(max_examples=200)
@given(text=st.text(ANY_CHARACTERS) | st.text("\"*^:()-+{}'\\ ANDORTE\0\ud800", max_size=12))
@example("\0")
@example("a\0")
@example("\ud800")
@example("\ud83d\uded2")
@example('"""')
@example("\uffff\ufffe\ufffd")
@example("x" * 20_000)
@example('"' * 5_000)
@example("\U0010ffff" * 600)
def test_no_text_makes_a_search_fail(filled_app, text):
    app, key = filled_app
    query = quote(text, safe="", errors="surrogatepass")
    answer = call(app, "GET", CASES, HTTP_AUTHORIZATION=f"Bearer {key}", QUERY_STRING=f"query={query}")
    assert answer.status == (200 if is_text(text) else 400)
