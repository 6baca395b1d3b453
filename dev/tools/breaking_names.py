"""Which changes of the public names break whoever uses them: griffe tells of functions, the rest is told here."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import griffe

from dev.tools.public_api import Change

FIELDS: Final = re.compile(r"(.*?\))(?:: (.*))?")  # of a class as it is kept: its bases, and a tuple's fields


def breaking(changed: Iterable[Change]) -> list[str]:
    """Return a sentence for each change that breaks somebody."""
    return [sentence for change in changed for sentence in _sentences(change)]


def _sentences(change: Change) -> Iterator[str]:
    if change.was is None:
        return
    if change.now is None:
        yield f"{change.name} is gone"
    elif "def " in change.was and "def " in change.now:
        for breakage in griffe.find_breaking_changes(_module(change.was), _module(change.now)):
            yield f"{change.name}: {breakage.kind.value}: was {change.was} and is {change.now}"
        if change.was.partition(" -> ")[2] != change.now.partition(" -> ")[2]:  # which griffe looks at in part
            yield f"{change.name}: Return type was changed: was {change.was} and is {change.now}"
    elif not _is_longer(change.was, change.now):
        yield f"{change.name} was {change.was} and is {change.now}"


def _module(declared: str) -> griffe.Module:
    """Return a module with the function that is declared so."""
    decorators, _, function = declared.partition("def ")
    written = "".join(f"{decorator}\n" for decorator in decorators.split()) + f"def {function}: ..."
    module = griffe.visit("kept", filepath=None, code=written)  # type: ignore[arg-type]
    assert module.functions
    return module


def _is_longer(was: str, now: str) -> bool:
    """Tell whether a tuple has more fields behind those that it had, which is all that may happen to a class."""
    old, new = FIELDS.fullmatch(was), FIELDS.fullmatch(now)
    if not (was.lstrip("@").partition("class ")[1] and old and new and old[1] == new[1] and old[2] and new[2]):
        return False
    return new[2].startswith(f"{old[2]}, ")
