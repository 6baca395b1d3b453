"""What the support team needs from a database: its queue, and its search."""

from datetime import datetime
from typing import Protocol

from supportcases.domain.cases import Case, CaseFilter, Severity, Status, Stores
from supportcases.domain.queue import Found, Place, QueueSort, StoreCounts
from supportcases.domain.statistics import Spread


class Queue(Protocol):
    """The cases of all stores. Every method is told the stores that the asker may see: None is all of them.

    No `query` is heeded here: `TeamSearch` looks for texts.
    """

    def count(self, wanted: CaseFilter) -> int:
        """Return how many cases match."""

    def page(self, wanted: CaseFilter, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Found:
        """Return some of the cases that match, each with its place in the order: those behind `after`, if given."""

    def answered_before(
        self, stores: Stores, moment: datetime, *, limit: int = 1_000, offset: int = 0
    ) -> tuple[Case, ...]:
        """Return some of the answered cases whose last activity was at `moment` or before, the longest quiet first."""

    def stores(self, stores: Stores, *, limit: int, offset: int) -> tuple[StoreCounts, ...]:
        """Return some of the stores that have cases, with their counts, newest activity first."""

    def names(self, stores: Stores) -> tuple[str, ...]:
        """Return the names of the stores that have cases, in their order."""

    def count_stores(self, stores: Stores) -> int:
        """Return how many stores have cases."""

    def counts(self, wanted: CaseFilter) -> dict[tuple[Status, Severity], int]:
        """Return how many of the cases that match have each status and severity."""

    def oldest_unanswered(self, wanted: CaseFilter) -> Case | None:
        """Return the case that matches and whose merchant has waited longest, or None."""

    def first_answers(self, wanted: CaseFilter) -> Spread:
        """Return how long the cases that match took to their first public word of support or elliot."""

    def closings(self, wanted: CaseFilter) -> Spread:
        """Return how long the cases that match and are closed took to be closed."""


class TeamSearch(Protocol):
    """What the support team looks for in the subjects, messages and notes of all stores."""

    def page(self, wanted: CaseFilter, sort: QueueSort, *, limit: int, offset: int, after: Place | None) -> Found:
        """Return some of the cases that match, their `query` included: those behind `after`, if given.

        Of very many only some are counted, up to 10,000, and the count is not exact.
        """
