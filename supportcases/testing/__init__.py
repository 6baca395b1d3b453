"""For the tests of those who embed the library: a support desk in one line, and believable cases to fill it."""

from supportcases.testing.acting import ActingMerchant, ActingSupport
from supportcases.testing.believable import MadeUpCase, MadeUpMessage, made_up_cases, some_cases
from supportcases.testing.kit import DeskKit, support_desk
from supportcases.testing.repeatable import MovableClock, numbered_ids, numbered_keys

__all__ = [
    "ActingMerchant",
    "ActingSupport",
    "DeskKit",
    "MadeUpCase",
    "MadeUpMessage",
    "MovableClock",
    "made_up_cases",
    "numbered_ids",
    "numbered_keys",
    "some_cases",
    "support_desk",
]
