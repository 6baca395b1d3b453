"""For the tests of those who embed the library: a support desk in one line, and believable cases to fill it."""

from supportcases.testing.as_actor import ActingMerchant, ActingSupport
from supportcases.testing.fakes import MovableClock, numbered_ids, numbered_keys
from supportcases.testing.kit import DeskKit, support_desk
from supportcases.testing.sample_cases import MadeUpCase, MadeUpMessage, made_up_cases, some_cases

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
