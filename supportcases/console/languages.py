"""The languages of the pages: what they say comes from gettext catalogues, and the browser says which one it wants."""

from collections.abc import Collection
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

ENGLISH: Final = "en"
LOCALE: Final[Traversable] = files("supportcases.console").joinpath("locale")
MERCHANTS: Final = "supportcases"  # what the catalogues of the merchant's pages are called
TEAM: Final = "console"  # and those of the console
RIGHT_TO_LEFT: Final = frozenset(("ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"))
MOST_WISHES: Final = 20  # of one `Accept-Language`

Catalogues = dict[str, NullTranslations]


def catalogues(domain: str) -> Catalogues:
    """Return the catalogue of each language of some pages; that of English is empty: the sentences are English."""
    found: Catalogues = {ENGLISH: NullTranslations()}
    for folder in LOCALE.iterdir():
        compiled = folder.joinpath("LC_MESSAGES", f"{domain}.mo")
        if compiled.is_file():
            with compiled.open("rb") as file:
                found[folder.name] = GNUTranslations(file)
    return found


def direction(language: str) -> str:
    """Return how a language is written, as the attribute `dir` says it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


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
