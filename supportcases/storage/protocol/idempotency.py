"""What the desk needs from a database so that a retry gets the answer of the first request."""

from datetime import datetime
from typing import NamedTuple, Protocol


class Answer(NamedTuple):
    """An HTTP answer as a retry gets it again: the status, the body as JSON text and the `Location`.

    `case_id` is the case that it tells of: what is taken out of the case is taken out of the answer, too.
    """

    status: int
    body: str
    location: str | None = None
    replayed: bool = False
    case_id: str | None = None


class KeptAnswer(NamedTuple):
    """An answer kept for retries, with the fingerprint of the request that it answered; of an erased one no more."""

    fingerprint: str
    answer: Answer
    erased: bool = False


class Replays(Protocol):
    """Answers kept so that a retry gets the same one again."""

    def find(self, scope: str, key: str) -> KeptAnswer | None:
        """Return what was kept under `key` within `scope`, or None."""

    def keep(self, scope: str, key: str, kept: KeptAnswer, now: datetime) -> None:
        """Keep an answer.

        Raises:
            AlreadyThere: One is kept under that key already.
        """

    def forget_before(self, moment: datetime, *, limit: int) -> None:
        """Drop at most `limit` of the answers kept before `moment`, the oldest first."""
