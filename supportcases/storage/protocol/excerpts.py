"""What the desk needs of a database for the few words, and figures, of each case that a list shows."""

from collections.abc import Sequence
from typing import Protocol

from supportcases.domain.cases import Case, Stores
from supportcases.domain.excerpts import Excerpt
from supportcases.domain.statistics import CaseFigures


class Excerpts(Protocol):
    """A few words, or figures, of each of several cases. Never for merchants: notes are among them."""

    def of(self, stores: Stores, cases: Sequence[Case], *, query: str = "") -> tuple[Excerpt | None, ...]:
        """Return the first words of each case's last message; None for a case without any, or of none of the stores.

        Where the `query` is not in a case's subject but in a message, they are those around it in the newest such one.
        """

    def figures(self, stores: Stores, cases: Sequence[Case]) -> tuple[CaseFigures | None, ...]:
        """Return what there is to count of each case; None for a case of none of the stores, or that is not there."""
