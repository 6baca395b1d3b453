"""The cases of the queue one after the other, with what is counted of each, for a spreadsheet."""

from collections.abc import Iterator
from typing import Any, Final

from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.cases import Case
from supportcases.domain.queue import QueuePage
from supportcases.domain.statistics import CaseFigures

MOST: Final = 10_000  # cases of one export
PAGE: Final = 100

Row = tuple[Case, CaseFigures]


def exported(desk: SupportDesk, actor: Actor, *, most: int = MOST, **asked: Any) -> Iterator[Row]:
    """Return the cases that the queue has for `asked`, in its order, the first `most`, each with its figures.

    The first of them are read at once, so that a filter that is not allowed is refused here, and the others a page at a
    time, each of its own moment: nothing is held meanwhile. A case that does not change is there once.

    Raises:
        InvalidInput: A filter is not allowed.
    """
    first = desk.queue(actor, limit=PAGE, **asked)
    return _rows(desk, actor, first, most, asked)


def _rows(desk: SupportDesk, actor: Actor, page: QueuePage, most: int, asked: dict[str, Any]) -> Iterator[Row]:
    left = most
    while True:
        cases = page.cases[:left]
        with desk.repository.read(once=True) as transaction:
            figures = transaction.excerpts.figures(actor.stores, cases)
        yield from ((case, told) for case, told in zip(cases, figures, strict=True) if told)
        left -= len(cases)
        if not left or page.next_cursor is None:
            return
        page = desk.queue(actor, limit=PAGE, cursor=page.next_cursor, **asked)
