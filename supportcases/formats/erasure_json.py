"""The ledger of erasures as lines of JSON: ids and times, of what was erased nothing."""

import json
from typing import Any, Final

from supportcases.domain.cases import UUID_TEXT
from supportcases.domain.erasure import PLACES, Erasure, ErasureKind, Reason
from supportcases.domain.errors import InvalidInput
from supportcases.domain.fields import STORE, ChoiceRule, NumberRule, Rule
from supportcases.domain.times import to_text
from supportcases.formats.case_json import to_json
from supportcases.formats.members import Members, OrNull, TimeRule

FORMAT: Final = "supportcases erasures 1"
MOST: Final = 1_000_000  # places of one kind that a line may name


class FormatRule:
    """The name of the format."""

    def clean(self, value: Any) -> str:
        """Check `value`."""
        if value != FORMAT:
            raise ValueError(f"Must be {FORMAT!r}: `supportcases erasures` writes such lines.")
        return FORMAT


class CaseIdRule:
    """The id of a case, or an empty text where labels of keys alone were taken out."""

    def clean(self, value: Any) -> str:
        """Check `value`."""
        if not isinstance(value, str) or not (value == "" or (UUID_TEXT.fullmatch(value) and value == value.lower())):
            raise ValueError("Must be the id of a case.")
        return value


class SomeRule:
    """Some ids, or some numbers."""

    def __init__(self, kind: type) -> None:
        """Allow those of that type."""
        self._kind = kind

    def clean(self, value: Any) -> tuple[Any, ...]:
        """Check `value`."""
        if not isinstance(value, list) or len(value) > MOST or not all(type(one) is self._kind for one in value):
            raise ValueError("Must be a list of ids." if self._kind is str else "Must be a list of numbers.")
        return tuple(value)


class TrueRule:
    """Yes."""

    def clean(self, value: Any) -> bool:
        """Check `value`."""
        if value is not True:
            raise ValueError("Must be true.")
        return True


OF_PLACES: Final[dict[str, Rule[Any]]] = {
    "subject": TrueRule(),
    **dict.fromkeys(("entries", "was", "became"), SomeRule(int)),
    **dict.fromkeys(("bodies", "labels", "files", "keys"), SomeRule(str)),
}
LINE: Final[dict[str, tuple[str, Rule[Any]]]] = {
    "format": ("format", FormatRule()),
    "kind": ("kind", ChoiceRule(ErasureKind)),
    "store": ("store", STORE),
    "caseId": ("case_id", CaseIdRule()),
    "number": ("number", NumberRule(0, 2**63 - 1)),
    "at": ("at", TimeRule()),
    "reason": ("reason", OrNull(ChoiceRule(Reason))),
}


def erasure_text(erasure: Erasure) -> str:
    """Write an erasure as a line, without its end."""
    return to_json(
        {
            "format": FORMAT,
            "kind": erasure.kind,
            "store": erasure.store,
            "caseId": erasure.case_id,
            "number": erasure.number,
            "at": to_text(erasure.at),
            "reason": erasure.reason,
            **erasure.places,
        }
    )


def read_erasure(line: str, place: str) -> Erasure:
    """Read what `erasure_text` wrote, or raise `InvalidInput` with what is wrong at `place`."""
    try:
        value = json.loads(line)
    except ValueError:
        raise InvalidInput({place: "Must be JSON."}) from None
    named = {name: (name, OF_PLACES[name]) for name in PLACES if isinstance(value, dict) and name in value}
    read = Members(LINE | named).read(value, place)
    del read["format"]
    erasure = Erasure(**read)
    if (erasure.kind is ErasureKind.PURGE) is not (erasure.reason is None):
        raise InvalidInput({f"{place}, reason": "Must be null for a purge, and for nothing else."})
    if bool(erasure.number) is not bool(erasure.case_id):
        raise InvalidInput({f"{place}, number": "Must be 0 where there is no case, and nowhere else."})
    return erasure
