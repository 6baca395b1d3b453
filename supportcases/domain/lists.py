"""What may stand in each field that is a list, as `domain.fields` has the rest."""

import re
from typing import Any, Final, NamedTuple
from uuid import UUID

from supportcases.domain.cases import NUMBER_TEXT, STORE_NAME, UUID_TEXT
from supportcases.domain.fields import STORE

CASE: Final = re.compile(f"{UUID_TEXT.pattern}|{STORE_NAME}:{NUMBER_TEXT.pattern}")


class StoresRule(NamedTuple):
    """The names of some stores."""

    most: int

    def clean(self, value: Any) -> tuple[str, ...]:
        """Check `value`."""
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            raise ValueError(f"Must be a list of 1 to {self.most:,} stores.")
        return tuple(map(STORE.clean, value))


class CasesRule(NamedTuple):
    """Some cases, each as a UUID or with its store."""

    most: int

    def clean(self, value: Any) -> tuple[str | UUID, ...]:
        """Check `value`."""
        cases = tuple(value) if isinstance(value, list | tuple) else ()
        if not 1 <= len(cases) <= self.most or not all(map(_names_a_case, cases)):
            raise ValueError(f"Must be a list of 1 to {self.most} cases, each a UUID or as STORE:NUMBER.")
        return cases


def _names_a_case(value: Any) -> bool:
    """Tell whether that is written as a case is; its number may be one that none can have."""
    return isinstance(value, UUID) or (isinstance(value, str) and bool(CASE.fullmatch(value)))


KEY_STORES: Final = StoresRule(1_000)
CASES_AT_ONCE: Final = CasesRule(100)  # all of them are kept together, and others wait meanwhile
