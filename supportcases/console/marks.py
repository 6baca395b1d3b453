"""The small pictures of the pages, and what else is drawn again and again: as HTML that is ready to stand in a page."""

from datetime import datetime
from functools import lru_cache
from typing import Final

from markupsafe import Markup

ICON: Final = '<svg class="i{}" viewBox="0 0 16 16" aria-hidden="true">{}</svg>'
POINTING: Final = ("back", "changed", "answered", "reopened", "is-answered")  # along the line: the other way in Arabic
SHAPES: Final = {
    "search": '<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3 3"/>',
    "waiting": '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>',
    "mine": '<circle cx="8" cy="5.5" r="2.75"/><path d="M2.75 13.5c.6-2.6 2.7-4 5.25-4s4.65 1.4 5.25 4"/>',
    "unassigned": '<circle cx="8" cy="8" r="6" stroke-dasharray="2.4 2.31"/>',
    "critical": '<path d="M8 2.25 14.25 13H1.75z"/><path d="M8 6.5v3M8 11.25v.01"/>',
    "answered": '<path d="m6.5 3.5-4 4 4 4"/><path d="M2.5 7.5H9a4.5 4.5 0 0 1 4.5 4.5v.5"/>',
    "closed": '<circle cx="8" cy="8" r="6"/><path d="m5.5 8.25 1.75 1.75 3.25-3.75"/>',
    "all": '<path d="M2.5 4h11M2.5 8h11M2.5 12h11"/>',
    "texts": '<path d="M3 3.5h10v9H3zM5.5 6.5h5M5.5 9.5h3"/>',
    "keys": '<circle cx="5.5" cy="10.5" r="2.75"/><path d="m7.5 8.5 5-5M10.5 5.5l1.75 1.75"/>',
    "webhooks": (
        '<circle cx="8" cy="4.5" r="2"/><circle cx="4" cy="11.5" r="2"/><circle cx="12" cy="11.5" r="2"/>'
        '<path d="M7 6.25 5 9.75M9 6.25l2 3.5M6 11.5h4"/>'
    ),
    "numbers": '<path d="M3 13V8.5M8 13V3M13 13V6"/>',
    "note": '<path d="M4.75 7V5.25a3.25 3.25 0 0 1 6.5 0V7"/><rect x="3" y="7" width="10" height="6.5" rx="1.5"/>',
    "is-open": '<circle cx="8" cy="8" r="5.5"/>',
    "is-answered": '<circle cx="8" cy="8" r="5.5"/><path class="full" d="M8 2.5a5.5 5.5 0 0 1 0 11z"/>',
    "is-closed": '<circle class="full" cx="8" cy="8" r="6.25"/><path class="tick" d="M5.25 8.25 7.1 10.1l3.65-4"/>',
    "changed": '<path d="M3 8h10M9.5 4.5 13 8l-3.5 3.5"/>',
    "reopened": '<path d="M3 8a5 5 0 1 0 1.5-3.5L3 6"/><path d="M3 2.75V6h3.25"/>',
    "back": '<path d="M9.5 3.5 5 8l4.5 4.5"/>',
    "clip": (
        '<path d="m12.75 7.5-4.6 4.6a2.9 2.9 0 0 1-4.1-4.1l4.9-4.9a1.95 1.95 0 0 1 2.75 2.75l-4.75 4.75'
        'a.95.95 0 0 1-1.35-1.35L9.75 5.1"/>'
    ),
    "cross": '<path d="m4.5 4.5 7 7M11.5 4.5l-7 7"/>',
    "alert": '<circle cx="8" cy="8" r="6"/><path d="M8 5v3.25M8 10.75v.01"/>',
}
ICONS: Final = {
    name: Markup(ICON.format(" turns" if name in POINTING else "", shape))  # noqa: S704 - all is ours
    for name, shape in SHAPES.items()
}

SPEECH: Final = (
    "M3 4.5A2.5 2.5 0 0 1 5.5 2h9A2.5 2.5 0 0 1 17 4.5v6a2.5 2.5 0 0 1-2.5 2.5H10l-4 4v-4h-.5A2.5 2.5 0 0 1 3 10.5z"
)
BRAND: Final = Markup('<svg class="mark" viewBox="0 0 20 20" aria-hidden="true"><path d="{}"/></svg>').format(SPEECH)

SEVERITY: Final = Markup(
    '<svg class="sev {value}" viewBox="0 0 16 16" role="img" aria-label="{name}"><title>{name}</title>{shape}</svg>'
)
BARS: Final = '<rect x="1.5" y="9" width="3" height="5" rx="1"/><rect x="6.5" y="5.5" width="3" height="8.5" rx="1"/>'
BURNING: Final = Markup(
    '<rect x="1" y="1" width="14" height="14" rx="3.5"/><path class="cut" d="M8 4.25v4.5M8 11.5v.01"/>'
)
GROWING: Final = Markup(f'{BARS}<rect x="11.5" y="2" width="3" height="12" rx="1"/>')  # noqa: S704 - all is ours

FACE: Final = Markup('<span class="face {kind} h{hue}" aria-hidden="true">{letter}</span>')
HUES: Final = 6
TIME: Final = Markup('<time datetime="{}">{} UTC</time>')


def severity(value: str, name: str) -> Markup:
    """Return the sign of a severity, which is called `name`."""
    return SEVERITY.format(value=value, name=name, shape=BURNING if value == "critical" else GROWING)


@lru_cache(maxsize=1_000)
def face(label: str, kind: str = "") -> Markup:
    """Return the first letter of somebody's label on a disc whose colour is always the same one."""
    return FACE.format(kind=kind, hue=sum(label.encode()) % HUES, letter=label[0].upper())


def when(moment: datetime) -> Markup:
    """Return a time, which the browser puts into the reader's own words."""
    return TIME.format(moment.isoformat(timespec="seconds"), written(moment))


def written(moment: datetime) -> str:
    """Write a time in UTC to the minute."""
    return f"{moment:%Y-%m-%d %H:%M}"
