"""Looking at a desk from the support team's side, without HTTP."""

from datetime import UTC, datetime

import pytest

from supportcases import Actor, InvalidInput
from tests.conftest import ADA
from tests.support.engines import rows_of

T0 = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)
BODY = "The card was declined. What can I do?"
BOB = Actor.support("Bob", ["globex", "initech"])
NOBODYS = Actor.support("Nobody's", [])
TEXT = "Must be 1 to 10,000 characters long, not {}."
KINDS = "Must be support, elliot or system (merchant is for what merchants write themselves)."
RESERVED = "Must not be 'none', which is reserved; null clears the assignee."
UNSEEN = "Must have a visible character, not only spaces, control and format characters."
ZERO_WIDTH = "\u200b" * 3
INVISIBLE = ["\u200b" * 10, "\u2060\u200d\ufeff" * 4, "\u00ad" * 10, "\u202e\u200b \u3000\u200b" * 3, "\U000e0020" * 10]
TIMESTAMP = "Must be a date or a time with its zone, such as 2024-06-15 or 2024-06-15T10:30:00Z."


def everything(desk) -> list[str]:
    return rows_of(desk.repository)


def told(desk, ref="acme:1") -> list[tuple]:
    """Return the history of the case after its opening: who, what, from what, to what."""
    entries = desk.history(ADA, ref).entries[1:]
    return [(e.actor_label, str(e.kind), dict(e.was), dict(e.became)) for e in entries]


def problems(use, *arguments, **named) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        use(*arguments, **named)
    return refused.value.problems


def names(page) -> list[tuple[str, int]]:
    return [(case.store, case.number) for case in page.cases]
