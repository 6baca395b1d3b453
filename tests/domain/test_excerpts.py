"""The few words of a message that a list shows: in one line, cut between words, around what was looked for."""

import pytest

from supportcases.domain.excerpts import LENGTH, shortened

WORDS = " ".join(["word"] * 100)


@pytest.mark.parametrize(
    ("body", "query", "text"),
    [
        ("The checkout\r\n\tis  blank.", "", "The checkout is blank."),
        ("x" * LENGTH, "", "x" * LENGTH),
        ("x" * (LENGTH + 1), "", "x" * LENGTH + "…"),
        (WORDS, "", " ".join(["word"] * 32) + "…"),  # 159 characters
        (f"blank {WORDS}", "blank", "blank " + " ".join(["word"] * 31) + "…"),
        (f"{WORDS} BLÁNK\npage", "blank  page", "…" + " ".join(["word"] * 8) + " BLÁNK page"),
        (f"{WORDS} blank {WORDS}", "blank", "…" + " ".join(["word"] * 8) + " blank " + " ".join(["word"] * 23) + "…"),
        (f"{'x' * 300}blank", "blank", "…" + "x" * 40 + "blank"),
        (f"{WORDS[:74]} blank", "blank", f"{WORDS[:74]} blank"),
        (f"{WORDS[:79]} blank", "blank", f"…{WORDS[:39]} blank"),
        (f"{WORDS} blank", "nothing", " ".join(["word"] * 32) + "…"),
    ],
)
def test_words_are_cut_to_one_short_line_that_has_what_was_looked_for(body, query, text):
    assert shortened(body, query) == text
    assert len(text) <= LENGTH + 2
