"""The languages of the pages: what they say comes from gettext catalogues, and the browser says which one it wants."""

from collections.abc import Collection
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import Final

ENGLISH: Final = "en"
DOMAIN: Final = "supportcases"
MOST_WISHES: Final = 20  # of one `Accept-Language`

Catalogues = dict[str, NullTranslations]


def catalogues() -> Catalogues:
    """Return the catalogue of each language; that of English is empty, since the sentences are English."""
    found: Catalogues = {ENGLISH: NullTranslations()}
    for folder in files("supportcases.console").joinpath("locale").iterdir():
        with folder.joinpath("LC_MESSAGES", f"{DOMAIN}.mo").open("rb") as file:
            found[folder.name] = GNUTranslations(file)
    return found


def best_language(accepted: str, languages: Collection[str]) -> str:
    """Return which of the `languages` an `Accept-Language` likes best; where it likes none, English."""
    for wish in sorted(map(_wish, accepted.split(",")[:MOST_WISHES]), reverse=True, key=lambda wish: wish[0]):
        weight, language = wish
        if weight > 0 and language in languages:
            return language
    return ENGLISH


def _wish(text: str) -> tuple[float, str]:
    """Return how much a language is wished for, and which, whatever the country: `de-AT;q=0.8` is `(0.8, "de")`."""
    name, _, weight = text.replace(" ", "").lower().partition(";q=")
    try:
        return float(weight or 1), name.partition("-")[0]
    except ValueError:
        return 0, ""
