"""How the objects in an archive are written and read: what each version of the format writes its rules down with."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, NoReturn, TypeVar

from supportcases.domain import times
from supportcases.domain.attachments import Upload
from supportcases.domain.cases import Case, Message
from supportcases.domain.contradictions import contradictions
from supportcases.domain.errors import InvalidInput
from supportcases.domain.events import HistoryEntry
from supportcases.domain.fields import Rule
from supportcases.domain.whole_cases import Dossier

T_co = TypeVar("T_co", covariant=True)

OWNER: Final = "import"  # of files that came with a message before: nobody attaches them again
REMEMBERED: Final = 1_000  # texts of each kind


class TimeRule:
    """A time, written as the API writes it."""

    def clean(self, value: Any) -> datetime:
        """Return the time."""
        try:
            moment = times.from_text(value)
            if times.to_text(moment) == value:
                return moment
        except (TypeError, ValueError):
            pass
        raise ValueError("Must be a time such as 2024-06-15T10:30:00.000Z.")


class Remembered(Generic[T_co]):
    """What another rule allows, where many lines say the same: a text that was good is not looked at again."""

    def __init__(self, rule: Rule[T_co]) -> None:
        """Take the rule; it allows only texts."""
        self._rule = rule
        self._good = lru_cache(maxsize=REMEMBERED)(rule.clean)

    def clean(self, value: Any) -> T_co:
        """Check `value`."""
        return self._good(value) if type(value) is str else self._rule.clean(value)


class OrNull(NamedTuple):
    """What another rule allows, or null."""

    rule: Rule[Any]

    def clean(self, value: Any) -> Any:
        """Check `value`."""
        return None if value is None else self.rule.clean(value)


class ChangesRule(NamedTuple):
    """What some fields of a case were, or became."""

    fields: Mapping[str, Rule[Any]]

    def clean(self, value: Any) -> dict[str, str | None]:
        """Check `value`."""
        if not isinstance(value, dict) or not value.keys() <= self.fields.keys():
            raise ValueError(f"Must be an object with no other members than {', '.join(self.fields)}.")
        return {name: self.fields[name].clean(text) for name, text in value.items()}


class Members:
    """The members of an object: each with the attribute that it is of ours, and what may stand there."""

    def __init__(self, members: Mapping[str, tuple[str, Rule[Any]]], lists: tuple[str, ...] = ()) -> None:
        """Take the members that are no lists, and the names of those that are."""
        self.members = members
        self.lists = lists
        self._known = members.keys() | set(lists)
        self._cleaning = [(name, attribute, rule.clean) for name, (attribute, rule) in members.items()]

    def written(self, thing: object) -> dict[str, Any]:
        """Return the members of `thing`."""
        values = {name: getattr(thing, attribute) for name, (attribute, _) in self.members.items()}
        return {name: times.to_text(value) if isinstance(value, datetime) else value for name, value in values.items()}

    def read(self, value: Any, place: str) -> dict[str, Any]:
        """Return the attributes, or raise `InvalidInput` with all that is wrong at `place`."""
        if not isinstance(value, dict):
            refuse(place, "Must be an object.")
        try:
            read = {attribute: clean(value[name]) for name, attribute, clean in self._cleaning}
        except (KeyError, ValueError):
            read = {}
        if not read or not value.keys() <= self._known:
            raise InvalidInput(self._problems(value, place))
        return read

    def _problems(self, value: dict[str, Any], place: str) -> dict[str, str]:
        """Return all that is wrong, each with its place."""
        problems = {f"{place}, {shown(name)}": "Is no member that is known." for name in value.keys() - self._known}
        for name, _, clean in self._cleaning:
            try:
                clean(value[name])
            except KeyError:
                problems[f"{place}, {name}"] = "Is missing."
            except ValueError as problem:
                problems[f"{place}, {name}"] = str(problem)
        return dict(sorted(problems.items()))


def refuse(place: str, problem: str) -> NoReturn:
    """Raise what says where an archive is wrong, and how."""
    raise InvalidInput({place: problem})


def shown(value: object) -> str:
    """Return a value of the archive as it can stand in a sentence."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


class CaseFormat(NamedTuple):
    """How a case is written in one version of the archive: the members of a case, a message and a history's entry.

    A version that has files has their members too.
    """

    case: Members
    message: Members
    entry: Members
    file: Members | None = None

    def written(self, dossier: Dossier, files: Sequence[Upload] = ()) -> dict[str, Any]:
        """Return the members of a case, in a version that has files with those that came with its messages."""
        messages = [self.message.written(message) for message in dossier.messages]
        if self.file:
            for message in messages:
                of_it = (file for file in files if file.message_id == message["id"])
                message["attachments"] = [self.file.written(file) for file in of_it]
        return (
            self.case.written(dossier.case)
            | {"messages": messages}
            | {"history": [self.entry.written(entry) for entry in dossier.history]}
        )

    def read(self, value: Any, place: str) -> tuple[Dossier, tuple[Upload, ...]]:
        """Return a case and its files, or raise `InvalidInput` with what is wrong at `place`."""
        case = Case(**self.case.read(value, place))
        messages = tuple(Message(**read) for read in _list(value, "messages", self.message, place))
        files: tuple[Upload, ...] = ()
        if self.file:
            files = tuple(_files(self.file, case, zip(messages, value["messages"], strict=True), place))
            told = [tuple(file.attachment for file in files if file.message_id == said.id) for said in messages]
            messages = tuple(said._replace(attachments=of_it) for said, of_it in zip(messages, told, strict=True))
        history = tuple(HistoryEntry(**read) for read in _list(value, "history", self.entry, place))
        for where, problem in contradictions(case, messages, history):
            refuse(f"{place}, {where}", problem)
        return Dossier(case, messages, history), files


def _files(members: Members, case: Case, said: Iterable[tuple[Message, Any]], place: str) -> Iterator[Upload]:
    for index, (message, value) in enumerate(said):
        of: dict[str, Any] = {"store": case.store, "owner": OWNER, "key_id": None, "created_at": message.created_at}
        if value.get("attachments") != []:
            for read in _list(value, "attachments", members, f"{place}, messages[{index}]"):
                yield Upload(**read, **of, message_id=message.id)


def _list(value: dict[str, Any], name: str, members: Members, place: str) -> Iterator[dict[str, Any]]:
    things = value.get(name)
    if not isinstance(things, list) or not things:
        refuse(f"{place}, {name}", "Must be a list of at least one.")
    for index, thing in enumerate(things):
        yield members.read(thing, f"{place}, {name}[{index}]")
