import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from supportcases.domain import fields
from supportcases.domain.subjects import subject_from

THANKS = "\n\nKind regards\nAnna"
FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        # greetings
        (
            "Hi there,\n\nMy payouts have been missing since Monday. Can you check?",
            "My payouts have been missing since Monday",
        ),
        ("Hello! I can't connect my domain example.com. Why?", "I can't connect my domain example.com"),
        ("Dear Support Team,\n\nevery card is declined." + THANKS, "Every card is declined"),
        ("Hi\n\nHow are you?\n\nThe images don't load on mobile", "The images don't load on mobile"),
        ("hey team - webhooks fail with 401 since noon", "Webhooks fail with 401 since noon"),
        ("Good morning! Since the update, our theme is gone.", "Since the update, our theme is gone"),
        ("Hi, quick question: how do I change the VAT?", "Quick question: how do I change the VAT?"),
        ("Hi Sarah, hi Tom,\nthe invoice of May is missing.", "The invoice of May is missing"),
        ("History of orders is empty since the update.", "History of orders is empty since the update"),
        # languages
        (
            "Guten Tag,\n\nmeine Bestellung #4711 wurde doppelt abgebucht.\n\nMfG",
            "Meine Bestellung #4711 wurde doppelt abgebucht",
        ),
        ("Sehr geehrte Damen und Herren,\n\nunsere Domain ist weg.", "Unsere Domain ist weg"),
        ("Bonjour,\n\nje n'arrive pas à configurer la TVA. Merci !", "Je n'arrive pas à configurer la TVA"),
        ("Hola, no puedo añadir productos. ¿Qué hago?", "No puedo añadir productos"),
        ("¡Hola! ¿Por qué no llegan los correos?", "¿Por qué no llegan los correos?"),
        ("Dzień dobry, nie mogę zalogować się do panelu.", "Nie mogę zalogować się do panelu"),
        ("Здравствуйте! Не приходят уведомления. Помогите.", "Не приходят уведомления"),
        ("こんにちは。注文確認メールが届きません。確認してください。", "注文確認メールが届きません"),
        ("您好，我的域名无法解析。请帮忙检查。", "我的域名无法解析"),
        ("결제가 되지 않습니다. 확인해 주세요.", "결제가 되지 않습니다"),
        ("لا أستطيع الوصول إلى متجري", "لا أستطيع الوصول إلى متجري"),
        # markup
        ("<p>Hello,</p><p>The <b>theme editor</b> won&#39;t save.</p>", "The theme editor won't save"),
        ("# Bug report\n\nThe total is wrong by 0.01 EUR.", "Bug report"),
        ("- cannot export orders\n- cannot import products", "Cannot export orders"),
        ("1. Open the dashboard\n2. Click export", "Open the dashboard"),
        ("> please try again\n\nI tried and it still fails.", "Please try again"),
        ("**Urgent:** the store is `down` since 10:30.", "Urgent: the store is down since 10:30"),
        ("[The checkout](https://shop.example.com/c) is blank.", "The checkout is blank"),
        ("```\nKeyError: 'price' in cart\n```", "KeyError: 'price' in cart"),
        ("snake_case_names and 2*3*4 stay as they are", "snake_case_names and 2*3*4 stay as they are"),
        # links
        ("https://shop.example.com/mug?id=1 shows a 500 error", "https://shop.example.com/mug?id=1 shows a 500 error"),
        # emoji, and nothing said
        ("\N{POUTING FACE} The store is down again", "\N{POUTING FACE} The store is down again"),
        ("\N{PARTY POPPER}" * 10, "Support request"),
        ("!!!???...---***", "Support request"),
        ("> - * # 1. ``` ~~~", "Support request"),
        # letter case
        ("checkout is broken!!! please help asap", "Checkout is broken!!!"),
        ("iPhone users cannot pay with Apple Pay.", "iPhone users cannot pay with Apple Pay"),
        ("HELP!!! NOTHING WORKS", "NOTHING WORKS"),
        ("asdfghjklqwe", "Asdfghjklqwe"),
        # white space and control characters
        ("  the\ttotal \x1b is \x07 wrong  \r\n\r\nsince May", "The total is wrong"),
    ],
)
def test_the_subject_of_a_body(body, subject):
    assert subject_from(body) == subject


