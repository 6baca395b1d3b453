"""Version 3 of the archive: version 2 with what was erased. What stands here never changes again.

A history may tell what was taken out, and why. Lines before the first case tell which numbers of a store belong to
cases that were purged.
"""

from typing import Final

from supportcases.domain.events import EventKind
from supportcases.domain.fields import ChoiceRule, PatternRule
from supportcases.formats import archive_v1 as v1
from supportcases.formats import archive_v2 as v2
from supportcases.formats.members import ChangesRule, Members, Remembered

EVENT_KIND: Final = Remembered(
    ChoiceRule(
        EventKind,
        ("opened", "replied", "answered", "announced", "noted", "closed", "reopened", "changed", "redacted"),
    )
)
ERASED: Final = {
    "redacted": PatternRule(
        "message|note|subject|label|attachment", "Must be message, note, subject, label or attachment."
    ),
    "reason": PatternRule("request|law|mistake", "Must be request, law or mistake."),
}
ENTRY: Final = Members(
    {
        **v1.ENTRY.members,
        "kind": ("kind", EVENT_KIND),
        "to": ("became", ChangesRule({**v1.CHANGES, **ERASED})),
    }
)
CASE_FORMAT: Final = v2.CASE_FORMAT._replace(entry=ENTRY)
TOMBSTONE: Final = Members(
    {
        "store": ("store", v1.STORE),
        "number": ("number", v1.NUMBER),
        "id": ("case_id", v1.ID),
        "purgedAt": ("purged_at", v1.TIME),
    }
)
