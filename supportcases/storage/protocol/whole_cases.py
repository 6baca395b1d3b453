"""What the desk needs from a database to take in many cases at once, each with all that belongs to it."""

from collections.abc import Sequence
from typing import Protocol

from supportcases.domain.whole_cases import Dossier


class WholeCases(Protocol):
    """The cases with all that belongs to them, many at once: several times as quick as one by one."""

    def are_the_first(self) -> bool:
        """Tell whether there are no cases yet; until the transaction ends nobody else adds or changes any.

        Raises:
            DatabaseBusy: Others wrote for too long.
        """

    def add(self, dossiers: Sequence[Dossier]) -> None:
        """Add cases as they are, ids, numbers and times included; a store's next case comes behind its highest number.

        Raises:
            AlreadyThere: A case of that id, or of that number in its store, is there already, or a message of that id.
        """