def test_a_long_sentence_is_cut_at_a_word_within_80_characters():
    subject = subject_from(
        "The quick brown fox jumps over the lazy dog and goes on running through the whole wide forest."
    )
    assert subject == "The quick brown fox jumps over the lazy dog and goes on running through the…"
    assert len(subject) == 76


@pytest.mark.parametrize(
    ("length", "end"),
    [(79, "x"), (80, "x"), (81, "…")],
)
def test_80_characters_are_not_cut(length, end):
    body = "Word " + "x" * (length - 5)
    assert subject_from(body)[-1] == end
    assert len(subject_from(body)) == min(length, 80)


def test_a_sentence_without_spaces_is_cut_anywhere():
    assert subject_from("注文が届きません" * 20) == ("注文が届きません" * 20)[:79] + "…"


def test_a_letter_keeps_its_accent_and_a_joined_emoji_its_members():
    assert subject_from("e\u0301" * 200) == "e\u0301" * 39 + "…"
    cut = subject_from("Word " + FAMILY * 40)
    assert cut.endswith("…")
    assert cut.removeprefix("Word ").removesuffix("…").replace(FAMILY, "") == ""


CLUSTERS = [  # each is one character to the eye
    "กำ",  # Thai: a consonant with sara am
    "ที่",  # with a vowel sign and a tone mark
    "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "\N{REGIONAL INDICATOR SYMBOL LETTER D}\N{REGIONAL INDICATOR SYMBOL LETTER E}",
    FAMILY,
    "\N{WOMAN}\N{EMOJI MODIFIER FITZPATRICK TYPE-6}\u200d\N{HEAVY BLACK HEART}\ufe0f\u200d\N{MAN}",
    "\N{WAVING BLACK FLAG}" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbsct") + "\N{CANCEL TAG}",  # Scotland
    "\u1100\u1161\u11a8",  # Hangul in three jamo
    "가\u11a8",
    "क्षि",  # Devanagari: a conjunct with a vowel sign
    "ন্দ্র",  # Bengali: a conjunct of three
    "நி",  # Tamil
    "e\u0301\u0323",
    "1\ufe0f\u20e3",
    "*\ufe0f\u20e3",
    "\N{LEFT-POINTING MAGNIFYING GLASS}\ufe0e",
]


@pytest.mark.parametrize("cluster", CLUSTERS, ids=ascii)
def test_a_cut_is_never_inside_what_is_one_character_to_the_eye(cluster):
    for before in range(4, 4 + len(cluster)):  # each of its code points is the 79th once
        said = "น" * before
        kept = subject_from(said + cluster * 100).removeprefix(said)
        assert kept == cluster * ((79 - before) // len(cluster)) + "…"


@given(
    st.lists(
        st.sampled_from([*CLUSTERS, "น", "注", "Dear", "hi", "Hello", "the", " ", "。", "! ", "*", "\n"]), min_size=9
    )
)
@settings(max_examples=150)
def test_a_subject_has_whole_clusters_of_the_body_only(parts):
    body = "".join(parts)
    subject = subject_from(body)
    kept = {cluster.lower() for cluster in iter_graphemes(subject.removesuffix("…"))}
    assert subject == "Support request" or kept <= {cluster.lower() for cluster in iter_graphemes(body)} | {" "}


@pytest.mark.parametrize("cluster", CLUSTERS, ids=ascii)
def test_what_is_looked_at_ends_with_a_whole_cluster(cluster):
    for before in range(1, 1 + len(cluster)):
        body = "- " * 995 + "abcd " + "x" * before + cluster * 9 + " is the matter with it"
        assert set(iter_graphemes(subject_from(body)[5 + before :])) <= {cluster}


def test_a_letter_with_no_end_of_accents_is_not_cut_but_left_out():
    assert subject_from("n" + "\u0301" * 100 + " is the letter") == "Support request"
    assert subject_from("The letter n" + "\u0301" * 100) == "The letter…"


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ("Hi\u0301 there is no greeting", "Hi\u0301 there is no greeting"),
        ("Press *\ufe0f\u20e3*\ufe0f\u20e3 and then what?", "Press *\ufe0f\u20e3*\ufe0f\u20e3 and then what?"),
        ("注文が届きません。\ufe00確認してください", "注文が届きません。\ufe00確認してください"),
    ],
)
def test_greetings_markup_and_sentences_end_where_a_character_ends(body, subject):
    assert subject_from(body) == subject


