"""What a search takes for the same: letters without case and accents; and nothing else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportcases.domain.text import fold
from supportcases.testing import support_desk
from tests.conftest import ACME, ADA
from tests.support.searching import searched


@pytest.mark.parametrize(
    ("subject", "finds", "not_by"),
    [
        ("İstanbul mağazası", ["istanbul", "ISTANBUL", "İSTANBUL", "ıstanbul", "magaza", "MAĞAZASI"], ["stanbül x"]),
        ("Sipariş kayıp", ["siparis", "SİPARİŞ", "kayip", "kayıp"], ["siparits"]),
        ("Café fermé", ["cafe", "CAFÉ", "cafe\u0301", "ferme", "é f"], ["kafe"]),
        ("cafe\u0301", ["café", "cafe", "CAFÉ"], []),
        ("Straße ﬁnden", ["STRASSE", "strasse", "finden", "ße"], ["straze"]),
        ("Größe Ångström", ["grosse", "GRÖSSE", "angstrom", "Å"], ["groesse"]),
        ("ΟΔΟΣ", ["οδος", "οδοσ", "ὀδός"], []),
        ("ที่ดิน", ["ทีดิน", "ดิน"], ["ทดน"]),  # the tone mark combines, the vowel signs stay
        ("हिन्दी", ["हिन", "दी"], ["हन"]),
        ("Ｓｈｏｐ ４２ ①", ["shop 42", "SHOP 42 1"], []),
        ("H₂O ℃ ﷺ", ["h2o", "°c", "صلى الله"], []),
    ],
)
def test_a_text_is_found_with_and_without_its_accents_by_both_sides(subject, finds, not_by):
    with support_desk() as kit:
        desk = kit.desk
        desk.open(ACME, body="Something else.", subject=subject)
        desk.open(ACME, body=f"See this one: {subject}", subject="Something else")
        for term in finds:
            assert searched(desk, "acme", term) == ([1], 1), term
            assert [case.number for case in desk.queue(ADA, query=term, sort="age").cases] == [1, 2], term
        for term in not_by:
            assert searched(desk, "acme", term) == ([], 0), term
            assert desk.queue(ADA, query=term).count == 0, term


@pytest.mark.parametrize("term", ["\u0301", "\u0301\u0308", "\U0001d165"], ids=ascii)
def test_a_term_that_folds_to_nothing_matches_nothing(term):
    with support_desk() as kit:
        kit.desk.open(ACME, body=f"With the very mark: e{term}", subject=f"With the very mark: e{term}")
        assert searched(kit.desk, "acme", term) == ([], 0)
        assert kit.desk.queue(ADA, query=term).count == 0


def test_each_character_folds_as_it_does_among_others_and_ascii_as_any_other_text():
    for code in range(0x30000):
        character = chr(code)
        slowly = "".join(
            c for c in unicodedata.normalize("NFKD", character.casefold()) if unicodedata.combining(c) == 0
        )
        assert fold(character) == slowly.casefold().replace("\u0131", "i"), ascii(character)
        assert len(fold(character)) <= 18, ascii(character)


@given(st.text(), st.text())
def test_a_part_folds_to_a_part(one, other):
    assert fold(one + other) == fold(one) + fold(other)
