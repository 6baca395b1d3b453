"""What happened to a case: written in the transaction of the change itself, never edited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supportcases.actors import Actor
from supportcases.cases import Case


class EventKind(StrEnum):
    """What can happen to a case."""

    OPENED = "opened"
    REPLIED = "replied"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a case, who did it and when; `was` and `became` hold the fields that it changed."""

    kind: EventKind
    case: Case
    actor: Actor
    at: datetime
    was: Mapping[str, str]
    became: Mapping[str, str]
