"""The members of the objects in an archive: what each version of the format writes its rules down with."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from supportcases.domain import times
from supportcases.domain.errors import InvalidInput
from supportcases.domain.fields import Rule


class TimeRule:
    """A moment, written as the API writes it."""

    def clean(self, value: Any) -> datetime:
        """Return the moment."""
        try:
            moment = times.from_text(value)
            if times.to_text(moment) == value:
                return moment
        except (TypeError, ValueError):
            pass
        raise ValueError("Must be a time such as 2024-06-15T10:30:00.000Z.")


class OrNull(NamedTuple):
    """What another rule allows, or null."""

    rule: Rule[Any]

    def clean(self, value: Any) -> Any:
        """Check `value`."""
        return None if value is None else self.rule.clean(value)


class Members(NamedTuple):
    """The members of an object: each with the attribute that it is of ours, and what may stand there."""

    members: Mapping[str, tuple[str, Rule[Any]]]
    lists: tuple[str, ...] = ()

    def written(self, thing: object) -> dict[str, Any]:
        """Return the members of `thing`."""
        values = {name: getattr(thing, attribute) for name, (attribute, _) in self.members.items()}
        return {name: times.to_text(value) if isinstance(value, datetime) else value for name, value in values.items()}

    def read(self, value: Any, place: str) -> dict[str, Any]:
        """Return the attributes, or raise `InvalidInput` with all that is wrong at `place`."""
        if not isinstance(value, dict):
            refuse(place, "Must be an object.")
        problems, read = {}, {}
        for name in value.keys() - self.members.keys() - set(self.lists):
            problems[f"{place}, {shown(name)}"] = "Is no member that is known."
        for name, (attribute, rule) in self.members.items():
            try:
                read[attribute] = rule.clean(value[name])
            except KeyError:
                problems[f"{place}, {name}"] = "Is missing."
            except ValueError as problem:
                problems[f"{place}, {name}"] = str(problem)
        if problems:
            raise InvalidInput(dict(sorted(problems.items())))
        return read


def refuse(place: str, problem: str) -> NoReturn:
    """Raise what says where an archive is wrong, and how."""
    raise InvalidInput({place: problem})


def shown(value: object) -> str:
    """Return a value of the archive as it can stand in a sentence."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
