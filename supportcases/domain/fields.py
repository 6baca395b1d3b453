"""What may stand in each field: the one place of every length, range and choice, for HTTP and Python alike.

Lengths and choices are those of the platform's own API.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from supportcases.domain import times
from supportcases.domain.cases import STORE_NAME, AuthorKind, Category, Severity, Status
from supportcases.domain.queue import ME, NONE, QueueSort
from supportcases.domain.text import shows

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=StrEnum)

CLOCK: Final = r"([01]\d|2[0-3]):[0-5]\d"
# as Python's isoformat() and JavaScript's toISOString() write it; a + that was not encoded comes as a space
TIMESTAMP: Final = rf"(?a)\d{{4}}-\d\d-\d\d(T{CLOCK}:[0-5]\d(\.\d{{1,9}})?(Z|[ +-]{CLOCK}))?"
CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # the code points of Unicode's category Cc


class Rule(Protocol[T_co]):
    """What one field allows."""

    def clean(self, value: Any) -> T_co:
        """Return `value` as it is to be kept, or raise ValueError with a sentence that says what is allowed."""


class CharacterRule:
    """Any text that SQLite and JSON can hold."""

    def clean(self, value: Any) -> str:
        """Check `value`."""
        if not isinstance(value, str):
            raise ValueError("Must be a string.")
        if "\0" in value:
            raise ValueError("Must not contain a NUL character.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("Must not contain a lone surrogate.") from None
        return value


CHARACTERS: Final = CharacterRule()


class TextRule(NamedTuple):
    """A text of some length, counted in code points once it is trimmed, of which a reader sees something."""

    shortest: int
    longest: int
    one_line: bool = False
    visible: bool = True

    def clean(self, value: Any) -> str:
        """Trim `value` and check it."""
        text = CHARACTERS.clean(value).strip()
        if not self.shortest <= len(text) <= self.longest:
            raise ValueError(f"Must be {self.shortest:,} to {self.longest:,} characters long, not {len(text):,}.")
        if self.one_line and CONTROL_CHARACTER.search(text):
            raise ValueError("Must be one line without control characters.")
        if self.visible and not shows(text):
            raise ValueError("Must have a visible character, not only spaces, control and format characters.")
        return text


class PatternRule(NamedTuple):
    """A text that is not trimmed and matches a pattern, which `sentence` puts into words."""

    pattern: str
    sentence: str

    def clean(self, value: Any) -> str:
        """Check `value`."""
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise ValueError(self.sentence)
        return value


class NumberRule(NamedTuple):
    """A whole number in a range, whose end is told as `told` where a caller may be allowed less."""

    lowest: int
    highest: int
    told: str = ""

    def clean(self, value: Any) -> int:
        """Check `value`."""
        if not isinstance(value, int) or isinstance(value, bool) or not self.lowest <= value <= self.highest:
            raise ValueError(f"Must be a whole number from {self.lowest} to {self.told or self.highest}.")
        return value


class ChoiceRule(NamedTuple, Generic[E]):
    """One of the members of an enumeration, or one of `allowed` where that names fewer; `reason` says why."""

    choices: type[E]
    allowed: tuple[str, ...] = ()
    reason: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What a caller may write."""
        return self.allowed or _members(self.choices)

    def clean(self, value: Any) -> E:
        """Return the member that `value` names."""
        return self.choices(_one_of(self.names, value, self.reason))


class FilterRule(NamedTuple, Generic[E]):
    """One of the members of an enumeration, or `all`, which is no filter."""

    choices: type[E]

    @property
    def names(self) -> tuple[str, ...]:
        """What a caller may write."""
        return (*_members(self.choices), "all")

    def clean(self, value: Any) -> E | None:
        """Return the member that `value` names, or None for `all`."""
        name = _one_of(self.names, value)
        return None if name == "all" else self.choices(name)


class BooleanRule:
    """Yes or no."""

    def clean(self, value: Any) -> bool:
        """Check `value`."""
        if not isinstance(value, bool):
            raise ValueError("Must be true or false.")
        return value


class TimestampRule:
    """A time, written as a date (its beginning in UTC) or with its zone; text, or a datetime with a zone."""

    def clean(self, value: Any) -> datetime:
        """Return the time in UTC."""
        moment = value
        try:
            if isinstance(value, str) and re.fullmatch(TIMESTAMP, value):
                moment = datetime.fromisoformat(value.replace(" ", "+"))
                moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return times.whole_milliseconds(moment)
        except (AttributeError, ValueError):
            raise ValueError(
                "Must be a date or a time with its zone, such as 2024-06-15 or 2024-06-15T10:30:00Z."
            ) from None


class StoreRule(NamedTuple):
    """The store of a new case: `own` where the asker has one, and else a store's name."""

    own: str | None = None

    def clean(self, value: Any) -> str:
        """Check `value`."""
        if value is None:
            raise ValueError("Is required.")
        if self.own is not None and value != self.own:
            raise ValueError("Must be left out: a merchant's cases are of the merchant's own store.")
        return STORE.clean(value)


class SpanRule:
    """A span of time."""

    def clean(self, value: Any) -> timedelta:
        """Check `value`."""
        if not isinstance(value, timedelta) or value <= timedelta(0):
            raise ValueError("Must be a timedelta that is longer than nothing.")
        return value


