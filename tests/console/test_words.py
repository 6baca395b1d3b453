"""How the pages put things: marks in what was searched for, links, spans of time."""

from datetime import timedelta

import pytest

from supportcases.console.spans import spelled
from supportcases.console.words import linked, marked


@pytest.mark.parametrize(
    ("text", "query", "html"),
    [
        ("Blank page", "page", "Blank <mark>page</mark>"),
        ("BLANK blank", "Blank", "<mark>BLANK</mark> <mark>blank</mark>"),
        ("İstanbul'da sipariş", "istanbul", "<mark>İstanbul</mark>&#39;da sipariş"),
        ("İstanbul'da sipariş", "SIPARIS", "İstanbul&#39;da <mark>sipariş</mark>"),
        ("Straße", "ss", "Stra<mark>ß</mark>e"),
        ("aaa", "aa", "<mark>aa</mark>a"),
        ("<b>& bold", "<b>", "<mark>&lt;b&gt;</mark>&amp; bold"),
        ("cafe\u0301", "café", "<mark>cafe</mark>\u0301"),
        ("Blank page", "nothing", "Blank page"),
        ("Blank page", "\u0301", "Blank page"),
    ],
)
def test_what_was_searched_for_is_marked_whatever_its_case_and_accents(text, query, html):
    assert marked(text, query) == html


@pytest.mark.parametrize(
    ("query", "html"),
    [
        ("the", "See {}https://a.test/the{}https://a.test/<mark>the</mark>{} for <mark>the</mark> rest"),
        ("see https", "<mark>See </mark>{}https://a.test/the{}<mark>https</mark>://a.test/the{} for the rest"),
        ("he for THE", "See {}https://a.test/the{}https://a.test/t<mark>he</mark>{}<mark> for the</mark> rest"),
        ("", "See {}https://a.test/the{}https://a.test/the{} for the rest"),
    ],
)
def test_what_was_searched_for_is_marked_in_links_and_across_them(query, html):
    link = ('<a href="', '" rel="noopener noreferrer nofollow" target="_blank">', "</a>")
    assert linked("See https://a.test/the for the rest", query) == html.format(*link)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, ""),
        (-5, ""),
        (1, "1 m"),
        (59, "59 m"),
        (60, "1 h 00 m"),
        (1_439, "23 h 59 m"),
        (1_440, "1 d"),
        (1_500, "1 d 1 h"),
        (4_380, "3 d"),
        (144_000, "100 d"),
    ],
)
def test_a_span_is_written_shortly(minutes, words):
    assert spelled(timedelta(minutes=minutes)) == words


@pytest.mark.parametrize(
    "hostile", ["http://" * 1_400, "a:" * 5_000, "https://a.test/" + "(" * 9_000, "mailto:" * 1_400]
)
def test_links_in_hostile_texts_change_nothing_of_them(hostile):
    assert linked(hostile).striptags().replace(" ", "") == hostile
