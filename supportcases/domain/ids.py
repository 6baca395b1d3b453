"""UUIDs of version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random ones."""

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """Return a new UUIDv7; those of later milliseconds sort later."""
    return uuid7_of(time.time_ns() // 1_000_000, secrets.randbits(80))


def uuid7_of(milliseconds: int, chance: int) -> UUID:
    """Return the UUIDv7 of a time, in milliseconds since 1970, and of 80 random bits, of which it keeps 74."""
    value = (milliseconds & (1 << 48) - 1) << 80 | chance
    version_and_variant = ~(0xF << 76 | 0x3 << 62)
    return UUID(int=value & version_and_variant | 0x7 << 76 | 0x2 << 62)
