"""The pages in other languages: which one somebody gets, and catalogues that are whole and up to date."""

import re
from gettext import GNUTranslations

import pytest

from dev.tools import catalogues
from supportcases.console.languages import best_language
from tests.conftest import ACME, ADA
from tests.support.console import text_of
from tests.support.merchant_pages import Merchant, opened

STALE = "run: python -m dev.tools.catalogues"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("DE-ch", "de"),
        ("fr, de;q=0.5", "de"),
        ("en-US,en;q=0.9,de;q=0.8", "en"),
        ("en;q=0.8, de; q=0.9", "de"),
        ("de;q=0", "en"),
        ("de;q=x, de;q=nan", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        ("../../de", "en"),
        ("fr," * 20 + "de", "en"),
    ],
)
def test_the_browser_says_which_language(accepted, language):
    assert best_language(accepted, ("en", "de")) == language


@pytest.fixture
def german(desk):
    return Merchant(opened(desk), **{"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"})


def test_the_pages_are_german_for_whoever_reads_german(german, desk, blank_pages):
    desk.answer(ADA, "acme:1", body="Which browser?")
    page = german.get().text
    assert '<div class="supportcases" lang="de" dir="ltr">' in page
    assert "Sie sind dran 1 Beim Support Geschlossen Blank page #000001 Anderes" in text_of(page)
    case = text_of(german.get("/1").text)
    assert "Dringlichkeit: Normal" in case
    assert "Ihre Antwort Dateien anhängen oder hierher ziehen oder einfügen" in case
    assert "Senden Gelöst: schließen" in case
    assert "Wie können wir helfen? Was ist geschehen?" in text_of(german.get("/new").text)
    assert "Bitte schreiben Sie 10 bis 10000 Zeichen." in german.post("/new", body="Hilfe").text
    assert "<title>Diese Anfrage gibt es nicht. · Shop</title>" in german.get("/9").text


def test_numbers_go_with_their_words(german, desk, blank_pages):
    for _ in range(100):
        desk.reply(ACME, 1, body="Word")
    assert ">1 frühere Nachricht zeigen<" in german.get("/1").text
    desk.reply(ACME, 1, body="Word")
    assert ">2 frühere Nachrichten zeigen<" in german.get("/1").text


@pytest.mark.parametrize("path", catalogues.translations(), ids=lambda path: path.parts[-3])
def test_a_catalogue_has_every_sentence_of_the_sources_and_a_translation_of_each(path):
    made = catalogues.renewed(path)
    assert path.read_bytes() == catalogues.as_po(made), STALE
    assert path.with_suffix(".mo").read_bytes() == catalogues.as_mo(made), STALE
    texts = [message for message in made if message.id]
    assert len(texts) > 50
    for message in texts:
        both = zip(message.id, message.string, strict=True) if message.pluralizable else [(message.id, message.string)]
        for english, translated in both:
            assert translated, english
            assert re.findall(r"%\(\w+\)\w", english) == re.findall(r"%\(\w+\)\w", translated)


def test_gettext_reads_it():
    (german,) = catalogues.translations()
    with german.with_suffix(".mo").open("rb") as file:
        assert GNUTranslations(file).gettext("Your turn") == "Sie sind dran"
