"""What a reader sees: whether anything of a text shows, what reads alike, where a character ends, a number."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import filterfalse
from typing import Final

DOTLESS_I: Final = "\u0131"  # casefold leaves it alone


def fold(text: str) -> str:
    """Return the text as a search compares it: without letter case and accents. It may be longer, or empty."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(filterfalse(unicodedata.combining, decomposed)).casefold().replace(DOTLESS_I, "i")


def places_of(text: str, part: str) -> Iterator[tuple[int, int]]:
    """Yield where each place of `text` begins and ends that reads as `part`, one behind the other, as `fold` has it."""
    wanted = fold(part)
    folded, letters = _folded_with_places(text) if wanted else ("", ())
    past, found = 0, folded.find(wanted) if wanted else -1
    while found >= 0:
        begin = letters[found]
        if begin >= past:
            past = letters[found + len(wanted) - 1] + 1
            yield begin, past
        found = folded.find(wanted, found + len(wanted))


def _folded_with_places(text: str) -> tuple[str, Sequence[int]]:
    """Return the folded text, and for each of its letters where in `text` that stands."""
    if text.isascii():
        return fold(text), range(len(text))
    folded = [_folded_letter(letter) for letter in text]
    return "".join(folded), [place for place, letters in enumerate(folded) for _ in letters]


@lru_cache(maxsize=4_096)
def _folded_letter(letter: str) -> str:
    return fold(letter)


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
