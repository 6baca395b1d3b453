"""Canned texts: what the team answers again and again."""

from typing import Final, NamedTuple

MOST_TEXTS: Final = 200  # that a desk keeps: each page with a composer offers all of them


class CannedText(NamedTuple):
    """A text of the team's with the name that it is picked by.

    Where `body` has `{author}`, `{number}`, `{subject}`, `{agent}` or `{tomorrow}`, the console puts what that is of
    the case that is answered.
    """

    id: str
    name: str
    body: str
