"""Every sentence of the console is in its catalogue, and whoever translates that has it in their language."""

import re

import pytest

from dev.tools import catalogues
from supportcases import create_app
from supportcases.console import languages
from tests.conftest import ACME, ADA
from tests.support.console import Agent, text_of
from tests.support.pseudo import pseudo_languages

STALE = "run: python -m dev.tools.catalogues"
PAGES = [
    *("/", "/?query=Blank", "/?query=zzz", "/?status=closed", "/?status=answered&sort=age", "/?store=acme"),
    *("/cases/acme/1", "/cases/acme/2", "/cases/acme/1?since=1", "/new", "/stores/acme", "/stores/none", "/stores"),
    *("/cases/acme/1/erase", "/numbers", "/texts", "/webhooks", "/keys", "/sign-in"),
]
# what people wrote, names, numbers, keys to press, and what the API says itself
DATA = {
    *("acme", "globex", "Ada", "Grace", "API", "Bob", "UTC", "zzz", "none", "sck"),
    *("Blank", "page", "theirs", "White", "Support", "Something", "our", "own", "Looking", "into", "it", "Hello"),
    *("The", "checkout", "shows", "a", "blank", "Which", "browser", "All", "of", "them", "the", "gateway", "It", "is"),
    *("author", "j", "k", "x", "r", "n", "e", "u", "A", "G", "B", "Enter", "Ctrl"),
}
SAID = r'\b(?:aria-label|title|placeholder|alt|data-text|data-kept|data-before|data-remove)="([^"]*)"'


@pytest.fixture(scope="module")
def locale(tmp_path_factory):
    return pseudo_languages(tmp_path_factory.mktemp("locale"), "eo", "he")


@pytest.fixture
def app(repository, clock, locale, monkeypatch):
    """An app with the console in English, Esperanto and Hebrew, neither of which anybody would understand."""
    monkeypatch.setattr(languages, "LOCALE", locale)
    return create_app(repository, clock=clock, console=True)


@pytest.fixture
def case(desk, blank_pages, clock, support_desk):
    """acme:1, to which everything has happened that can; acme:2 waits too long, and is Ada's."""
    grace = ADA.support("Grace", admin=True)
    desk.answer(ADA, "acme:1", body="Which browser?")
    desk.reply(ACME, 1, body="All of them.", author="Grace")
    desk.note(ADA, "acme:1", body="It is the gateway.")
    desk.answer(ADA, "acme:1", body="It is the gateway.", kind="elliot")
    desk.answer(ADA, "acme:1", body="It is the gateway.", kind="system")
    for change in (
        {"severity": "critical", "category": "billing_plans", "subject": "White page"},
        {"assignee": "Bob"},
        {"assignee": "me"},
        {"assignee": None},
        {"status": "closed"},
        {"status": "open"},
        {"status": "answered"},
    ):
        desk.change(ADA, "acme:1", **change)
    desk.change(ADA, desk.open(ACME, body="The checkout shows a blank page.", subject="Blank page").id, assignee="me")
    clock.advance(hours=100)
    desk.add_text(grace, name="Looking into it", body="Hello {author}")
    support_desk.keys.create("acme")


@pytest.fixture
def admin(app, support_desk):
    def admin(accepted):
        key, _ = support_desk.keys.create_support(label="Grace", admin=True)
        return Agent(app, key, **{"Accept-Language": accepted})

    return admin


def said(html: str) -> str:
    """Return what a page says, in its text and in what stands at its elements."""
    return text_of(html) + " " + " ".join(re.findall(SAID, html))


def untranslated(html: str) -> list[str]:
    """Return the words of a page that are of no sentence of the catalogue, and are no data either."""
    left, before = said(html), None
    while left != before:
        left, before = re.sub(r"⟦[^⟦⟧]*⟧", " ", left), left
    return [
        word for word in re.findall(r"[A-Za-z]+", re.sub(r"&\w+;|[\w-]*[0-9][\w-]*", " ", left)) if word not in DATA
    ]


@pytest.mark.parametrize("domain", catalogues.SOURCES)
def test_the_catalogue_has_every_sentence_of_the_sources(domain):
    assert catalogues.template_of(domain).read_bytes() == catalogues.as_po(catalogues.sentences(domain)), STALE


@pytest.mark.parametrize("path", PAGES)
def test_every_word_of_a_page_is_of_the_catalogue_or_data(admin, case, path):
    html = admin("eo-XX, en;q=0.5").get(path).text
    assert "⟦" in html
    assert untranslated(html) == []


def test_a_sentence_that_is_in_no_catalogue_is_found():
    assert untranslated("<p>⟦Open⟧ cases <b title='x' aria-label=\"Close it\">acme</b>") == ["cases", "Close"]


def test_the_browser_chooses_the_language_and_english_is_there_for_all_others(admin, case):
    for accepted, tag in (
        ("eo", '<html lang="eo" dir="ltr">'),
        ("he-IL", '<html lang="he" dir="rtl">'),
        ("fr", '<html lang="en" dir="ltr">'),
        ("", '<html lang="en" dir="ltr">'),
    ):
        answer = admin(accepted).get("/cases/acme/1")
        assert tag in answer.text
        assert answer.headers["Vary"] == "Accept-Language"
        assert ("⟦Answer⟧" in answer.text) == ('lang="en"' not in tag)


def test_numbers_go_with_their_words(admin, case):
    html = text_of(admin("eo").get("/numbers").text)
    assert "⟦many: 30 days⟧" in html
    assert "⟦of 1 case⟧" in html


def test_a_text_is_filled_in_in_the_language_of_the_page(admin, case, desk):
    desk.add_text(ADA.support("Grace", admin=True), name="Later", body="By {tomorrow}")
    assert '<option value="By ⟦Thursday⟧">' in admin("eo").get("/cases/acme/1").text
    assert '<option value="By Thursday">' in admin("en").get("/cases/acme/1").text


def test_without_a_translation_of_the_console_it_is_english_whatever_the_merchants_pages_speak(repository, support_key):
    page = Agent(create_app(repository, console=True), support_key).get("/", **{"Accept-Language": "de"})
    assert '<html lang="en" dir="ltr">' in page.text
