"""Retries that are safe: a request sent again with its Idempotency-Key gets its first answer again."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from supportcases.domain import times
from supportcases.domain.errors import Erased, IdempotencyKeyReused
from supportcases.storage.protocol import Answer, KeptAnswer, Repository

KEPT_FOR: Final = timedelta(hours=24)
FORGOTTEN_AT_ONCE: Final = 200  # old answers: all writers wait while they are deleted, and a burst leaves thousands


class IdempotentRequest:
    """One request that may come more than once; without a `key` each time is the first."""

    def __init__(
        self,
        repository: Repository,
        *,
        scope: str,
        key: str | None,
        asked: Callable[[], Mapping[str, str]],
        clock: times.Clock,
    ) -> None:
        """Take what makes the request the same: who sends it (`scope`), its key and all that it asks for.

        `asked` is called only where there is a key.
        """
        self._repository = repository
        self._scope = scope
        self._key = key
        self._fingerprint = _fingerprint(asked()) if key is not None else ""
        self._clock = clock

    def kept(self) -> Answer | None:
        """Return the answer that the request got before, or None.

        Raises:
            IdempotencyKeyReused: The key came with another request.
            Erased: What the request did was taken out since.
        """
        if self._key is None:
            return None
        with self._repository.read() as transaction:
            kept = transaction.replays.find(self._scope, self._key)
        if kept is None:
            return None
        if kept.fingerprint != self._fingerprint:
            raise IdempotencyKeyReused()
        if kept.erased:
            raise Erased()
        return kept.answer._replace(replayed=True)

    def once(self, act: Callable[[], Answer]) -> Answer:
        """Return the answer of `act`, kept in the transaction of what it writes, or the one that was kept before.

        A retry that comes while the first request is under way waits for it.

        Raises:
            IdempotencyKeyReused: The key came with another request.
            Erased: What the request did was taken out since.
        """
        if self._key is None:
            return act()
        with self._repository.write() as transaction:
            if kept := self.kept():
                return kept
            answer = act()
            now = times.whole_milliseconds(self._clock())
            transaction.replays.forget_before(times.before(now, KEPT_FOR), limit=FORGOTTEN_AT_ONCE)
            transaction.replays.keep(self._scope, self._key, KeptAnswer(self._fingerprint, answer), now)
            return answer


def _fingerprint(asked: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(asked), sort_keys=True).encode()).hexdigest()
