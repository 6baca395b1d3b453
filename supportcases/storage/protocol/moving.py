"""What it takes to carry everything that a database holds into another one, whichever engine keeps each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol


class Portion(NamedTuple):
    """Some rows of a table, as `storage.rows.CARRIED` names their columns: both engines write them down alike."""

    table: str
    rows: Sequence[tuple[Any, ...]]


class Moving(Protocol):
    """Everything that a database holds, but for who is signed in and what is made of the rest."""

    def leave_for(self, target: str) -> None:
        """Let nobody else write until the end, and nobody at all from then on: whoever tries is told the `target`.

        Raises:
            DatabaseMoved: It was moved already.
        """

    def come_back(self) -> bool:
        """Let everybody write again; return whether it was moved."""

    def portions(self) -> Iterator[Portion]:
        """Yield all that is carried, a few hundred rows at a time, each behind what it belongs to."""

    def is_empty(self) -> bool:
        """Let nobody else write until the end, and tell whether there is nothing yet."""

    def take_in(self, portions: Iterable[Portion]) -> None:
        """Add all of it, to what is empty.

        Raises:
            DatabaseUnusable: A row breaks a rule of this database, or whoever asks may not change its tables.
        """
