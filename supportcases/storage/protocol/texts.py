"""What the desk needs from a database for the team's canned texts."""

from typing import Protocol

from supportcases.domain.texts import CannedText


class Texts(Protocol):
    """The canned texts."""

    def all(self) -> tuple[CannedText, ...]:
        """Return all texts, in the order of their names."""

    def find(self, text_id: str) -> CannedText | None:
        """Return the text with that id, or None."""

    def count(self) -> int:
        """Return how many there are."""

    def add(self, text: CannedText) -> None:
        """Add a text.

        Raises:
            AlreadyThere: Another one has its id, or its name.
        """

    def update(self, text: CannedText) -> None:
        """Save the name and the body of a text.

        Raises:
            AlreadyThere: Another one has its name.
        """

    def remove(self, text_id: str) -> None:
        """Remove a text; where there is none nothing happens."""
