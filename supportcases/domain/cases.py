"""What is true of a support case, and the rules of its life: pure functions of values."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

Stores = frozenset[str] | None  # the stores that somebody may see; None is all of them


class Status(StrEnum):
    """Whose turn it is: support's (open), the merchant's (answered) or nobody's (closed)."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Severity(StrEnum):
    """How badly the store is hurt, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Category(StrEnum):
    """What the case is about."""

    ORDERS_PAYMENTS = "orders_payments"
    PRODUCTS_CATALOG = "products_catalog"
    DOMAINS_SETUP = "domains_setup"
    BILLING_PLANS = "billing_plans"
    STORE_BUILDER = "store_builder"
    OTHER = "other"


class AuthorKind(StrEnum):
    """Who wrote a message; `elliot` is the platform's automated assistant, `system` the desk itself."""

    MERCHANT = "merchant"
    SUPPORT = "support"
    SYSTEM = "system"
    ELLIOT = "elliot"


class Case(NamedTuple):  # as a frozen dataclass it would take six times as long to make, and a list makes a hundred
    """A support case of one store. Times are in UTC, in whole milliseconds; `id` is a UUID in lower case.

    `unanswered_since` is when the first message, or reopening, was that nobody has answered; closing is no answer.
    `assignee` is the label of whoever of the support team takes care of the case. Both are for the support team: the
    API shows merchants neither, and a host's page should not.
    """

    id: str
    store: str
    number: int
    subject: str
    category: Category
    severity: Severity
    status: Status
    created_at: datetime
    last_activity_at: datetime
    closed_at: datetime | None
    unanswered_since: datetime | None
    assignee: str | None = None

    @property
    def waiting_since(self) -> datetime | None:
        """Since when the merchant has waited for an answer; None unless the case is open."""
        return self.unanswered_since if self.status is Status.OPEN else None


class CaseFilter(NamedTuple):
    """Which cases are wanted, of all that somebody may see; None is any.

    Attributes:
        stores: The stores that the asker may see, None for all.
        assignee: A label; "none" for cases that nobody takes care of.
        query: A part of the subject or of a message, notes included, or a number.
        created_after: Only cases opened then or later.
        created_before: Only cases opened before.
        active_after: Only cases whose last activity was then or later.
        active_before: Only cases whose last activity was before.
    """

    stores: Stores = None
    store: str | None = None
    status: Status | None = None
    severity: Severity | None = None
    category: Category | None = None
    assignee: str | None = None
    query: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    active_after: datetime | None = None
    active_before: datetime | None = None


class Attachment(NamedTuple):
    """A file that came with a message; `content_type` is what its sender declared, `size` is in bytes."""

    id: str
    name: str
    content_type: str
    size: int


class Message(NamedTuple):
    """One contribution to the thread of a case; an internal one is a note that only the support team sees."""

    id: str
    author_kind: AuthorKind
    author_label: str
    body: str
    created_at: datetime
    internal: bool = False
    attachments: tuple[Attachment, ...] = ()


class Thread(NamedTuple):
    """A case with its messages, oldest first.

    `revision` is how many changes the case has had, notes among them; None for a merchant, who is not told of notes.
    """

    case: Case
    messages: tuple[Message, ...]
    revision: int | None = None


class ThreadSize(NamedTuple):
    """How many messages a thread has, and of how many characters their texts are; notes do not count."""

    messages: int
    characters: int


class Reply(NamedTuple):
    """A message that was added, and the case as it is since."""

    message: Message
    case: Case


class CasePage(NamedTuple):
    """Some of the cases that match, newest activity first; `count` is how many match in all."""

    cases: tuple[Case, ...]
    count: int  # type: ignore[assignment]  # as a tuple it would have a method of that name
    offset: int
    limit: int


class CaseRef(NamedTuple):
    """How a caller names a case: by UUID, or by number and, for the support team, store."""

    id: str | None = None
    number: int | None = None
    store: str | None = None


STORE_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
UUID_TEXT: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
NUMBER_TEXT: Final = re.compile(r"#?([0-9]{1,20})")
HIGHEST_NUMBER: Final = 2**63 - 1


def parse_number(text: str) -> int | None:
    """Return the case number that `text` writes as `42`, `000042`, `#42` or `#000042`, or None."""
    written = NUMBER_TEXT.fullmatch(text)
    number = int(written[1]) if written else 0
    return number if 1 <= number <= HIGHEST_NUMBER else None


def parse_reference(ref: str | int | UUID) -> CaseRef | None:
    """Return what `ref` names: a UUID, a number in any of its written forms, or `store:number`; None if nothing."""
    if isinstance(ref, int) and not 1 <= ref <= HIGHEST_NUMBER:
        return None
    text = str(ref)
    store, colon, number_text = text.rpartition(":")
    number = parse_number(number_text)
    if number is None:
        return CaseRef(id=text.lower()) if UUID_TEXT.fullmatch(text) else None
    if colon and not re.fullmatch(STORE_NAME, store):
        return None
    return CaseRef(number=number, store=store or None)


def replied(case: Case, now: datetime) -> Case:
    """The merchant wrote: it is support's turn, whatever the status was."""
    return _opened(case, now)


def answered(case: Case, now: datetime) -> Case:
    """Support wrote: it is the merchant's turn."""
    return case._replace(status=Status.ANSWERED, last_activity_at=now, closed_at=None, unanswered_since=None)


def announced(case: Case, now: datetime) -> Case:
    """The desk itself said something: that is activity, but nobody's turn is over."""
    return case._replace(last_activity_at=now)


def closed(case: Case, now: datetime) -> Case:
    """Close the case; a closed one stays as it is."""
    if case.status is Status.CLOSED:
        return case
    return case._replace(status=Status.CLOSED, last_activity_at=now, closed_at=now)


def reopened(case: Case, now: datetime) -> Case:
    """Open the case again, answered or closed; an open one stays as it is."""
    if case.status is Status.OPEN:
        return case
    return _opened(case, now)


def _opened(case: Case, now: datetime) -> Case:
    unanswered_since = case.unanswered_since or now
    return case._replace(status=Status.OPEN, last_activity_at=now, closed_at=None, unanswered_since=unanswered_since)


def with_status(case: Case, status: Status, now: datetime) -> Case:
    """Give the case that status; one that has it stays as it is."""
    if case.status is status:
        return case
    return {Status.OPEN: reopened, Status.ANSWERED: answered, Status.CLOSED: closed}[status](case, now)


def is_idle(case: Case, now: datetime, span: timedelta) -> bool:
    """Tell whether the case has been answered for that long without a word of anybody since."""
    return case.status is Status.ANSWERED and now - case.last_activity_at >= span


def differences(before: Case, after: Case) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return what of a case a person can change and was changed: the old values and the new ones."""
    was, became = as_told(before), as_told(after)
    names = [name for name in CHANGEABLE if was[name] != became[name]]
    return {name: was[name] for name in names}, {name: became[name] for name in names}


def as_told(case: Case) -> dict[str, str | None]:
    """Return what of a case a person can change, as its history tells of it."""
    return {name: getattr(case, name) for name in CHANGEABLE}


CHANGEABLE: Final = ("subject", "category", "severity", "status", "assignee")
