"""Bring the catalogues up to date: `python -m dev.tools.catalogues`, once a sentence of the pages has changed.

Each `.po` in `supportcases/console/locale/` gets the sentences that the sources have now, for somebody to translate,
and its `.mo`, which the pages read, is made anew. The `.pot` beside them have the sentences alone: the merchant's
pages have a catalogue of their own, and the console has another. A test fails when what is kept is not what this makes.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from supportcases.console import languages

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "supportcases" / "console"
LOCALE = CONSOLE / "locale"
SOURCES = {  # by what the catalogues are called
    languages.MERCHANTS: ("words.py", "merchant/*.py", "merchant/templates/*.html"),
    languages.TEAM: ("*.py", "templates/*.html"),
}
METHODS = {".py": "python", ".html": "jinja2.ext:babel_extract"}
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None}
COMMENT = "Write the translations here, and run: python -m dev.tools.catalogues"
COMMENT_OF_TEMPLATE = "Made by: python -m dev.tools.catalogues"


class Plain(Catalog):
    """A catalogue whose header tells neither a time nor a version: what is made anew is the same."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """What gettext has to know."""
        return [
            *([("Language", str(self.locale))] if self.locale else []),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            *([("Plural-Forms", self.plural_forms)] if self.locale else []),
        ]


def sentences(domain: str) -> Catalog:
    """Return all that is marked in the sources of some pages, without a translation."""
    found = Plain(header_comment=f"# {COMMENT_OF_TEMPLATE}", fuzzy=False)
    for path in sorted(path for pattern in SOURCES[domain] for path in CONSOLE.glob(pattern)):
        for line, text, _, _ in extract_from_file(METHODS[path.suffix], path, KEYWORDS, options={"silent": "false"}):
            found.add(text, locations=[(path.relative_to(CONSOLE).as_posix(), line)])
    return found


def template_of(domain: str) -> Path:
    """Return where the sentences of some pages are kept, without a translation."""
    return LOCALE / f"{domain}.pot"


def translations() -> list[Path]:
    """Return the catalogues that there are."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))


def renewed(path: Path) -> Catalog:
    """Return a catalogue with the sentences of today; what has no translation is to get one by hand."""
    with path.open("rb") as file:
        kept = read_po(file, locale=path.parts[-3])
    catalogue = Plain(locale=kept.locale, header_comment=f"# {COMMENT}", fuzzy=False)
    for message in sentences(path.stem):
        if message.id:
            before = kept.get(message.id)
            catalogue.add(message.id, before.string if before else None, message.locations)
    return catalogue


def as_po(catalogue: Catalog) -> bytes:
    """Return the file that people write in."""
    file = BytesIO()
    write_po(file, catalogue, width=120, include_lineno=False, sort_output=True)
    return file.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """Return the file that the pages read."""
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


if __name__ == "__main__":
    for name in SOURCES:
        template_of(name).write_bytes(as_po(sentences(name)))
        print(f"wrote {template_of(name).relative_to(ROOT)}")
    for po in translations():
        catalogue = renewed(po)
        po.write_bytes(as_po(catalogue))
        po.with_suffix(".mo").write_bytes(as_mo(catalogue))
        missing = sum(1 for message in catalogue if message.id and not message.string)
        print(f"wrote {po.relative_to(ROOT)} and its .mo, {missing} sentences without a translation")
