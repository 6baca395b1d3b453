"""Signing in to the console: a support key gives a session. A token is shown once; only its SHA-256 is kept."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from supportcases.desk.keys import KeyRing, hash_of
from supportcases.domain import times
from supportcases.domain.actors import Actor, ActorKind
from supportcases.storage.protocol import Repository

LASTING: Final = timedelta(hours=12)
MOST_OF_A_KEY: Final = 20  # sessions at once: as many browsers as one person has, and some that were forgotten
FORGOTTEN_AT_ONCE: Final = 200  # expired ones: all writers wait while they are deleted
TOKEN_BYTES: Final = 32
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # of so many bytes


def random_token() -> str:
    """Return a new token that nobody guesses."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class SignIns:
    """Who of the support team is signed in, in a repository."""

    def __init__(
        self, repository: Repository, *, clock: times.Clock = times.now, new_token: Callable[[], str] = random_token
    ) -> None:
        """Keep the sessions in `repository`; `clock` tells when one ends, `new_token` makes what nobody guesses."""
        self._repository = repository
        self._keys = KeyRing(repository, clock=clock)
        self._clock = clock
        self._new_token = new_token

    def sign_in(self, key: str, *, instead_of: str | None = None) -> str | None:
        """Begin a session with a support key and return its token, or None where it is no such key, or not any more.

        The session lasts 12 hours, or as long as the key does. The one of the token `instead_of` ends. A key has 20
        sessions at the most; the oldest ends where there would be more.
        """
        actor = self._keys.recognise(key)
        if actor is None or actor.kind is not ActorKind.SUPPORT or actor.id is None:
            return None
        token, now = self._new_token(), times.whole_milliseconds(self._clock())
        with self._repository.write() as transaction:
            sessions = transaction.sessions
            sessions.remove_expired(now, limit=FORGOTTEN_AT_ONCE)
            if instead_of is not None:
                sessions.remove(hash_of(instead_of))
            sessions.add(hash_of(token), actor.id, now, now + LASTING)
            sessions.remove_oldest(actor.id, most=MOST_OF_A_KEY)
        return token

    def recognise(self, token: str) -> Actor | None:
        """Return who is signed in with that token, or None where the session has ended, or its key is good no more."""
        if not TOKEN.fullmatch(token):
            return None
        with self._repository.read(once=True) as transaction:
            session = transaction.sessions.find(hash_of(token), self._clock())
        return session.actor if session else None

    def sign_out(self, token: str) -> None:
        """End the session of that token."""
        with self._repository.write() as transaction:
            transaction.sessions.remove(hash_of(token))
