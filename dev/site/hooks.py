"""What the site is made of: the repository's documents under the names that they have there, so that links lead on."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
FOR_AN_INDEX = ROOT / "PACKAGE.md"  # which says what the README says
SHOWN = (
    "*.md",
    "docs/**/*",
    "examples/*",
    "dev/*/README.md",
    "supportcases/web/openapi.json",
    "tests/storefront_test.py",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the documents in the place of the files of `docs/`."""
    theme = [file for file in files if file.src_dir != config.docs_dir]
    paths = sorted({path for pattern in SHOWN for path in ROOT.glob(pattern) if path.is_file()} - {FOR_AN_INDEX})
    names = [path.relative_to(ROOT).as_posix() for path in paths]
    return Files([*theme, *(File(name, str(ROOT), config.site_dir, config.use_directory_urls) for name in names)])
