"""Version 1 of the archive. An export of it must be imported for ever: what stands here never changes again.

The lengths, choices and patterns are those of the time when it was written, whatever `domain.fields` allows now. A
field that cases got later takes the default that `domain.cases` gives it.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import AuthorKind, Category, Severity, Status
from supportcases.domain.events import EventKind
from supportcases.domain.fields import BooleanRule, ChoiceRule, NumberRule, PatternRule, Rule, TextRule
from supportcases.formats.members import CaseFormat, ChangesRule, Members, OrNull, Remembered, TimeRule


class AssigneeRule(NamedTuple):
    """A label, or null; none of the words that a filter means otherwise."""

    label: Rule[str]

    def clean(self, value: Any) -> str | None:
        """Check `value`."""
        label = None if value is None else self.label.clean(value)
        if label in ("me", "none"):
            raise ValueError(f"Must not be {label!r}, which is reserved.")
        return label


# texts of which nothing shows are taken too: an early release kept such
SUBJECT: Final = TextRule(3, 200, one_line=True, visible=False)
LABEL: Final = Remembered(TextRule(1, 120, one_line=True, visible=False))
BODY: Final = TextRule(1, 10_000, visible=False)
ASSIGNEE: Final = AssigneeRule(LABEL)
STORE: Final = Remembered(
    PatternRule(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        "Must be 1 to 64 ASCII letters, digits, dots, underscores or hyphens, beginning with a letter or a digit.",
    )
)
ID: Final = PatternRule(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "Must be a UUID in lower case.")
NUMBER: Final = NumberRule(1, 2**32 - 1)
TIME: Final = Remembered(TimeRule())
CATEGORY: Final = Remembered(
    ChoiceRule(
        Category, ("orders_payments", "products_catalog", "domains_setup", "billing_plans", "store_builder", "other")
    )
)
SEVERITY: Final = Remembered(ChoiceRule(Severity, ("critical", "high", "normal", "low")))
STATUS: Final = Remembered(ChoiceRule(Status, ("open", "answered", "closed")))
AUTHOR_KIND: Final = Remembered(ChoiceRule(AuthorKind, ("merchant", "support", "system", "elliot")))
ACTOR_KIND: Final = Remembered(ChoiceRule(ActorKind, ("merchant", "support")))
EVENT_KIND: Final = Remembered(
    ChoiceRule(EventKind, ("opened", "replied", "answered", "announced", "noted", "closed", "reopened", "changed"))
)
CHANGES: Final[Mapping[str, Rule[Any]]] = {
    "subject": SUBJECT,
    "category": CATEGORY,
    "severity": SEVERITY,
    "status": STATUS,
    "assignee": ASSIGNEE,
}
CASE: Final = Members(
    {
        "id": ("id", ID),
        "store": ("store", STORE),
        "number": ("number", NUMBER),
        "subject": ("subject", SUBJECT),
        "category": ("category", CATEGORY),
        "severity": ("severity", SEVERITY),
        "status": ("status", STATUS),
        "createdAt": ("created_at", TIME),
        "lastActivityAt": ("last_activity_at", TIME),
        "closedAt": ("closed_at", OrNull(TIME)),
        "unansweredSince": ("unanswered_since", OrNull(TIME)),
        "assignee": ("assignee", ASSIGNEE),
    },
    lists=("messages", "history"),
)
MESSAGE: Final = Members(
    {
        "id": ("id", ID),
        "authorKind": ("author_kind", AUTHOR_KIND),
        "authorLabel": ("author_label", LABEL),
        "body": ("body", BODY),
        "createdAt": ("created_at", TIME),
        "internal": ("internal", BooleanRule()),
    }
)
ENTRY: Final = Members(
    {
        "kind": ("kind", EVENT_KIND),
        "actorKind": ("actor_kind", ACTOR_KIND),
        "actorLabel": ("actor_label", LABEL),
        "at": ("at", TIME),
        "from": ("was", ChangesRule(CHANGES)),
        "to": ("became", ChangesRule(CHANGES)),
    }
)
CASE_FORMAT: Final = CaseFormat(CASE, MESSAGE, ENTRY)
