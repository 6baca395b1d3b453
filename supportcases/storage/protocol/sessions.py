"""What the desk needs from a database to know who of the support team is signed in."""

from datetime import datetime
from typing import NamedTuple, Protocol

from supportcases.domain.actors import Actor


class Session(NamedTuple):
    """Somebody of the support team who is signed in with a key of theirs until `expires_at`."""

    actor: Actor
    expires_at: datetime


class Sessions(Protocol):
    """Who is signed in, by the SHA-256 of each token. A session is good for as long as its key."""

    def add(self, token_hash: str, key_id: str, now: datetime, expires_at: datetime) -> None:
        """Keep a new session of a key.

        Raises:
            AlreadyThere: Another session has its hash.
        """

    def find(self, token_hash: str, now: datetime) -> Session | None:
        """Return the session with that hash.

        None where there is none or it has expired, or where its key has, is revoked or is no support key.
        """

    def remove(self, token_hash: str) -> None:
        """End a session; where there is none nothing happens."""

    def remove_expired(self, now: datetime, *, limit: int) -> None:
        """Drop at most `limit` of the sessions that have expired, the oldest first."""

    def remove_oldest(self, key_id: str, *, most: int) -> None:
        """Drop the oldest sessions of a key until it has no more than `most`."""
