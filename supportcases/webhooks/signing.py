"""Signatures of webhooks, as https://www.standardwebhooks.com has them: any of its libraries verifies them."""

import hmac
import secrets as random
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from supportcases.domain import times

PREFIX: Final = "whsec_"  # lets a secret scanner recognise a leaked secret
SECRET_BYTES: Final = 32


def new_secret() -> str:
    """Return a secret that nobody guesses, as receivers are given it."""
    return PREFIX + b64encode(random.token_bytes(SECRET_BYTES)).decode()


def signed(body: bytes, secrets: Sequence[str], *, message_id: str, now: datetime) -> dict[str, str]:
    """Return the headers that go with a body in UTF-8: who has one of the secrets can verify it.

    `message_id` is the same whenever the same message is sent again, so that receivers know it; `now` is when it is
    sent, since they refuse what is older than five minutes. While a secret is being replaced, give both.

    Raises:
        ValueError: `now` has no time zone.
    """
    timestamp = str(int(times.whole_milliseconds(now).timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, content) for secret in secrets),
    }


def _signature(secret: str, content: bytes) -> str:
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    return f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}"
