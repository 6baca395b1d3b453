"""How templates become pages, of the console's and of the merchant's: escaped, and strict about what they are given."""

from jinja2 import BaseLoader, Environment, StrictUndefined

from supportcases.console import marks, words


def environment_of(loader: BaseLoader) -> Environment:
    """Return the environment of templates, which are compiled once; the caller installs the translations."""
    environment = Environment(
        loader=loader,
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(linked=words.linked)
    environment.globals.update(
        when=marks.when, icons=marks.ICONS, SEVERITIES=words.SEVERITIES, CATEGORIES=words.CATEGORIES
    )
    return environment
