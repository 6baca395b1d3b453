"""Traces of secrets in what was written: as they are, in parts, and in the ways in which texts are encoded."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from supportcases.domain.fields import API_KEY, KEY_PREFIX

WINDOW: Final = 16  # characters of a secret that are not found by chance
VARIETY: Final = 5  # different characters that a window has; the testing kit's numbered keys are mostly zeros
HEX_RUN: Final = re.compile(rb"[0-9a-f]{%d,}" % WINDOW)


def windows(text: bytes) -> Iterator[bytes]:
    """Yield each part of a window's length."""
    for start in range(len(text) - WINDOW + 1):
        yield text[start : start + WINDOW]


class Traces:
    """What gives the keys away: 16 characters of a secret in a row, or a key in another writing."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Look for these keys."""
        encoded = [key.encode() for key in keys]
        secrets = [key.removeprefix(KEY_PREFIX.encode()) for key in encoded]
        texts = [*secrets, *(secret.hex().encode() for secret in secrets)]
        self._parts = {part for text in texts for part in windows(text) if len(set(part)) >= VARIETY}
        # whatever stands before a key in a text, one of these stands in the text's base64
        self._in_base64 = [b64encode(key[start : start + 48]) for key in encoded for start in range(3)]

    def count_in(self, content: bytes) -> int:
        """Return how many places of the content give a key away."""
        plain = content.replace(b"\0", b"")  # UTF-16
        readings = {plain.lower(), unquote_to_bytes(plain).lower()}
        return max(map(self._parts_in, readings)) + sum(plain.count(form) for form in self._in_base64)

    def _parts_in(self, text: bytes) -> int:
        return sum(not self._parts.isdisjoint(windows(run.group())) for run in HEX_RUN.finditer(text))


def keys_in(text: str) -> list[str]:
    """Return what looks like a key, whosever it is."""
    return API_KEY.findall(text)


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