class LabelRule(NamedTuple):
    """Somebody's label, which is none of the words that the queue's filter means otherwise; `hint` says what to do."""

    reserved: tuple[str, ...]
    hint: str = ""
    visible: bool = True

    def clean(self, value: Any) -> str:
        """Trim `value` and check it."""
        label = AUTHOR._replace(visible=self.visible).clean(value)
        if label in self.reserved:
            raise ValueError(f"Must not be {label!r}, which is reserved{self.hint}.")
        return label


class QueryRule:
    """A part of a subject, or a case number; a blank one is none."""

    def clean(self, value: Any) -> str | None:
        """Check `value` and trim it."""
        return CHARACTERS.clean(value).strip() or None


CASE_BODY: Final = TextRule(10, 10_000)
REPLY_BODY: Final = TextRule(1, 10_000)
SUBJECT: Final = TextRule(3, 200, one_line=True)
TEXT_NAME: Final = TextRule(1, 120, one_line=True)
AUTHOR: Final = TextRule(1, 120, one_line=True)
CATEGORY: Final = ChoiceRule(Category)
SEVERITY: Final = ChoiceRule(Severity)
NEW_STATUS: Final = ChoiceRule(Status, ("open", "closed"), " (answered is set by support only)")

STORE: Final = PatternRule(
    STORE_NAME,
    "Must be 1 to 64 ASCII letters, digits, dots, underscores or hyphens, beginning with a letter or a digit.",
)
KEY_PREFIX: Final = "sck_"  # lets a secret scanner recognise a leaked key
KEY_BYTES: Final = 24  # 192 random bits, in hexadecimal: no slow hash is needed against guessing
API_KEY: Final = re.compile(rf"{KEY_PREFIX}[0-9a-f]{{{2 * KEY_BYTES}}}")
IDEMPOTENCY_KEY: Final = PatternRule(  # it is kept as it comes, as an API key is not
    rf"(?!.*{API_KEY.pattern})[ -~]{{1,255}}",
    "Must be 1 to 255 printable ASCII characters, and no API key.",
)

KEY_DAYS: Final = NumberRule(1, 36_500)
ADMIN: Final = BooleanRule()
INTERNAL: Final = BooleanRule()
CLOSE: Final = BooleanRule()
EXCERPTS: Final = BooleanRule()
WITH_HISTORY: Final = BooleanRule()
ANY_STATUS: Final = ChoiceRule(Status)
SUPPORT_KIND: Final = ChoiceRule(
    AuthorKind, ("support", "elliot", "system"), " (merchant is for what merchants write themselves)"
)
SUPPORT_LABEL: Final = LabelRule((ME, NONE))
ASSIGNEE: Final = LabelRule((NONE,), "; null clears the assignee")  # and "me" is whoever asks

LIMIT: Final = NumberRule(1, 100)
MANY: Final = NumberRule(1, 1_000)
DAYS: Final = NumberRule(1, 3_650)
OFFSET: Final = NumberRule(0, 2**53 - 1)
QUERY: Final = QueryRule()
STATUS_FILTER: Final = FilterRule(Status)
SEVERITY_FILTER: Final = FilterRule(Severity)
CATEGORY_FILTER: Final = FilterRule(Category)
QUEUE_SORT: Final = ChoiceRule(QueueSort)
CURSOR: Final = PatternRule(r"[A-Za-z0-9_-]{1,1000}", "Must be the nextCursor of a page.")
FEED_CURSOR: Final = PatternRule(r"[A-Za-z0-9_-]{1,200}", "Must be the meta.next of a page, or latest.")
ASSIGNEE_FILTER: Final = AUTHOR
SPAN: Final = SpanRule()
TIMESTAMP_FILTER: Final = TimestampRule()
FILTERS: Final[Mapping[str, Rule[Any]]] = {  # of `CaseFilter`
    "store": STORE,
    "status": STATUS_FILTER,
    "severity": SEVERITY_FILTER,
    "category": CATEGORY_FILTER,
    "assignee": ASSIGNEE_FILTER,
    "query": QUERY,
    "created_after": TIMESTAMP_FILTER,
    "created_before": TIMESTAMP_FILTER,
    "active_after": TIMESTAMP_FILTER,
    "active_before": TIMESTAMP_FILTER,
}
CHANGES: Final[Mapping[str, Rule[Any]]] = {  # by the support team; the assignee is more than a text
    "status": ANY_STATUS,
    "severity": SEVERITY,
    "category": CATEGORY,
    "subject": SUBJECT,
}

TEXT_CHANGES: Final[Mapping[str, Rule[Any]]] = {"name": TEXT_NAME, "body": REPLY_BODY}  # of a canned text

DEFAULT_AUTHOR: Final = "API"
DEFAULT_CATEGORY: Final = Category.OTHER
DEFAULT_SEVERITY: Final = Severity.NORMAL
DEFAULT_LIMIT: Final = 10
DEFAULT_HISTORY_LIMIT: Final = 100
DEFAULT_FEED_LIMIT: Final = 100
DEFAULT_IDLE_LIMIT: Final = 1_000
DEFAULT_IDLE_DAYS: Final = 14
DEFAULT_QUEUE_SORT: Final = QueueSort.WAITING
DEFAULT_SUPPORT_KIND: Final = AuthorKind.SUPPORT


@cache
def _members(choices: type[StrEnum]) -> tuple[str, ...]:
    return tuple(choices)


def _one_of(names: tuple[str, ...], value: Any, reason: str = "") -> str:
    """Return `value` if it is one of the names; else raise ValueError that lists them as a person does."""
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"Must be {', '.join(names[:-1])} or {names[-1]}{reason}.")
    return value
