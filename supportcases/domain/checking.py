"""Checking several fields, so that all faults are told at once."""

from types import TracebackType
from typing import Any, TypeVar

from supportcases.domain.errors import InvalidInput
from supportcases.domain.fields import Rule

T = TypeVar("T")


class Checker:
    """Checks one field and goes on, so that all faults are told at once."""

    __slots__ = ("problems",)

    def __init__(self) -> None:
        """Know of no problem yet."""
        self.problems: dict[str, str] = {}

    def __call__(self, field: str, rule: Rule[T], value: Any) -> T:
        """Return the clean value, or the faulty one once its problem is noted."""
        try:
            return rule.clean(value)
        except ValueError as problem:
            self.problems[field] = str(problem)
            faulty: T = value
            return faulty


class Believer(Checker):
    """Takes each value as it is, where all have been checked already."""

    __slots__ = ()

    def __call__(self, field: str, rule: Rule[T], value: Any) -> T:
        """Return the value."""
        believed: T = value
        return believed


class checking(Checker):  # reads as a verb: with checking() as check
    """A `Checker` that, on the way out, raises `InvalidInput` with every problem that it found."""

    __slots__ = ()

    def __enter__(self) -> Checker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and self.problems:
            raise InvalidInput(self.problems)
