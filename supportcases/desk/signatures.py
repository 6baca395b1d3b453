"""Signatures of URLs by which a file is sent or read without a key: HMAC-SHA256 with a secret of the database."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from enum import StrEnum
from typing import Final

SECRET_BYTES: Final = 32
BYTES: Final = 16  # of the signature: 128 bits, which nobody guesses


class Purpose(StrEnum):
    """What a URL is for; one for reading a file cannot send it."""

    UP = "up"
    DOWN = "down"


def new_secret() -> str:
    """Return a secret that nobody guesses, in hexadecimal."""
    return secrets.token_hex(SECRET_BYTES)


def signature(secret: bytes, purpose: Purpose, file_id: str, size: int, expires: int) -> str:
    """Return the signature of the URL of a file of `size` bytes, good until `expires`, in seconds since 1970."""
    signed = f"{purpose} {file_id} {size} {expires}"
    digest = hmac.digest(secret, signed.encode(), "sha256")[:BYTES]
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_right(secret: bytes, purpose: Purpose, file_id: str, size: int, expires: int, given: str) -> bool:
    """Tell whether that is the signature, in a time that tells nothing of how much of it is right."""
    return hmac.compare_digest(signature(secret, purpose, file_id, size, expires).encode(), given.encode())
