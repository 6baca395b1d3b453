"""The pages for people at the app's own root: the reference of the API, and the way to it."""

from typing import Any

from supportcases.web.pages import reference, welcome


def pages(prefix: str, *, has_console: bool) -> dict[str, Any]:
    """Return the resources for people, by their paths."""
    console = welcome.Place("/console/", "The team's console", "The queue, for whoever has a support key")
    places = (
        *([console] if has_console else []),
        welcome.Place(reference.PATH, "API reference", "Every request, with examples, to read and to try"),
        welcome.Place("/openapi.json", "openapi.json", "The same for programs"),
        welcome.Place("/healthz", "Health", "Whether the database answers"),
    )
    return {
        reference.PATH: reference.Reference(prefix),
        welcome.PATH: welcome.Welcome(*places),
        **reference.STATIC.routes,
    }
