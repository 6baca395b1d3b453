"""Cases as lines of text, to be carried from one desk to another: one JSON object a line, in ASCII.

The first line names the version of the format, each line behind it is a case with its messages and its history, named
as the API names them, and the last one tells how many cases there were: an archive that was cut short has none.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, NoReturn

from supportcases.domain import fields, times
from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import AuthorKind, Case, Message, Status
from supportcases.domain.contradictions import contradictions
from supportcases.domain.errors import InvalidInput
from supportcases.domain.events import EventKind, HistoryEntry
from supportcases.domain.fields import ChoiceRule, NumberRule, PatternRule, Rule
from supportcases.formats.whole_cases import Dossier

FORMAT: Final = "supportcases"  # the member of the first line whose value is the version of the format
VERSION: Final = 1
COUNT: Final = "cases"  # the member of the last line
HIGHEST_NUMBER: Final = 2**32 - 1  # of a case in its store


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


class ChangesRule:
    """What some fields of a case were, or became."""

    def clean(self, value: Any) -> dict[str, str | None]:
        """Check `value`."""
        if not isinstance(value, dict) or not value.keys() <= CHANGES.keys():
            raise ValueError(f"Must be an object with no other members than {', '.join(CHANGES)}.")
        return {name: CHANGES[name].clean(text) for name, text in value.items()}


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


SUBJECT, AUTHOR, BODY, LABEL = (  # an earlier version took texts of which nothing shows
    rule._replace(visible=False) for rule in (fields.SUBJECT, fields.AUTHOR, fields.REPLY_BODY, fields.SUPPORT_LABEL)
)
ID: Final = PatternRule(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "Must be a UUID in lower case.")
TIME: Final = TimeRule()
CHANGES: Final[Mapping[str, Rule[Any]]] = {
    "subject": SUBJECT,
    "category": fields.CATEGORY,
    "severity": fields.SEVERITY,
    "status": fields.ANY_STATUS,
    "assignee": OrNull(LABEL),
}
CASE: Final = Members(
    {
        "id": ("id", ID),
        "store": ("store", fields.STORE),
        "number": ("number", NumberRule(1, HIGHEST_NUMBER)),
        "subject": ("subject", SUBJECT),
        "category": ("category", fields.CATEGORY),
        "severity": ("severity", fields.SEVERITY),
        "status": ("status", fields.ANY_STATUS),
        "createdAt": ("created_at", TIME),
        "lastActivityAt": ("last_activity_at", TIME),
        "closedAt": ("closed_at", OrNull(TIME)),
        "unansweredSince": ("unanswered_since", OrNull(TIME)),
        "assignee": ("assignee", OrNull(LABEL)),
    },
    lists=("messages", "history"),
)
MESSAGE: Final = Members(
    {
        "id": ("id", ID),
        "authorKind": ("author_kind", ChoiceRule(AuthorKind)),
        "authorLabel": ("author_label", AUTHOR),
        "body": ("body", BODY),
        "createdAt": ("created_at", TIME),
        "internal": ("internal", fields.INTERNAL),
    }
)
ENTRY: Final = Members(
    {
        "kind": ("kind", ChoiceRule(EventKind)),
        "actorKind": ("actor_kind", ChoiceRule(ActorKind)),
        "actorLabel": ("actor_label", AUTHOR),
        "at": ("at", TIME),
        "from": ("was", ChangesRule()),
        "to": ("became", ChangesRule()),
    }
)


def written(dossiers: Iterable[Dossier]) -> Iterator[str]:
    """Yield the lines of an archive, each with its end."""
    yield _line({FORMAT: VERSION})
    count = 0
    for count, dossier in enumerate(dossiers, start=1):  # noqa: B007 - the last one is how many there were
        yield _line(
            CASE.written(dossier.case)
            | {"messages": [MESSAGE.written(message) for message in dossier.messages]}
            | {"history": [ENTRY.written(entry) for entry in dossier.history]}
        )
    yield _line({COUNT: count})


class Archive:
    """An archive that is read line by line; `line` is the number of the line that was read last.

    Whatever is wrong raises `InvalidInput` with the number of its line. Texts are trimmed as the API trims them.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Read the first line, and no further."""
        self._lines = iter(lines)
        self._numbers: dict[str, int] = {}  # the last one of each store
        self.line = 0
        first = self._next()
        version = first.get(FORMAT) if isinstance(first, dict) else None
        if version is None:
            refuse("line 1", f'Must be {{"{FORMAT}": {VERSION}}}, as an export begins.')
        if version != VERSION or type(version) is not int:
            refuse("line 1", f"Is of a format that this version does not know: {shown(version)}, and not {VERSION}.")
        if len(first) > 1:
            refuse("line 1", f"Must have no other member than {FORMAT}.")

    def __iter__(self) -> Iterator[Dossier]:
        """Yield the cases; those of a store must come in the order of their numbers, from 1 and without gaps."""
        count = 0
        while not self._is_last(value := self._next(), count):
            yield self._dossier(value)
            count += 1

    def _is_last(self, value: Any, count: int) -> bool:
        if not isinstance(value, dict) or value.keys() != {COUNT}:
            return False
        if value[COUNT] != count or type(value[COUNT]) is not int:
            refuse(self._place, f"Tells of {shown(value[COUNT])} cases, but {count} came before it.")
        if next(self._lines, None) is not None:
            refuse(f"line {self.line + 1}", "Must not be there: the line before it was the last one.")
        return True

    def _dossier(self, value: Any) -> Dossier:
        case = Case(**CASE.read(value, self._place))
        _must_agree(case, self._place)
        expected = self._numbers.get(case.store, 0) + 1
        if case.number != expected:
            refuse(f"{self._place}, number", f"Must be {expected}, the next one of {case.store}, not {case.number}.")
        self._numbers[case.store] = case.number
        messages = tuple(Message(**read) for read in self._list(value, "messages", MESSAGE))
        history = tuple(HistoryEntry(**read) for read in self._list(value, "history", ENTRY))
        for place, problem in contradictions(case, messages, history):
            refuse(f"{self._place}, {place}", problem)
        return Dossier(case, messages, history)

    def _list(self, value: dict[str, Any], name: str, members: Members) -> Iterator[dict[str, Any]]:
        things = value.get(name)
        if not isinstance(things, list) or not things:
            refuse(f"{self._place}, {name}", "Must be a list of at least one.")
        for index, thing in enumerate(things):
            yield members.read(thing, f"{self._place}, {name}[{index}]")

    def _next(self) -> Any:
        """Return what the next line says."""
        line = next(self._lines, None)
        if line is None and self.line == 0:
            refuse("the file", "Is empty; an archive of no cases has one line, which tells so.")
        if line is None:
            refuse("the file", f"Ends behind line {self.line} without the line that tells how many cases there are.")
        self.line += 1
        try:
            encoding = "utf-8-sig" if self.line == 1 else "utf-8"  # some editors begin a file with a byte order mark
            return json.loads(line.decode(encoding), object_pairs_hook=_object, parse_constant=_refuse_constant)
        except UnicodeDecodeError:
            refuse(self._place, "Is not in UTF-8.")
        except json.JSONDecodeError as problem:
            refuse(self._place, f"Is no JSON: {problem.msg} (character {problem.pos + 1}).")
        except (ValueError, RecursionError) as problem:
            refuse(self._place, f"Is no JSON: {problem}.")

    @property
    def _place(self) -> str:
        return f"line {self.line}"


def _must_agree(case: Case, place: str) -> None:
    """Refuse a case whose times cannot be, given each other and its status."""
    if case.created_at > case.last_activity_at:
        refuse(f"{place}, lastActivityAt", "Must not be before createdAt.")
    if (case.status is Status.CLOSED) != (case.closed_at is not None):
        refuse(f"{place}, closedAt", "Must be null unless the status is closed, and a time if it is.")
    if case.status is Status.ANSWERED and case.unanswered_since is not None:
        refuse(f"{place}, unansweredSince", "Must be null where the status is answered.")
    for name, moment in (("closedAt", case.closed_at), ("unansweredSince", case.unanswered_since)):
        if moment is not None and not case.created_at <= moment <= case.last_activity_at:
            refuse(f"{place}, {name}", "Must be a time from createdAt to lastActivityAt.")


def refuse(place: str, problem: str) -> NoReturn:
    """Raise what says where an archive is wrong, and how."""
    raise InvalidInput({place: problem})


def shown(value: object) -> str:
    """Return a value of the archive as it can stand in a sentence."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a member comes twice in an object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
