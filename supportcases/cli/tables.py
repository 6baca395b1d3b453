"""How things look on a terminal: in columns that fit it, and with nothing in them that could command it."""

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Final

from supportcases.domain import times

# The control characters, which move the cursor or worse, and those that turn the direction of reading or end a line.
COMMANDING: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
ELLIPSIS: Final = "\u2026"
INDENT: Final = "    "
GAP: Final = "  "
TAB: Final = 4
UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def visible(text: str) -> str:
    r"""Return `text` with an escape such as \x1b for each character that a terminal would obey."""
    return COMMANDING.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def visible_lines(text: str) -> list[str]:
    """Return the lines of `text`, each made visible, with spaces for its tabs."""
    return [visible(line.expandtabs(TAB)) for line in text.replace("\r\n", "\n").split("\n")]


def cells(text: str) -> int:
    """Return how many cells of a terminal `text` takes: two for a wide character, none for a combining mark."""
    if text.isascii():
        return len(text)
    return sum(max(0, _wcwidth().wcswidth(cluster)) for cluster in _wcwidth().iter_graphemes(text))


def _wcwidth() -> ModuleType:
    """Return the module that measures what is not ASCII; its tables take long to import."""
    import wcwidth

    return wcwidth


def cut(text: str, width: int | None) -> str:
    """Return `text` in at most `width` cells, with an ellipsis for what does not fit; None is any width."""
    if width is None or cells(text) <= width:
        return text
    if text.isascii():
        return text[: width - 1] + ELLIPSIS
    return str(_wcwidth().clip(text, 0, width - 1, fillchar="", control_codes="ignore")) + ELLIPSIS


def wrapped(text: str, width: int | None) -> list[str]:
    """Return `text` in lines of at most `width` cells, broken at spaces where there are any; None is any width.

    Of a grapheme cluster that is wider than `width` a line has one.
    """
    if not width:
        return [text.rstrip(" ")]
    wrap: Callable[..., list[str]] = textwrap.wrap
    if not text.isascii():
        wrap = partial(_wcwidth().wrap, control_codes="ignore")
    lines = wrap(text, width, break_on_hyphens=False, replace_whitespace=False, expand_tabs=False)
    return [line.rstrip(" ") for line in lines] or [""]


def indented(text: str, width: int | None) -> list[str]:
    """Return `text` in lines as `wrapped` does, each behind four spaces."""
    room = max(width - len(INDENT), 1) if width else None
    return [(INDENT + part).rstrip(" ") for part in wrapped(text, room)]


def table(
    rows: Sequence[Sequence[str]], width: int | None, *, right: Collection[int] = (), whole: int = 0
) -> list[str]:
    """Return the lines of a table, made visible.

    Args:
        rows: The rows, the head first.
        width: How many cells it may take; None for as many as it needs. The widest column is cut first, and of two such
            the later one.
        right: The indexes of the columns that are aligned on the right.
        whole: How many of the first columns are never cut, since they must be typed again; they may exceed `width`.
    """
    shown = [[visible(text) for text in row] for row in rows]
    widths = [max(map(cells, column)) for column in zip(*shown, strict=True)]
    if width is not None:
        taken = sum(widths[:whole]) + len(GAP) * whole
        width = max(width, taken + len(ELLIPSIS)) if whole else width
        widths = [*widths[:whole], *_fitting(widths[whole:], width - taken)]
    return [cut(_line(row, widths, right), width) for row in shown]


def _fitting(widths: Sequence[int], width: int) -> list[int]:
    fitting = list(widths)
    room = width - len(GAP) * (len(fitting) - 1)
    while sum(fitting) > room and max(fitting) > 1:
        widest = max(range(len(fitting)), key=lambda index: (fitting[index], index))
        fitting[widest] -= 1
    return fitting


def _line(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> str:
    texts = []
    for index, (text, width) in enumerate(zip(row, widths, strict=True)):
        text = cut(text, width)
        padding = " " * (width - cells(text))
        texts.append(padding + text if index in right else text + padding)
    return GAP.join(texts).rstrip(" ")


def line(start: str, rest: str, width: int | None) -> str:
    """Return a line of at most `width` cells: `rest` is cut, but never `start`, which must be typed again."""
    return start + cut(rest, None if width is None else max(1, width - cells(start)))


def age(span: timedelta) -> str:
    """Return how long ago something was, or in how long it will be, in its largest unit: `2 days ago`."""
    for name, unit in times.UNITS:
        if count := abs(span) // unit:
            told = f"{count} {name}{'s' if count > 1 else ''}"
            return f"{told} ago" if span > timedelta(0) else f"in {told}"
    return "now"


def human(span: timedelta, parts: int = 1) -> str:
    """Return a span of time in its largest units, at most `parts` of them: `3 d`, or `1 h 30 min` with two."""
    left = max(0, int(span.total_seconds()))
    counts = []
    for unit, seconds in UNITS:
        count, left = divmod(left, seconds)
        counts.append((count, unit))
    first = next((index for index, (count, _) in enumerate(counts) if count), len(counts) - 1)
    told = counts[first : first + parts]
    return " ".join(f"{count} {unit}" for index, (count, unit) in enumerate(told) if count or not index)


def terminal_width() -> int | None:
    """Return how wide the terminal is that we write to; None where it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
