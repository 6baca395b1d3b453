"""What a reader sees: whether anything of a text shows, what reads alike, where a character ends, a number."""

import unicodedata
from itertools import filterfalse
from typing import Final

DOTLESS_I: Final = "\u0131"  # casefold leaves it alone


def fold(text: str) -> str:
    """Return the text as a search compares it: without letter case and accents. It may be longer, or empty."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(filterfalse(unicodedata.combining, decomposed)).casefold().replace(DOTLESS_I, "i")


def shows(text: str) -> bool:
    """Tell whether a character of the text is visible: neither a space nor a control or format character (Cc, Cf)."""
    return any(not char.isspace() and unicodedata.category(char) not in ("Cc", "Cf") for char in text)


def beginning(text: str, length: int) -> str:
    """Return as many whole grapheme clusters (UAX #29) of the beginning of `text` as `length` code points hold."""
    if len(text) <= length:
        return text
    from wcwidth import iter_graphemes  # here, since its tables take longer to import than all else of ours together

    end = 0
    for cluster in iter_graphemes(text[: length + 1]):
        if end + len(cluster) > length:
            break
        end += len(cluster)
    return text[:end]


def megabytes(size: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{size / 1_000_000:,.1f} MB"


def counted(count: int, thing: str) -> str:
    """Return how many things there are."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
