"""How things look on a terminal: nothing commands it, wide characters count two cells, and what does not fit is cut."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest

from supportcases.cli.tables import cells, cut, human, line, table, visible, visible_lines, wrapped
from supportcases.cli.terminal import Screen

# a family, a flag, a skin tone, a heart with its colour, a Thai am, a Devanagari conjunct, a keycap, Hangul in letters
CLUSTERS = [
    "👩\u200d👩\u200d👧",
    "🇩🇪",
    "👍🏽",
    "❤\ufe0f",
    "ก\u0e33",
    "क\u094dष\u093f",
    "1\ufe0f\u20e3",
    "\u1100\u1161\u11a8",
]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\rb", r"a\x0db"),
        ("a\nb\tc", r"a\x0ab\x09c"),
        ("\x7f\x80\x9b2J", r"\x7f\x80\x9b2J"),
        ("\u202eevil\u202c", r"\u202eevil\u202c"),
        ("\u2066\u2069\u200e\u200f\u061c", r"\u2066\u2069\u200e\u200f\u061c"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("Zoë \U0001f600 日本", "Zoë \U0001f600 日本"),
    ],
    ids=ascii,
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape_and_nothing_else_is(text, shown):
    assert visible(text) == shown


def test_every_control_character_of_unicode_and_every_turn_of_direction_is_escaped():
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    everything = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    raw = [
        ascii(character)
        for character in everything
        if (unicodedata.category(character) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(character) in turning)
        and character in visible(character)
    ]
    assert raw == []


def test_a_body_keeps_its_lines_and_has_spaces_for_tabs():
    assert visible_lines("one\r\ntwo\n\n\ta\tb\rc\x1b") == ["one", "two", "", r"    a   b\x0dc\x1b"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("abc", 3),
        ("日本", 4),
        ("\U0001f600", 2),
        ("e\u0301", 1),
        ("a\u200db", 2),
        ("soft\xadly", 7),
        ("", 0),
        *((text, 2) for text in CLUSTERS),
    ],
    ids=ascii,
)
def test_cells_count_what_a_terminal_shows(text, count):
    assert cells(text) == count


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef", 1, "…"),
        ("abcdef", None, "abcdef"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        *((f"a{text}b", 3, "a…") for text in CLUSTERS),
        *((f"a{text}bc", 4, f"a{text}…") for text in CLUSTERS),
    ],
    ids=ascii,
)
def test_what_does_not_fit_is_cut_with_an_ellipsis(text, width, shown):
    assert cut(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 6, ["one", "two", "three"]),
        ("one two three", None, ["one two three"]),
        ("  indented  text here", 16, ["  indented  text", "here"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("to abcdefgh", 3, ["to", "abc", "def", "gh"]),
        ("日本語", 4, ["日本", "語"]),
        ("日本", 1, ["日", "本"]),
        *((f"a{text}b", 2, ["a", text, "b"]) for text in CLUSTERS),
        *((f"{text}a{text}", 1, [text, "a", text]) for text in CLUSTERS),
        ("", 10, [""]),
        ("   ", 10, [""]),
    ],
    ids=ascii,
)
def test_a_line_is_wrapped_at_spaces_where_there_are_any(text, width, lines):
    assert wrapped(text, width) == lines


NOW = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)
ROWS = [("STORE", "NO", "SUBJECT"), ("acme", "7", "日本 and a long one"), ("globex", "42", "x\x1b[2J")]


def test_a_table_that_goes_nowhere_narrow_is_not_cut():
    assert table(ROWS, None, right={1}) == [
        "STORE   NO  SUBJECT",
        "acme     7  日本 and a long one",
        r"globex  42  x\x1b[2J",
    ]


def test_a_table_fits_its_width_by_its_widest_column():
    assert table(ROWS, 24) == ["STORE   NO  SUBJECT", "acme    7   日本 and a …", r"globex  42  x\x1b[2J"]


def test_a_narrow_table_cuts_the_other_columns_too():
    lines = table(ROWS, 14)
    assert lines == ["STO…  NO  SUB…", "acme  7   日…", "glo…  42  x\\x…"]
    assert max(map(cells, lines)) == 14


@pytest.mark.parametrize("width", range(1, 40))
def test_no_line_of_a_table_is_wider_than_the_terminal(width):
    assert max(map(cells, table(ROWS, width))) <= width


@pytest.mark.parametrize(
    ("span", "parts", "told"),
    [
        ({"days": 3, "hours": 23}, 1, "3 d"),
        ({"hours": 2, "minutes": 59}, 1, "2 h"),
        ({"minutes": 5, "seconds": 59}, 1, "5 min"),
        ({"seconds": 59.9}, 1, "59 s"),
        ({"milliseconds": 3}, 1, "0 s"),
        ({"seconds": -5}, 1, "0 s"),
        ({"hours": 1, "minutes": 30}, 2, "1 h 30 min"),
        ({"days": 2, "minutes": 30}, 2, "2 d"),
        ({"minutes": 1, "seconds": 1}, 2, "1 min 1 s"),
    ],
    ids=str,
)
def test_a_span_of_time_is_told_in_its_largest_units(span, parts, told):
    assert human(timedelta(**span), parts) == told


@pytest.mark.parametrize(
    ("ago", "age"),
    [
        (timedelta(days=2, hours=23), "2 days ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(hours=1, minutes=59), "1 hour ago"),
        (timedelta(minutes=5), "5 minutes ago"),
        (timedelta(seconds=59), "59 seconds ago"),
        (timedelta(milliseconds=3), "now"),
        (-timedelta(days=90), "in 90 days"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(ago, age):
    assert Screen(80, NOW).told(NOW - ago).endswith(f" ({age})")
    assert Screen(None, NOW).told(NOW) == "2024-06-15T10:30:00.000Z"


def test_a_moment_at_the_end_of_the_calendar_has_no_local_time():
    text = Screen(80, NOW).told(datetime(1, 1, 1, tzinfo=UTC))
    assert text.startswith("0001-01-01")


def test_what_must_be_typed_again_is_never_cut():
    store = "northern-lights-and-lanterns-of-oslo"
    rows = [("STORE", "NUMBER", "STATUS", "SUBJECT"), (store, "123456", "answered", "A subject that goes on")]
    for width in range(1, 100):
        lines = table(rows, width, right={1}, whole=2)
        assert lines[1].startswith(f"{store}  123456")
        assert max(map(cells, lines)) <= max(width, len(store) + 8 + 3)
        assert line(f"opened {store} 7: ", "A subject", width).startswith(f"opened {store} 7: ")
