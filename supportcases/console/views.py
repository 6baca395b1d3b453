"""The views of the queue, each a question of its own with a name, and how many cases wait in each."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from supportcases.console.words import N_
from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.queue import StoreCounts, StorePage

STORES: Final = 12  # that stand beside the queue, those with the newest activity


class View(NamedTuple):
    """A question that the queue is often asked."""

    name: str
    title: str
    asked: Mapping[str, Any]


VIEWS: Final = (
    View("waiting", N_("Waiting"), {"status": "open"}),
    View("mine", N_("Mine"), {"status": "open", "assignee": "me"}),
    View("unassigned", N_("Unassigned"), {"status": "open", "assignee": "none"}),
    View("critical", N_("Critical"), {"status": "open", "severity": "critical"}),
    View("answered", N_("Answered"), {"status": "answered", "sort": "activity"}),
    View("closed", N_("Closed"), {"status": "closed", "sort": "activity"}),
    View("all", N_("All cases"), {"sort": "activity"}),
)
FIRST: Final = VIEWS[0]


class Counted(NamedTuple):
    """A view with how many cases it has, and whether it is the one that is shown."""

    view: View
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    is_shown: bool


class Views:
    """What stands beside a page for one of the team: the views and the newest stores."""

    def __init__(self, desk: SupportDesk, actor: Actor, asked: Mapping[str, str]) -> None:
        """Look at what `actor` may see; `asked` is what the queue on the page was asked for."""
        self._desk = desk
        self._actor = actor
        self._asked = asked

    @cached_property
    def views(self) -> tuple[Counted, ...]:
        """The views with their counts."""
        return tuple(self._counted())

    def _counted(self) -> Iterator[Counted]:
        counts = self._desk.views(self._actor)._asdict()
        for view in VIEWS:
            yield Counted(view, counts[view.name], view.asked == self._asked)

    @cached_property
    def _stores(self) -> StorePage:
        return self._desk.stores(self._actor, limit=STORES)

    @property
    def stores(self) -> tuple[StoreCounts, ...]:
        """The stores in which something happened last."""
        return self._stores.stores

    @property
    def has_more_stores(self) -> bool:
        """Whether there are others."""
        return self._stores.count > STORES


def title_of(asked: Mapping[str, str]) -> str | None:
    """Return the title of the view that asks just this, to be translated, if there is one."""
    return next((view.title for view in VIEWS if view.asked == asked), None)
