"""Languages that nobody speaks: each sentence of the console stands in brackets, which tells it from what is none."""

from pathlib import Path

from babel.messages.catalog import Catalog

from dev.tools import catalogues
from supportcases.console import languages

MANY = "many: "  # what a translation for more than one begins with


def pseudo_languages(folder: Path, *codes: str) -> Path:
    """Make catalogues of the console in `folder`, as `languages.LOCALE` has them; return it."""
    for code in codes:
        catalogue = Catalog(locale=code)
        for message in catalogues.sentences(languages.TEAM):
            if message.pluralizable:
                one, several = message.id
                others = [f"⟦{MANY}{several}⟧"] * (catalogue.num_plurals - 1)
                catalogue.add(message.id, (f"⟦{one}⟧", *others))
            elif message.id:
                catalogue.add(message.id, f"⟦{message.id}⟧")
        file = folder / code / "LC_MESSAGES" / f"{languages.TEAM}.mo"
        file.parent.mkdir(parents=True)
        file.write_bytes(catalogues.as_mo(catalogue))
    return folder