HOSTILE = [
    "*a" * 5000,
    "<!--" * 2500,
    "<" * 10_000,
    "<a " * 3000,
    "[a](" * 2500,
    "![" * 5000,
    "*" * 10_000,
    "_ " * 5000,
    "`" * 9999 + "a",
    ">" * 10_000,
    "> " * 5000,
    "1) " * 3000,
    "---\n" * 2500,
    "- \n" * 3000,
    "\n" * 9999 + "a",
    "\r\n" * 4999 + "a",
    " " * 9999 + "a",
    "\t \u3000" * 3000,
    "hi " * 3000,
    "hi a.b-" * 1400,
    "how are you " * 800,
    "thanks a lot " * 700,
    "i hope you " * 900,
    "&amp;" * 2000,
    "&#x41;" * 1600,
    "." * 10_000,
    "a." * 5000,
    "a. " * 3000,
    "\u0301" * 10_000,
    "\u200d" * 10_000,
    "\N{PARTY POPPER}" * 10_000,
    "\U0010ffff" * 10_000,
    "\u202e" * 10_000,
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: ascii(body[:8]))
def test_a_hostile_body_has_a_subject_soon(body):
    begun = time.perf_counter()
    check(body)
    assert time.perf_counter() - begun < 1.5


def check(body: str) -> None:
    """See that the body has a subject as it must be."""
    subject = subject_from(body)
    assert 3 <= len(subject) <= 80
    assert fields.SUBJECT.clean(subject) == subject
    assert subject_from(body) == subject


MARKS = [
    *"abcABC éßñ0129\n\r\t .,;:!?-–—_*~`#>|<>[]()&/'\"¡¿…。！？，、こ好한ر",
    *("Hi", "Hello", "Dear", "hi there", "¡Hola!", "Bonjour,", "thanks", "please help", "<b>", "</b>", "<!--", "-->"),
    *(
        "```",
        "~~~",
        "---",
        "***",
        "- ",
        "1. ",
        "> ",
        "](",
        "![",
        "&amp;",
        "&#0;",
        "&#xD800;",
        "&#10;",
        "&lt;b&gt;",
        "http://a.b/c",
    ),
    *("\x1b[1m", "\x85", "\u2028", "\u00a0", "\u3000", "\u200d", "\u0301", "\ufeff", "\u202e", FAMILY),
]
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=10, max_size=300)
marked_up = st.lists(st.sampled_from(MARKS), min_size=5, max_size=120).map("".join)
wordless = st.text(st.sampled_from("ab -.–,;: \n"), min_size=10, max_size=200)


@given(st.one_of(anything, marked_up, wordless))
@settings(max_examples=200)
@example("a " + "- " * 50 + "b")
@example("a, " + ": " * 50 + "b")
@example("ab " + "—" * 100)
@example("ŉ" * 200)
@example("ß" * 200)
def test_every_body_that_is_allowed_has_a_proper_subject(body):
    try:
        body = fields.CASE_BODY.clean(body)
    except ValueError:
        assume(False)
    check(body)
